package campaign_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
	"mailshot/render/address"
)

func TestSendThenSendAgain(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}, {{.token}}\n")
	f.write(t, "people.csv", people(50)+"not an address,X,t\np1@example.com,Person 1,tok1tok\n")

	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 50, ledger.Invalid: 1, ledger.Duplicate: 1})
	if sum.ExitCode() != 0 || sum.Sent != 50 {
		t.Errorf("exit %d, sent %d", sum.ExitCode(), sum.Sent)
	}
	again := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	if again.Sent != 0 || again.ExitCode() != 0 {
		t.Errorf("second send: sent %d, exit %d", again.Sent, again.ExitCode())
	}
	if got := len(rec.accepted(t)); got != 50 {
		t.Errorf("the sink has %d messages, want 50", got)
	}
}

// A check error on the last row stops everything: nothing leaves, nothing is kept.
func TestNothingLeavesWhenARowIsWrong(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"attachments: [{ file: \"files/{{.token}}.txt\" }]\n"+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(20))
	for i := range 19 {
		f.write(t, "files/"+token(i)+".txt", token(i))
	}
	c := f.open(t, campaign.Options{})
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	c.Close()
	var refused *campaign.CheckError
	if !errors.As(err, &refused) {
		t.Fatalf("Plan: %v, want a CheckError", err)
	}
	if fs := refused.Report.Findings; len(fs) != 1 || !strings.Contains(fs[0].Text+fs[0].Place, "people.csv:21") {
		t.Errorf("findings: %+v, want one that names people.csv:21", fs)
	}
	if n := len(rec.accepted(t)); n != 0 {
		t.Errorf("%d messages left", n)
	}

	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{SkipErrors: true})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 19, ledger.Invalid: 1})
}

// An attachment swapped between plan and run is never sent. Proven by skipping the digest's comparison in
// run.message: the swapped file arrived at the sink and the state was sent.
func TestSwappedAttachmentIsHeld(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"attachments: [{ file: \"files/{{.token}}.txt\" }]\n"+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(3))
	for i := range 3 {
		f.write(t, "files/"+token(i)+".txt", "planned "+token(i))
	}
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	f.write(t, "files/"+token(0)+".txt", "swapped "+token(0))
	if err := os.Remove(filepath.Join(f.dir, "files", token(1)+".txt")); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Held: 2})
	if sum.ExitCode() != 4 {
		t.Errorf("exit %d, want 4", sum.ExitCode())
	}
	if got := rec.accepted(t); len(got) != 1 || got[0].To[0] != "p2@example.com" {
		t.Errorf("the sink has %+v", got)
	}
}

func TestChangedInputsAreRefusedThenAccepted(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "rcpt:p3@example.com:450 4.2.0 later")
	f := newFolder(t)
	yaml := base + server(s, "")
	f.write(t, "campaign.yaml", strings.Replace(yaml, "first: 1s, max: 1s", "first: 2h, max: 2h", 1))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(4))
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 3, ledger.Deferred: 1})

	f.write(t, "people.csv", people(6))
	f.write(t, "body.txt", "Hello {{.name}}\n")
	c := f.open(t, campaign.Options{})
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	c.Close()
	var changed *campaign.ChangedError
	if !errors.As(err, &changed) {
		t.Fatalf("Plan: %v, want a ChangedError", err)
	}
	what := strings.Join(changed.What, "; ")
	if !strings.Contains(what, "templates") || !strings.Contains(what, "people.csv") {
		t.Errorf("changed: %s", what)
	}

	var asked campaign.Changes
	confirm := func(ch campaign.Changes) (bool, error) {
		asked = ch
		return true, nil
	}
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true, Confirm: confirm})
	if asked.Added != 2 || asked.Edited != 1 || asked.Cancelled != 0 || asked.Untouched != 3 {
		t.Errorf("changes: %+v", asked)
	}
	if sum.Counts["sent"] != 5 {
		t.Errorf("counts: %v", sum.Counts)
	}
	seen := map[string]int{}
	for _, r := range rec.accepted(t) {
		seen[r.To[0]]++
	}
	for to, n := range seen {
		if n != 1 {
			t.Errorf("%s got %d messages", to, n)
		}
	}
}

// A plan that was declined does not stand in the way: what is mended after it needs no --accept-changes.
func TestDeclinedPlanIsMadeAnew(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(4))
	c := f.open(t, campaign.Options{})
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f.write(t, "people.csv", people(3))
	f.write(t, "body.txt", "Hello {{.name}}\n")
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 3})
	if n := len(rec.accepted(t)); n != 3 {
		t.Errorf("%d messages at the sink", n)
	}
}

// Changing the server or the limits does not change the messages: that is how a halted campaign is mended.
func TestServerMayChange(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(4))
	f.write(t, "campaign.yaml", base+server(s, "  caps: [2/3h]\n"))
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: 2})
	if sum.ExitCode() != 75 || sum.Left != 2 {
		t.Errorf("exit %d, left %d", sum.ExitCode(), sum.Left)
	}
	f.write(t, "campaign.yaml", base+server(s, "  caps: [4/3h]\n"))
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 4})
}

func TestLimitAndOnly(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(10))
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 3})
	if sum.Sent != 3 || sum.ExitCode() != 0 {
		t.Errorf("--limit 3: sent %d, exit %d, %v", sum.Sent, sum.ExitCode(), sum.Counts)
	}
	sum = f.send(t, campaign.Options{}, campaign.PlanOptions{Only: `name == "Person 7"`})
	if sum.Sent != 1 || sum.ExitCode() != 0 {
		t.Errorf("--only: sent %d, exit %d, %v", sum.Sent, sum.ExitCode(), sum.Counts)
	}
	if got := rec.accepted(t); got[len(got)-1].To[0] != "p7@example.com" {
		t.Errorf("--only sent to %s", got[len(got)-1].To[0])
	}
}

func TestRehearsal(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(30))
	me, err := address.Parse("me@example.net")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if sum := f.send(t, campaign.Options{To: &me}, campaign.PlanOptions{}); sum.Sent != 20 {
			t.Errorf("rehearsal sent %d, want 20", sum.Sent)
		}
	}
	ids := map[string]bool{}
	for _, r := range rec.accepted(t) {
		if r.To[0] != "me@example.net" {
			t.Errorf("a rehearsal went to %s", r.To[0])
		}
		ids[r.ID] = true
	}
	if len(ids) != 40 {
		t.Errorf("%d Message-IDs in two rehearsals of 20", len(ids))
	}
	if sum := f.send(t, campaign.Options{}, campaign.PlanOptions{}); sum.Sent != 30 {
		t.Errorf("the campaign itself sent %d after its rehearsals, want 30", sum.Sent)
	}
}

func TestSuppressed(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"suppress: [no.csv]\n"+server(s, ""))
	f.write(t, "no.csv", "email,reason\nP1@example.com,asked\n# a comment\n@example.net\n")
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(3)+"x@example.net,X,x\n")
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Suppressed: 2})
	if n := len(rec.accepted(t)); n != 2 {
		t.Errorf("%d messages at the sink", n)
	}
}

// Someone who is put on the user's list after the plan is not mailed: begin looks once more.
func TestSuppressedAfterThePlan(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(3))
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	entry := accounts.Entry{Domain: "example.org", Key: "p1@example.com", Reason: "asked"}
	if err := a.Suppress(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Suppressed: 1})
	for _, r := range rec.accepted(t) {
		if r.To[0] == "p1@example.com" {
			t.Error("a suppressed address was mailed")
		}
	}
}

// What a dry run writes is what the wire carries, Date aside.
func TestDryRunIsTheWire(t *testing.T) {
	t.Parallel()
	kept := filepath.Join(t.TempDir(), "kept")
	store, err := mailbox.Open("eml", kept, mailbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := startSink(t, sink.Options{Store: store})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}},\n.\n..dots\nfrom سلام\n")
	f.write(t, "people.csv", people(5))
	dry := map[string]string{}
	c := f.open(t, campaign.Options{})
	for m, err := range c.Messages(t.Context(), campaign.Chosen{}) {
		if err != nil || m.Err != nil {
			t.Fatal(err, m.Err)
		}
		var b strings.Builder
		if _, err := m.Message.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		dry[m.Message.ID()] = undated(b.String())
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(kept, "*.eml"))
	if err != nil || len(files) != 5 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := undated(string(b))
		_, id, _ := strings.Cut(got, "Message-ID: ")
		id, _, _ = strings.Cut(id, "\r\n")
		if got != dry[id] && got != dry[strings.Trim(id, "<>")] {
			t.Errorf("%s differs from the dry run of %s:\n%q\n%q", name, id, got, dry[id])
		}
	}
}

// undated is a message without its Date header.
func undated(m string) string {
	i := strings.Index(m, "Date: ")
	j := i + strings.Index(m[i:], "\r\n") + 2
	return m[:i] + m[j:]
}

func TestBadCredentialsStopAtOnce(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{Username: "u", Password: "right"})
	f := newFolder(t)
	f.write(t, "secret", "wrong\n")
	f.write(t, "campaign.yaml", base+strings.Replace(server(s, ""), "tls: none",
		"tls: none, username: u, password: { file: secret }", 1))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(10))
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	if sum.ExitCode() != 1 || sum.Stopped == "" || sum.Left != 10 {
		t.Errorf("exit %d, stopped %q, left %d", sum.ExitCode(), sum.Stopped, sum.Left)
	}
	if strings.Contains(sum.Stopped, "wrong") {
		t.Errorf("the password is in %q", sum.Stopped)
	}
	if n := len(rec.accepted(t)); n != 0 {
		t.Errorf("%d messages left", n)
	}
	f.write(t, "secret", "right\n")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 10})
}

func token(i int) string { return strings.Split(strings.Split(people(i+1), "\n")[i+1], ",")[2] }
