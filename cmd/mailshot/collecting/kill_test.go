package collecting

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/definition/secret"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/spool"
)

var kills = flag.Int("collecting.kills", 15, "how often TestKill kills the server")

// TestMain is the server itself, in a process of its own, where the environment says so.
func TestMain(m *testing.M) {
	if os.Getenv("COLLECTING_SERVE") == "" {
		os.Exit(m.Run())
	}
	cmd := &cobra.Command{Use: "collect"}
	cmd.AddCommand(Command(testHost(os.Stdout, io.Discard)))
	cmd.SetArgs(strings.Split(os.Getenv("COLLECTING_SERVE"), "\n"))
	if err := cmd.Execute(); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func testHost(stdout, talk io.Writer) Host {
	return Host{
		Stdout: stdout, Say: func(format string, args ...any) { fmt.Fprintf(talk, format+"\n", args...) },
		Spool: func() (string, error) { return "", fmt.Errorf("no folder") },
		Interrupts: func(ctx context.Context) (context.Context, <-chan struct{}, func()) {
			ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
			return ctx, make(chan struct{}), stop
		},
		Usage: func(err error, next string) error { return fmt.Errorf("%w; next: %s", err, next) },
	}
}

// server is a process that serves.
type server struct {
	cmd *exec.Cmd
	url string
}

func start(t *testing.T, args ...string) *server {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "COLLECTING_SERVE="+strings.Join(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), "\n"))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return &server{cmd, strings.TrimSpace(line)}
}

// signer is an account of SendGrid.
type signer struct{ key *ecdsa.PrivateKey }

func newSigner(t *testing.T) (s signer, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "sendgrid.pub")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(der)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return signer{key}, file
}

// send sends one event, and reports whether it was taken.
func (s signer) send(client *http.Client, url string, n int) bool {
	body := fmt.Sprintf(`[{"email":"a%d@example.org","timestamp":1764000000,"event":"bounce","type":"bounce",`+
		`"reason":"550 5.1.1 user unknown","status":"5.1.1","sg_event_id":"e%d"}]`, n, n)
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	sum := sha256.Sum256([]byte(stamp + body))
	signature, _ := ecdsa.SignASN1(rand.Reader, s.key, sum[:])
	r, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	r.Header.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
	r.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", stamp)
	answer, err := client.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode == http.StatusOK
}

// A server that is killed at any moment has lost nothing that it took, and no event is there twice, though what has no
// answer is sent again; also while somebody reads and says Done. Seen to fail with the answer before Put.
func TestKill(t *testing.T) {
	t.Parallel()
	account, key := newSigner(t)
	dir := filepath.Join(t.TempDir(), "spool")
	kept, err := spool.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	box, seen := kept.Box(), map[string]int{}
	collect := func() {
		err := box.Each(t.Context(), func(id string) bool { return seen[id] > 0 }, func(m inbox.Message) error {
			if m.Event == nil {
				_, err := m.Open(t.Context())
				return err
			}
			seen[m.ID]++
			return nil
		})
		if err == nil {
			err = box.Done()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	next, taken, again := 0, map[int]bool{}, []int(nil)
	for round := range *kills + 1 {
		s := start(t, "--spool", dir, "--sendgrid-key", key, "--rate", "100000")
		last := round == *kills
		var acknowledged atomic.Int64
		limit := 1 + mathrand.Int64N(12)
		die := sync.OnceFunc(func() { _ = s.cmd.Process.Kill() })
		var senders sync.WaitGroup
		for range 4 {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Minute}
			senders.Go(func() {
				defer client.CloseIdleConnections()
				for {
					mu.Lock()
					n := next
					if len(again) > 0 {
						n, again = again[len(again)-1], again[:len(again)-1]
					} else if last {
						mu.Unlock()
						return
					} else {
						next++
					}
					mu.Unlock()
					ok := account.send(client, s.url, n)
					mu.Lock()
					if ok {
						taken[n] = true
					} else {
						again = append(again, n)
					}
					mu.Unlock()
					if !ok {
						if last {
							t.Error("the last server does not answer")
						}
						return
					}
					if acknowledged.Add(1) >= limit && !last {
						die()
					}
				}
			})
			if round%3 == 1 {
				collect()
			}
		}
		senders.Wait()
		die()
		_ = s.cmd.Wait()
	}
	collect()
	if len(taken) != next || len(seen) != next {
		t.Errorf("%d sent, %d taken, %d read", next, len(taken), len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s: %d times", id, n)
		}
	}
	list, err := kept.Names()
	if err != nil || len(list) != 0 {
		t.Errorf("%v are left, %v", list, err)
	}
	t.Logf("%d events, %d kills", next, *kills)
}

// The command refuses what it cannot serve, and shows no secret.
func TestCommand(t *testing.T) {
	t.Parallel()
	_, key := newSigner(t)
	dir := t.TempDir()
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, []byte("tooshort\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"", "no provider has a key"},
		{"--sendgrid-key MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", "not a file that can be read"},
		{"--mailgun-key env:COLLECTING_NOT_SET", "COLLECTING_NOT_SET is not set"},
		{"--mailgun-key env:", "names nothing"},
		{"--postmark-secret " + short, "fewer than 16"},
		{"--ses-topic bounces", "not the ARN"},
		{"--ses-confirm", "need --ses-topic"},
		{"--sendgrid-key " + key + " --base-url http://www.example.com", "write https: there"},
		{"--sendgrid-key " + key + " --base-url nowhere", "is not an address"},
		{"--sendgrid-key " + key + " --cert x", "go together"},
		{"--sendgrid-key " + key + " --cert x --key y", "--cert x"},
		{"--sendgrid-key " + key + " --listen nowhere", "--listen nowhere"},
		{"--sendgrid-key " + short, "sendgrid: the public key"},
	} {
		cmd := &cobra.Command{Use: "collect", SilenceErrors: true, SilenceUsage: true}
		var out, talk bytes.Buffer
		cmd.AddCommand(Command(testHost(&out, &talk)))
		cmd.SetArgs(append([]string{"serve", "--spool", filepath.Join(dir, "spool")}, strings.Fields(tt.args)...))
		err := cmd.ExecuteContext(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.args, err)
			continue
		}
		for _, secret := range []string{"tooshort", "MFkwEwYHKoZI"} {
			if strings.Contains(err.Error()+out.String()+talk.String(), secret) {
				t.Errorf("%s: the secret is shown", tt.args)
			}
		}
	}
}

// An interrupt ends the server when what it took is answered. Its addresses have the base and no secret.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "secret")
	if err := os.WriteFile(secretFile, []byte("made-up-secret-of-brevo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	account, key := newSigner(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var said []string
	hook, err := where(secretFile)
	if err != nil {
		t.Fatal(err)
	}
	public, err := where("file:" + key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, Config{Listen: "127.0.0.1:0", Base: "https://www.example.com/hooks/", Spool: filepath.Join(dir, "spool"),
		Keep: time.Hour, Say: func(f string, a ...any) { said = append(said, fmt.Sprintf(f, a...)) },
		Hooks: []Hook{{Provider: "brevo", Keys: []*secret.Secret{hook}}, {Provider: "sendgrid", Keys: []*secret.Secret{public}},
			{Provider: "ses", Topics: []string{"arn:aws:sns:eu-west-1:111122223333:bounces"}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "https://www.example.com/hooks/brevo https://www.example.com/hooks/sendgrid https://www.example.com/hooks/ses"
	if got := strings.Join(s.Addresses(), " "); got != want {
		t.Errorf("%s", got)
	}
	var serving sync.WaitGroup
	var ended error
	serving.Go(func() { ended = s.Serve(ctx, make(chan struct{})) })
	client := &http.Client{Transport: &http.Transport{}}
	if !account.send(client, s.door.URL()+"/hooks/sendgrid", 1) {
		t.Error("not taken")
	}
	interrupt()
	serving.Wait()
	client.CloseIdleConnections()
	if ended != nil || len(said) != 0 {
		t.Errorf("%v, %v", ended, said)
	}
	if list, err := s.spool.Names(); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := Open(t.Context(), Config{Listen: "127.0.0.1:0", Spool: dir, Hooks: []Hook{{Provider: "mandrill"}}}); err == nil {
		t.Error("a provider that nobody knows")
	}
}
