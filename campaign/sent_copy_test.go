package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/campaign/transport"
	"mailshot/internal/servers"
	"mailshot/internal/sink"
	"mailshot/render/address"
)

// sentFolder is what the test's Dovecot has for sent messages.
const sentFolder = ".Outgoing copies"

// copying writes a campaign to n people whose copies go to port of the box, which is in the words of sent_copy.
func copying(t *testing.T, f *folder, s *sink.Server, n int, box, more string) {
	t.Helper()
	f.write(t, "people.csv", people(n))
	f.write(t, "body.txt", "Dear {{.name}}\n.\n..two\nfrom us\n")
	f.write(t, "password", servers.Password+"\n")
	f.write(t, "campaign.yaml", base+more+fmt.Sprintf("server: { host: %s, port: %d, tls: none, sent_copy: { %s, "+
		"username: writer, password: { file: password } } }\nlimits: { connections: 4, retry: { first: 1s, max: 1s, "+
		"give_up: 48h } }\n", s.Host(), s.Port(), box))
}

// dovecotBox starts a Dovecot, and returns how sent_copy names it.
func dovecotBox(t *testing.T, f *folder) (*servers.IMAP, string) {
	t.Helper()
	certificate := servers.NewCertificate(t)
	dovecot := servers.DovecotIMAP(t, certificate, "", nil)
	ca, err := os.ReadFile(certificate.File)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "ca.pem", string(ca))
	return dovecot, fmt.Sprintf("host: 127.0.0.1, port: %d, tls: starttls, ca_file: ca.pem", dovecot.Ports[0])
}

// wired are messages as a Maildir has them: Dovecot keeps LF.
func wired(all [][]byte) []string {
	var texts []string
	for _, m := range all {
		texts = append(texts, strings.ReplaceAll(string(m), "\r\n", "\n"))
	}
	slices.Sort(texts)
	return texts
}

// Each message that the server took is in the account's Sent folder once, byte for byte as it was sent, signed and
// seen, without those who got it blind. A message that was put off or refused is not there. A second send, a rehearsal
// and a sink file nothing.
//
// Broken on purpose: with Rehearsal left out of Open, the rehearsal's copies were there.
func TestSentCopies(t *testing.T) {
	t.Parallel()
	const n = 40
	f := newFolder(t)
	dovecot, box := dovecotBox(t, f)
	got := &letters{}
	s, _ := startSink(t, sink.Options{Store: got}, "dot:p1@*,once:451 4.2.1 later", "dot:p2@*:550 5.7.1 not wanted")
	signed, signer := signing(t, f, "keys/s1.pem")
	copying(t, f, s, n, box, signed+"cc: [chief@example.org]\nbcc: [hidden@example.org]\narchive: sent/\n")
	var told []string
	sum := f.send(t, campaign.Options{ObserveCopies: func(text string) { told = append(told, text) }},
		campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: n - 1, ledger.Refused: 1})
	if c := sum.Copies; c.Filed != n-1 || c.Failed != 0 || len(c.Folders) != 1 ||
		!strings.HasPrefix(c.Folders[0], "imap://writer@127.0.0.1:") {
		t.Errorf("%+v, told: %q", sum.Copies, told)
	}
	before := wired(got.all)
	var texts []string
	for name, text := range dovecot.Files("writer", sentFolder) {
		if texts = append(texts, text); !strings.HasSuffix(name, ":2,S") {
			t.Errorf("%s is not seen", name)
		}
		if strings.Contains(text, "hidden@") || signer.Verify([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) != nil {
			t.Errorf("%s: %q", name, text)
		}
	}
	if slices.Sort(texts); !slices.Equal(texts, before) {
		t.Errorf("%d copies, not the %d messages that were sent", len(texts), len(before))
	}
	if files, _ := filepath.Glob(filepath.Join(f.dir, "sent", "*.eml")); len(files) != n-1 {
		t.Errorf("%d files in the archive", len(files))
	}
	again := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	to, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	rehearsed := f.send(t, campaign.Options{To: &to}, campaign.PlanOptions{})
	other, _ := startSink(t, sink.Options{})
	target := &campaign.SinkTarget{Sink: transport.Sink{Host: other.Host(), Port: other.Port(), TLS: "none"}}
	sunk := f.send(t, campaign.Options{ID: "sunk", Sink: target}, campaign.PlanOptions{})
	if rehearsed.Sent == 0 || sunk.Sent != n {
		t.Fatalf("%d %d", rehearsed.Sent, sunk.Sent)
	}
	for _, sum := range []*campaign.Summary{again, rehearsed, sunk} {
		if sum.Copies.Filed+sum.Copies.Failed != 0 || len(dovecot.Files("writer", sentFolder)) != n-1 {
			t.Errorf("%+v", sum.Copies)
		}
	}
}

// A message is sent whatever becomes of its copy: where the account refuses the login, where nobody is there, where the
// server says nothing, and where it takes no more. The run ends well, and says of each what there is not.
//
// Broken on purpose: with Sent waiting for the copy, the silent server held up the run; with its error handed on, the
// run failed.
func TestSentCopiesFail(t *testing.T) {
	t.Parallel()
	const n = 12
	for name, c := range map[string]struct {
		box  func(t *testing.T, f *folder) string
		why  string
		hard []string // what is told before a second interrupt ends the waiting; nil = it ends by itself
	}{
		"refused login": {why: "AUTHENTICATIONFAILED", box: func(t *testing.T, f *folder) string {
			_, box := dovecotBox(t, f)
			f.write(t, "wrong", "wrong\n")
			return box + ", folder: Sent, password: { file: wrong }"
		}},
		"no folder": {why: "TRYCREATE", box: func(t *testing.T, f *folder) string {
			_, box := dovecotBox(t, f)
			return box + ", folder: Nowhere"
		}},
		"nobody there": {why: "cannot be reached", hard: []string{"copies wait", "still to be filed"}, box: func(t *testing.T, f *folder) string {
			return "host: 127.0.0.2, port: 1, tls: none"
		}},
		"silence": {why: "the run has ended", hard: []string{"still to be filed"}, box: func(t *testing.T, f *folder) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			return fmt.Sprintf("host: 127.0.0.1, port: %d, tls: none", l.Addr().(*net.TCPAddr).Port)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			s, rec := startSink(t, sink.Options{})
			box := c.box(t, f)
			copying(t, f, s, n, box, "")
			if strings.Contains(box, "password:") {
				text, _ := os.ReadFile(filepath.Join(f.dir, "campaign.yaml"))
				f.write(t, "campaign.yaml", strings.Replace(string(text), ", password: { file: password }", "", 1))
			}
			hard := make(chan struct{})
			var mu sync.Mutex
			wanted := slices.Clone(c.hard)
			camp := f.open(t, campaign.Options{Network: transport.Network{Dial: nobody}, ObserveCopies: func(text string) {
				mu.Lock()
				defer mu.Unlock()
				before := len(wanted)
				wanted = slices.DeleteFunc(wanted, func(w string) bool { return strings.Contains(text, w) })
				if len(wanted) == 0 && before > 0 {
					close(hard)
				}
			}})
			defer camp.Close()
			if _, err := camp.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
				t.Fatal(err)
			}
			sum, err := camp.Run(t.Context(), hard, campaign.RunOptions{})
			if err != nil || sum.ExitCode() != 0 || sum.Stopped != "" || sum.Failed {
				t.Fatalf("%v %+v", err, sum)
			}
			want(t, sum, map[ledger.State]int64{ledger.Sent: n})
			if len(rec.accepted(t)) != n || sum.Copies.Failed != n || sum.Copies.Filed != 0 || len(sum.Copies.Named) != n {
				t.Fatalf("%+v", sum.Copies)
			}
			if u := sum.Copies.Named[n-1]; !strings.Contains(u.Text, c.why) || u.Key == "" || u.Place == "" {
				t.Errorf("%+v", u)
			}
		})
	}
}

// nobody is a network on which nobody is at 127.0.0.2.
func nobody(ctx context.Context, network, address string) (net.Conn, error) {
	if strings.HasPrefix(address, "127.0.0.2:") {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("nobody is there")}
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// An interrupt while copies wait leaves them half a minute, and a second one none. While they wait the run holds nothing
// of the caps that it shares with others.
//
// Broken on purpose: with the run closed behind the copies, it was still a holder.
func TestSentCopiesInterrupted(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := newFolder(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	hard := make(chan struct{})
	s, rec := startSink(t, sink.Options{})
	copying(t, f, s, 30, fmt.Sprintf("host: 127.0.0.1, port: %d, tls: none", l.Addr().(*net.TCPAddr).Port), "")
	camp := f.open(t, campaign.Options{ObserveCopies: func(text string) {
		if strings.Contains(text, "still to be filed") {
			if holders, err := os.ReadDir(f.accounts + ".holders"); err != nil || len(holders) > 0 {
				t.Errorf("%v %v", err, holders)
			}
			interrupt()
			close(hard)
		}
	}})
	defer camp.Close()
	if _, err := camp.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	sum, err := camp.Run(ctx, hard, campaign.RunOptions{})
	if err != nil || sum.Sent != 30 || sum.Copies.Failed != 30 || len(rec.accepted(t)) != 30 {
		t.Errorf("%v %+v", err, sum)
	}
}

// A program that is killed again and again sends each message once, and files no copy twice. A copy that was not filed
// is not there, each that is there was sent, and no file of a copy is left.
//
// Broken on purpose: with each copy taken twice, a message had two.
func TestSentCopiesKilled(t *testing.T) {
	t.Parallel()
	const n = 80
	f := newFolder(t)
	dovecot, box := dovecotBox(t, f)
	rng := rand.New(rand.NewPCG(11, 11))
	var mu sync.Mutex
	var cmd *exec.Cmd
	left := 0
	got := &letters{}
	s, _ := startSink(t, sink.Options{Store: got, Observe: func(e sink.Event) {
		mu.Lock()
		defer mu.Unlock()
		if left--; left == 0 && cmd != nil {
			_ = cmd.Process.Kill()
		}
	}})
	copying(t, f, s, n, box, "")
	kills := 0
	for round := range 10 {
		mu.Lock()
		left = 60 + rng.IntN(140)
		if round == 9 {
			left = -1
		}
		child, _, errs := startChild(t, f)
		cmd = child
		mu.Unlock()
		err := child.Wait()
		mu.Lock()
		cmd = nil
		mu.Unlock()
		if err != nil && !child.ProcessState.Exited() {
			kills++
			continue
		}
		if f.counts(t, "test")[ledger.Pending] == 0 {
			break
		}
		t.Fatalf("round %d: %v %s", round, err, errs)
	}
	if kills < 2 {
		t.Fatalf("%d kills: the test shows nothing", kills)
	}
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	if done := sum.Counts[string(ledger.Sent)] + sum.Counts[string(ledger.Unknown)]; done != n {
		t.Errorf("%+v", sum.Counts)
	}
	sent := wired(got.all)
	if ids := slices.Compact(messageIDs(sent)); len(ids) != len(sent) {
		t.Errorf("%d messages, %d of them different", len(sent), len(ids))
	}
	var copies []string
	for _, text := range dovecot.Files("writer", sentFolder) {
		copies = append(copies, text)
		if _, found := slices.BinarySearch(sent, text); !found {
			t.Errorf("a copy of what nobody got: %q", text)
		}
	}
	ids := messageIDs(copies)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("a message has two copies")
	}
	if len(copies) == 0 || len(copies) > len(sent) {
		t.Errorf("%d copies of %d messages", len(copies), len(sent))
	}
	t.Logf("%d kills: %d messages, %d copies", kills, len(sent), len(copies))
	if files, _ := filepath.Glob(filepath.Join(f.dir, ".mailshot", "tmp", "*", "*.eml")); len(files) > 0 {
		t.Errorf("left: %q", files)
	}
}

// messageIDs are those of messages, sorted.
func messageIDs(messages []string) []string {
	var ids []string
	for _, m := range messages {
		_, rest, _ := strings.Cut(m, "\nMessage-ID:")
		id, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Each of several servers files its own copies: one in one account, one in another, and one nowhere.
func TestSentCopiesOfServers(t *testing.T) {
	t.Parallel()
	const n = 60
	f := newFolder(t)
	dovecot, box := dovecotBox(t, f)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "password", servers.Password+"\n")
	text := base + "servers:\n"
	var all []*letters
	for i, name := range []string{"one", "two", "three"} {
		got := &letters{}
		all = append(all, got)
		s, _ := startSink(t, sink.Options{Store: got})
		text += fmt.Sprintf("- { name: %s, host: %s, port: %d, tls: none", name, s.Host(), s.Port())
		if i < 2 {
			text += fmt.Sprintf(", sent_copy: { %s, username: %s, password: { file: password } }", box, name)
		}
		text += " }\n"
	}
	list := "email,name\n"
	for i := range n {
		list += fmt.Sprintf("p%d@d%d.example,Person %d\n", i, i, i) // domains of all servers
	}
	f.write(t, "people.csv", list)
	f.write(t, "campaign.yaml", text)
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: n})
	filed := 0
	for i, account := range []string{"one", "two"} {
		var texts []string
		for _, text := range dovecot.Files(account, sentFolder) {
			texts = append(texts, text)
		}
		if slices.Sort(texts); !slices.Equal(texts, wired(all[i].all)) || len(texts) == 0 {
			t.Errorf("%s: %d copies of %d messages", account, len(texts), len(all[i].all))
		}
		filed += len(texts)
	}
	if int(sum.Copies.Filed) != filed || sum.Copies.Failed != 0 || len(sum.Copies.Folders) != 2 || filed == n {
		t.Errorf("%+v, %d in the folders", sum.Copies, filed)
	}
}
