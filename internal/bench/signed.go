package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

// signed sends a campaign whose messages get a DKIM signature with RSA-2048, and beside it makes as many signatures and
// nothing else, on all processors. No program that signs as much can be faster.
func (b *bench) signed(ctx context.Context) (any, error) {
	if err := b.signingKey(); err != nil {
		return nil, err
	}
	var ours, bare []Figures
	for round := range b.rounds {
		f, err := b.client(ctx, b.mailshot, b.conns)
		if err != nil {
			return nil, err
		}
		g, err := b.timed(exec.CommandContext(ctx, b.self, "role-sign", b.key, strconv.Itoa(b.rows)))
		if err != nil {
			return nil, err
		}
		ours, bare = append(ours, f), append(bare, g)
		b.say("%d/%d whole %.0f/s (send %.0f/s), bare signatures %.0f/s", round+1, b.rounds, f.Whole, f.Send, g.Plan)
	}
	rate := pick(bare, func(f Figures) float64 { return f.Plan })
	whole, _ := ratio("whole ÷ bare signatures", pick(ours, func(f Figures) float64 { return f.Whole }), rate)
	send, _ := ratio("send ÷ bare signatures", pick(ours, func(f Figures) float64 { return f.Send }), rate)
	// What other programs of a busy machine take shows less in the processors' time.
	cost, _ := ratio("cpu of bare signatures ÷ cpu", pick(bare, func(f Figures) float64 { return f.PlanCPU }),
		pick(ours, func(f Figures) float64 { return f.PlanCPU + f.SendCPU }))
	return &Result{
		Letter: b.letter, Rows: b.rows, Connections: b.conns, Rounds: b.rounds, Ratios: []Ratio{whole, send, cost},
		Contenders: map[string]Figures{mailshotName: medians(ours), "bare signatures": medians(bare)},
	}, nil
}

// signingKey makes the key, which the campaign signs with from then on.
func (b *bench) signingKey() error {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return err
	}
	b.key = filepath.Join(b.base, "s1.pem")
	return os.WriteFile(b.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// signRole makes signatures on all processors, and does nothing with them.
func signRole(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return errors.New("no key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	key, is := parsed.(*rsa.PrivateKey)
	if !is {
		return errors.New("not an RSA key")
	}
	var left atomic.Int64
	left.Store(n)
	errs := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			digest := make([]byte, sha256.Size)
			for left.Add(-1) >= 0 && errs[i] == nil {
				_, errs[i] = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
