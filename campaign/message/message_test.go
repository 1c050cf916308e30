package message_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
	"mailshot/render"
	"mailshot/render/address"
)

const campaignFile = `id: test
from: Sender <sender@example.org>
subject: "Hello {{.name}}"
recipients: { file: people.csv, columns: { amount: number }, where: amount > 0 }
body: { text: body.txt }
attachments: [ { file: "{{.file}}" } ]
`

var date = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// folder is a campaign's folder with its files.
func folder(t *testing.T, list string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "campaign.yaml", campaignFile)
	write(t, dir, "body.txt", "Dear {{.name}}, you owe {{.amount}}.\n")
	write(t, dir, "bill.txt", "the bill\n")
	write(t, dir, "people.csv", list)
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// open reads a folder's list and makes the maker for it, with what change makes of its configuration.
func open(t *testing.T, dir string, change func(*message.Config)) (*message.Maker, []*recipients.Row, error) {
	t.Helper()
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := recipients.Open(recipients.Config{
		File: "people.csv", Dir: dir, Where: d.Recipients.Where.Text,
		Columns: map[string]recipients.Type{"amount": recipients.Number},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list.Close() })
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	var rows []*recipients.Row
	for row, err := range list.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	c := message.Config{Definition: d, Header: list.Header(), Root: root, ID: "test", Secret: []byte("secret")}
	if change != nil {
		change(&c)
	}
	m, err := message.New(c)
	return m, rows, err
}

const oneOfEach = `email,name,amount,file
ann@example.com,Ann,1,bill.txt
bob@example.com,Bob,0,bill.txt
cat@example.com,Cat,x,bill.txt
dan,Dan,1,bill.txt
eve@example.com,Eve,1,gone.txt
fay@example.com,Fay,13,bill.txt
`

// fault keeps the row of Fay from getting a message.
func fault(c *message.Config) {
	c.Fault = func(row *recipients.Row) error {
		if row.Name == "Fay" {
			return errors.New("unlucky")
		}
		return nil
	}
}

// Each row gets a message, or is told why it is right that it gets none, or what is wrong with it; and only one of
// these.
func TestMake(t *testing.T) {
	t.Parallel()
	m, rows, err := open(t, folder(t, oneOfEach), fault)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ to, why, fault string }{
		{to: "ann@example.com"}, {why: "filtered by where"}, {fault: "amount"}, {why: `email: no @ in "dan"`},
		{fault: "gone.txt"}, {fault: "unlucky"},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		made := m.Make(row, date)
		to, fault := "", ""
		if made.Message != nil {
			to = made.Message.To()
		}
		if made.Err != nil {
			fault = made.Err.Error()
		}
		w := want[i]
		wrong := !strings.Contains(fault, w.fault) || (fault == "") != (w.fault == "")
		if made.Row != row || to != w.to || made.Why != w.why || wrong {
			t.Errorf("%s: to %q, why %q, fault %q; want %+v", row.Place, to, made.Why, fault, w)
		}
	}
}

// All has the order of the rows, keeps only what it is told to, and ends with its context.
func TestAll(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	list.WriteString("email,name,amount,file\n")
	for i := range 1000 {
		fmt.Fprintf(&list, "p%d@example.com,P%d,1,bill.txt\n", i, i)
	}
	m, rows, err := open(t, folder(t, list.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	subject := func(m message.Made) string { return m.Message.Subject() }
	got, err := message.All(t.Context(), m, rows, date, subject)
	if err != nil || len(got) != 1000 {
		t.Fatal(len(got), err)
	}
	for i, s := range got {
		if want := fmt.Sprintf("Hello P%d", i); s != want {
			t.Fatalf("%d: %q, want %q", i, s, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := message.All(ctx, m, rows, date, subject); !errors.Is(err, context.Canceled) {
		t.Errorf("All: %v, want that it ended", err)
	}
}

// planned are the rows as a plan remembers them.
func planned(t *testing.T, m *message.Maker, rows []*recipients.Row) []message.Planned {
	t.Helper()
	all := make([]message.Planned, len(rows))
	for i, row := range rows {
		msg, err := m.Render(row, date)
		if err != nil {
			t.Fatal(err)
		}
		digest := msg.Digest()
		all[i] = message.Planned{Place: row.Place, Number: row.Number, Fields: row.Encode(), Digest: digest[:]}
	}
	return all
}

const threePeople = `email,name,amount,file
ann@example.com,Ann,1,bill.txt
bob@example.com,Bob,2,a.txt
cat@example.com,Cat,3,b.txt
`

// A planned row makes the same bytes again, on another day too; and nothing where they would be others, or where its
// message cannot be made. Proven by comparing nothing: the swapped attachment was sent.
func TestAgain(t *testing.T) {
	t.Parallel()
	dir := folder(t, threePeople)
	write(t, dir, "a.txt", "for Bob")
	write(t, dir, "b.txt", "for Cat")
	m, rows, err := open(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := planned(t, m, rows)
	if n, err := m.Differing(t.Context(), all, date.AddDate(0, 0, 1)); n != 0 || err != nil {
		t.Errorf("%d differ, %v", n, err)
	}

	write(t, dir, "a.txt", "for somebody else")
	if err := os.Remove(filepath.Join(dir, "b.txt")); err != nil {
		t.Fatal(err)
	}
	if m, _, err = open(t, dir, nil); err != nil {
		t.Fatal(err)
	}
	if msg, err := m.Again(all[0], date); err != nil || msg.To() != "ann@example.com" {
		t.Errorf("Ann: %v", err)
	}
	if msg, err := m.Again(all[1], date); msg != nil || !errors.Is(err, message.ErrDiffers) {
		t.Errorf("Bob, whose file was swapped: %v", err)
	}
	if msg, err := m.Again(all[2], date); msg != nil || err == nil || errors.Is(err, message.ErrDiffers) ||
		!strings.Contains(err.Error(), "no longer what was planned") {
		t.Errorf("Cat, whose file is gone: %v", err)
	}
	broken := all[0]
	broken.Fields = broken.Fields[:3]
	if msg, err := m.Again(broken, date); msg != nil || err == nil || !strings.Contains(err.Error(), "other columns") {
		t.Errorf("a row of other columns: %v", err)
	}
	if n, err := m.Differing(t.Context(), append(all, broken), date); n != 1 || err != nil {
		t.Errorf("%d differ, %v; want 1, for what cannot be made does not count", n, err)
	}
	if !m.Makes(all[0].Digest, rows[0], date) || m.Makes(all[0].Digest, rows[1], date) ||
		m.Makes(all[2].Digest, rows[2], date) {
		t.Error("Makes is wrong about Ann's digest, Bob's row or Cat's, which makes no message")
	}
}

// In a rehearsal every message goes to one address, and says what it would have said.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	me, err := address.Parse("me@example.net")
	if err != nil {
		t.Fatal(err)
	}
	m, rows, err := open(t, folder(t, oneOfEach), func(c *message.Config) { c.To = &me })
	if err != nil {
		t.Fatal(err)
	}
	made := m.Make(rows[0], date)
	if made.Err != nil || made.Message.To() != "me@example.net" || made.Message.Subject() != "Hello Ann" {
		t.Errorf("%+v", made)
	}
}

// What check and the server's preset say of a message comes out of one call.
func TestCheck(t *testing.T) {
	t.Parallel()
	m, rows, err := open(t, folder(t, oneOfEach), func(c *message.Config) { c.Largest, c.Server = 100, "mail.example" })
	if err != nil {
		t.Fatal(err)
	}
	found := m.Check(m.Make(rows[0], date))
	if len(found) != 1 || found[0].Code != "too-large" || found[0].Severity != check.Error ||
		!strings.Contains(found[0].Text, "mail.example") {
		t.Errorf("found %v", found)
	}
}

// The mistakes of all templates come at once, each with its place in its file.
func TestMistakesComeAtOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t, oneOfEach)
	write(t, dir, "campaign.yaml", strings.Replace(campaignFile, "Hello {{.name}}", "Hello {{.nam}}", 1))
	write(t, dir, "body.txt", "Dear {{.nom}}\n")
	_, _, err := open(t, dir, nil)
	var places []string
	for _, f := range check.From(err) {
		places = append(places, f.Place)
	}
	if len(places) != 2 || !strings.HasPrefix(places[0], "campaign.yaml:3:") ||
		!strings.HasPrefix(places[1], "body.txt:1:") {
		t.Errorf("mistakes at %v: %v", places, err)
	}
	dir = folder(t, "email,mailshot,name,amount,file\n")
	_, _, err = open(t, dir, nil)
	if found := check.From(err); len(found) != 1 || found[0].Code != "column-clash" {
		t.Errorf("a column named mailshot: %v", err)
	}
}

// An ID is known without making the message, and is the one that the message has.
func TestID(t *testing.T) {
	t.Parallel()
	dir := folder(t, oneOfEach)
	m, rows, err := open(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	id := message.ID(d, render.ShortID, []byte("secret"), "test", rows[0].Key)
	if !strings.HasPrefix(id, render.MessageID(render.ShortID, []byte("secret"), "test", rows[0].Key)) ||
		!strings.HasSuffix(id, "@example.org") {
		t.Errorf("ID %q", id)
	}
	var wire bytes.Buffer
	if _, err := m.Make(rows[0], date).Message.WriteTo(&wire); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(wire.String(), "<"+id+">") {
		t.Errorf("the message's ID is not %s", id)
	}
}
