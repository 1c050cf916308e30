package returning_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/ledgertest"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/files"
	"mailshot/internal/inbox/returning"
	"mailshot/render/token"
)

var long = flag.Bool("returning.long", false, "10,000 messages and 50 kills")

// of is where the program finds what it collects; it is set in the process that is killed.
const of = "RETURNING_TEST_FOLDER"

func TestMain(m *testing.M) {
	flag.Parse()
	if dir := os.Getenv(of); dir != "" {
		if err := collect(context.Background(), dir, func() { fmt.Println("recorded") }); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// collect reads the mailbox of a folder once.
func collect(ctx context.Context, dir string, progress func()) (err error) {
	a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	sum, err := returning.Run(ctx, returning.Config{Accounts: a, Batch: 7, Progress: progress,
		Ledgers: func(context.Context) ([]string, error) { return []string{state(dir)}, nil },
		Sources: []returning.Source{{Name: "maildir", Soft: 5, Open: func(context.Context) (inbox.Box, error) {
			return files.Maildir(filepath.Join(dir, "box"), "")
		}}}})
	if err == nil && len(sum.Failed)+len(sum.Unread) > 0 {
		err = fmt.Errorf("%+v", sum)
	}
	return err
}

func state(dir string) string { return filepath.Join(dir, ".mailshot", "state.db") }

var news = token.Campaign{ID: "news", Domain: "acme.example"}

// sent makes a folder with a campaign that was sent to n people, and a mailbox with a bounce of each: every second one
// says that the mailbox is gone, the others that it is full.
func sent(t *testing.T, n int) (dir string) {
	t.Helper()
	ctx := t.Context()
	dir = t.TempDir()
	a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	secret, err := a.Secret(ctx)
	if err == nil {
		err = leaving.Issue(ctx, a, news, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Plan(t, state(dir), ledger.Campaign{ID: news.ID, From: "Acme <news@acme.example>"}, n)
	ledgertest.Send(t, state(dir), news.ID, time.Now(), nil)
	maker := token.New(secret, news, token.ReturnPath, false)
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, "box", sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		to := string(maker.Append([]byte("b+"), ledgertest.Key(i))) + "@acme.example"
		code, words := "5.1.1", "no such user"
		if i%2 == 1 {
			code, words = "5.2.2", "mailbox full"
		}
		text := fmt.Sprintf(notice, to, to, code, person(i), person(i), code, code, words)
		name := filepath.Join(dir, "box", "new", fmt.Sprintf("%d.M%d.host", 1_700_000_000+i, i))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func person(i int) string { return ledgertest.Person(i) }

const notice = `Return-Path: <>
Delivered-To: %s
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: %s
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered (%s): %s

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; %s
Action: failed
Status: %s
Diagnostic-Code: smtp; 550 %s %s

--b--
`

// A mailbox is read, and the program killed again and again, wherever it is: each message is counted once, none is lost,
// who is gone is on the suppression list and nobody else, and the mailbox is as it was.
//
// Seen to fail: with the messages noted as read before what they say is recorded.
func TestKilled(t *testing.T) {
	t.Parallel()
	n, kills := 600, 8
	if *long {
		n, kills = 10_000, 50
	}
	dir := sent(t, n)
	before := digest(t, filepath.Join(dir, "box"))
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	killed := 0
	for killed < kills && killOnce(t, dir, 1+random.IntN(max(1, n/7/kills)), time.Duration(random.IntN(20))*time.Millisecond) {
		killed++
	}
	if err := collect(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if got := returned(t, dir); got != int64(n) {
		t.Errorf("%d returns are recorded, want %d", got, n)
	}
	if err := collect(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if got := returned(t, dir); got != int64(n) {
		t.Errorf("after another time %d returns are recorded, want %d", got, n)
	}
	if got := digest(t, filepath.Join(dir, "box")); got != before {
		t.Error("the mailbox has changed")
	}
	a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	listed := map[string]bool{}
	for e, err := range a.Suppressions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		listed[e.Key] = true
	}
	for i := range n {
		if listed[person(i)] != (i%2 == 0) {
			t.Errorf("%s: on the list %t", person(i), listed[person(i)])
		}
	}
	t.Logf("%d messages, %d kills", n, killed)
}

// killOnce collects in a process that is killed a moment after it has recorded so many batches. It reports whether that
// came before the end.
func killOnce(t *testing.T, dir string, batches int, moment time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), of+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for i := 0; i < batches && lines.Scan(); i++ {
	}
	defer time.AfterFunc(moment, func() { _ = cmd.Process.Kill() }).Stop()
	for lines.Scan() { // until it is killed
	}
	if err := cmd.Wait(); err == nil {
		return false
	}
	if cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("it ended by itself: %v", err)
	}
	return true
}

// returned is how many returns the ledger has, and checks that the states say so.
func returned(t *testing.T, dir string) (n int64) {
	t.Helper()
	l, err := ledger.Open(state(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, err := range l.Returns(t.Context(), news.ID, ledger.Filter{}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	counts, rows, err := l.Counts(t.Context(), news.ID)
	if err != nil || counts[ledger.Bounced] != n || counts[ledger.Bounced]+counts[ledger.Sent] != rows {
		t.Errorf("%d returns, %v of %d rows, %v", n, counts, rows, err)
	}
	return n
}

// digest is a digest of all files of a folder: their names and what is in them.
func digest(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
