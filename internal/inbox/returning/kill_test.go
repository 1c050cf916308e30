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

// report is what a server says about the message to a person.
type report struct {
	person              int
	action, code, words string
}

// The reports of the tests.
func gone(i int) report { return report{i, "failed", "5.1.1", "no such user"} }
func full(i int) report { return report{i, "failed", "5.2.2", "mailbox full"} }
func came(i int) report { return report{i, "delivered", "2.0.0", "stored"} }

// sent makes a folder with a campaign that was sent to n people, and a mailbox with a bounce of each: every second one
// says that the mailbox is gone, the others that it is full.
func sent(t testing.TB, n int) (dir string) {
	t.Helper()
	var all []report
	for i := range n {
		if i%2 == 1 {
			all = append(all, full(i))
		} else {
			all = append(all, gone(i))
		}
	}
	return mailed(t, n, all)
}

// mailed makes a folder with a campaign that was sent to n people, and a mailbox with reports.
func mailed(t testing.TB, n int, all []report) (dir string) {
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
	for i, r := range all {
		to, who := string(maker.Append([]byte("b+"), ledgertest.Key(r.person)))+"@acme.example", person(r.person)
		text := fmt.Sprintf(notice, to, to, r.code, who, who, r.action, r.code, r.code, r.words)
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
Subject: Delivery Status Notification
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is what became of your message (%s): %s

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; %s
Action: %s
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
	// Half of the mailboxes are gone. The others were full, and of every second of these it is said, too, that the message
	// came: somebody made room.
	var all []report
	for i := range n {
		switch i % 4 {
		case 0, 2:
			all = append(all, gone(i))
		case 1:
			all = append(all, full(i), came(i))
		case 3:
			all = append(all, full(i))
		}
	}
	dir := mailed(t, n, all)
	before := digest(t, filepath.Join(dir, "box"))
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	killed := 0
	for killed < kills && killOnce(t, dir, 1+random.IntN(max(1, len(all)/7/kills)), time.Duration(random.IntN(20))*time.Millisecond) {
		killed++
	}
	if err := collect(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if got := returned(t, dir, n); got != len(all) {
		t.Errorf("%d returns are recorded, want %d", got, len(all))
	}
	if err := collect(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if got := returned(t, dir, n); got != len(all) {
		t.Errorf("after another time %d returns are recorded, want %d", got, len(all))
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
	hash, err := a.AddressHash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < n; i += 2 { // a bounce before all of this is another one only where no success is noted
		soft := accounts.End{Person: hash(person(i)), Campaign: "earlier", At: time.Unix(1, 0), Soft: true}
		if got, err := a.Ended(t.Context(), []accounts.End{soft}); err != nil || got[0] != map[int]int{1: 0, 3: 2}[i%4] {
			t.Errorf("%s: %d soft bounces, %v", person(i), got, err)
		}
	}
	t.Logf("%d messages, %d kills", len(all), killed)
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

// returned is how many returns the ledger has, and checks that all n people's messages have bounced by the states.
func returned(t *testing.T, dir string, n int) (recorded int) {
	t.Helper()
	ledgertest.With(t, state(dir), func(l *ledger.Ledger) error {
		for _, err := range l.Returns(t.Context(), news.ID, ledger.Filter{}) {
			if recorded++; err != nil {
				return err
			}
		}
		counts, rows, err := l.Counts(t.Context(), news.ID)
		if counts[ledger.Bounced] != int64(n) || rows != int64(n) {
			t.Errorf("%v of %d rows", counts, rows)
		}
		return err
	})
	return recorded
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
