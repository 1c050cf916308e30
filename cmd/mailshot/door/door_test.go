package door

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// pair writes a certificate for a name, and its key.
func pair(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: b}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A renewed certificate is used without a restart; a broken one is said once, and the one before stays.
//
// Seen to fail: with the files read once.
func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	var said []string
	c := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), now: func() time.Time { return now },
		say: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
	if err := c.load(); err == nil || !strings.Contains(err.Error(), "--cert") {
		t.Errorf("no files: %v", err)
	}
	pair(t, dir, "one.example")
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	name := func(after time.Duration) string {
		now = now.Add(after)
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(got.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.Subject.CommonName
	}
	later := func(file string, hours int) {
		at := time.Now().Add(time.Duration(hours) * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, file), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if got := name(0); got != "one.example" {
		t.Error(got)
	}
	if err := os.WriteFile(c.cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	later("cert.pem", 1)
	for range 3 {
		if got := name(2 * time.Second); got != "one.example" || len(said) != 1 {
			t.Error(got, said)
		}
	}
	pair(t, dir, "two.example")
	later("cert.pem", 2)
	if got := name(0); got != "one.example" { // looked at a moment ago
		t.Error(got)
	}
	if got := name(2 * time.Second); got != "two.example" || len(said) != 1 {
		t.Error(got, said)
	}
}

// No more connections are open than there may be, nor than one address may have; this machine and exempt
// addresses are not counted by address. Who leaves makes room.
func TestLimits(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	exempt := func(a netip.Addr) bool { return a == netip.MustParseAddr("192.0.2.9") }
	d := &limited{Listener: l, all: 4, each: 2, exempt: exempt}
	var in []bool
	a, b, proxy := peerOf("198.51.100.1"), peerOf("2001:db8::1"), peerOf("192.0.2.9")
	for _, from := range []struct{ net.Conn }{a, a, a, b, proxy, proxy, b} {
		in = append(in, d.enter(peer(from)))
	}
	d.left(peer(a))
	in = append(in, d.enter(peer(proxy)), d.enter(peer(proxy)))
	if got := fmt.Sprint(in); got != "[true true false true true false false true false]" {
		t.Error(got)
	}
	d.open, d.by = 3, nil
	conns := make(chan net.Conn, 2)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 2 {
			c, err := d.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one := dial()
	first := <-conns
	two := dial() // there is no room: it is closed at once
	if _, err := two.Read(make([]byte, 1)); err == nil {
		t.Error("it is open")
	}
	if err := errors.Join(first.Close(), one.Close(), two.Close()); err != nil {
		t.Error(err)
	}
	_ = first.Close() // a second time makes no more room
	three := dial()
	(<-conns).Close()
	three.Close()
	l.Close()
	wg.Wait()
	if d.open != 3 {
		t.Errorf("%d are open", d.open)
	}
}

type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(f.addr, "99"))
	if err != nil {
		panic(err) // an address of this test
	}
	return a
}

func peerOf(addr string) struct{ net.Conn } { return struct{ net.Conn }{from{addr: addr}} }

// Over HTTPS, an answer under way is waited for at the end, and nobody new is let in. An interrupt that is repeated
// waits for nobody.
//
// Seen to fail: with Close in place of Shutdown, and without hard.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pair(t, dir, "www.acme.example")
	for _, hurry := range []bool{false, true} {
		entered, answer := make(chan struct{}), make(chan struct{})
		d, err := Open(Config{Listen: "127.0.0.1:0", Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"),
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(entered)
				select {
				case <-answer:
				case <-r.Context().Done(): // the connection was closed
				}
			})})
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan struct{})
		d.listener = telling{d.listener, sync.OnceFunc(func() { close(closed) })}
		ctx, end := context.WithCancel(t.Context())
		hard, served, answered := make(chan struct{}), make(chan error, 1), make(chan error, 1)
		var wg sync.WaitGroup
		wg.Go(func() { served <- d.Serve(ctx, hard) })
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		wg.Go(func() {
			got, err := client.Get(d.URL())
			if err == nil {
				err = got.Body.Close()
			}
			answered <- err
		})
		<-entered
		end()
		if hurry {
			close(hard)
		} else {
			<-closed // it closes the listener before it waits
			close(answer)
		}
		if err := <-answered; (err != nil) != hurry {
			t.Errorf("hurry %v: the answer: %v", hurry, err)
		}
		if err := <-served; err != nil {
			t.Errorf("hurry %v: the end: %v", hurry, err)
		}
		client.CloseIdleConnections()
		wg.Wait()
	}
}

// telling is a listener that says when it was closed. A test that dials until nobody answers may find another program at
// the port, and dials on.
type telling struct {
	net.Listener
	closed func()
}

func (l telling) Close() error {
	defer l.closed()
	return l.Listener.Close()
}

// What cannot be served is refused with the flag's name.
func TestRefused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{"--cert and --key": {Listen: "127.0.0.1:0", Cert: "x"},
		"--cert x, --key y": {Listen: "127.0.0.1:0", Cert: "x", Key: "y"}, "--listen nowhere": {Listen: "nowhere"}} {
		if _, err := Open(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
