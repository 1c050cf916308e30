package render

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"mailshot/render/address"
	"mailshot/render/token"
	"mailshot/templates"
)

var (
	testDate   = time.Date(2026, 11, 22, 9, 30, 0, 0, time.FixedZone("", 3600))
	testSecret = []byte("a secret for tests only, 32 bytes")
)

// setup describes a campaign in the words of its file. Rendering starts from here.
type setup struct {
	campaign               string // "" is "test"
	from, replyTo, subject string
	cc, bcc                []string
	alone                  bool
	text, html             string
	headers                [][2]string
	attachments            [][3]string // file, name, cid
	files                  map[string]string
	root                   string // a folder that exists; "" makes one from files
	bounces                string
	attachmentLimit, cache int64
	tokens                 Tokens
}

func (s setup) config(t testing.TB) Config {
	t.Helper()
	compiler := templates.New(templates.Config{})
	source := func(name, text string) *templates.Source {
		return &templates.Source{File: name, Line: 1, Column: 1, Text: text}
	}
	line := func(name, text string) *templates.Text {
		if text == "" {
			return nil
		}
		l, err := compiler.Line(name, *source("campaign.yaml", text))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	items := func(name string, texts ...string) (all []Mailboxes) {
		for _, text := range texts {
			alone := strings.HasPrefix(text, "{{") && strings.Index(text, "}}") == len(text)-2
			if text != "" {
				all = append(all, Mailboxes{Value: line(name, text), Several: alone || !strings.Contains(text, "{{"),
					Place: "campaign.yaml:5:5"})
			}
		}
		return all
	}
	if s.campaign == "" {
		s.campaign = "test"
	}
	if s.from == "" {
		s.from = "Acme <acme@acme.example>"
	}
	if s.subject == "" {
		s.subject = "News"
	}
	body := templates.BodySource{}
	if s.text == "" {
		s.text = "Hello\n"
	}
	body.Text = source("body.txt", s.text)
	if s.html != "" {
		body.HTML = source("body.html", s.html)
	}
	compiled, err := compiler.Body(body)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Campaign: s.campaign, Secret: testSecret, Tokens: s.tokens,
		From: line("from", s.from), ReplyTo: items("reply_to", s.replyTo),
		Cc: items("cc", s.cc...), Bcc: items("bcc", s.bcc...), Alone: s.alone, Subject: line("subject", s.subject),
		Body: compiled, AttachmentLimit: s.attachmentLimit, Cache: s.cache,
	}
	c.Printed, _ = compiler.Prints()
	if s.bounces != "" {
		if c.Bounces, err = address.Parse(s.bounces); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range s.headers {
		c.Headers = append(c.Headers, Header{Name: h[0], Value: line(h[0], h[1])})
	}
	for _, a := range s.attachments {
		c.Attachments = append(c.Attachments, Attachment{File: line("file", a[0]), Name: line("name", a[1]), CID: a[2],
			Place: "campaign.yaml:9:5"})
	}
	if s.root == "" {
		s.root = t.TempDir()
		writeFiles(t, s.root, s.files)
	}
	root, err := os.OpenRoot(s.root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	c.Root = root
	return c
}

func (s setup) renderer(t testing.TB) *Renderer {
	t.Helper()
	r, err := New(s.config(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func writeFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func recipient(t testing.TB, name, addr string, cells ...string) Recipient {
	t.Helper()
	a, err := address.Parse(addr)
	if err != nil {
		t.Fatal(err)
	}
	r := Recipient{Address: a, Name: name, Key: a.Key(), Data: templates.Data{Text: map[string]string{},
		Values: map[string]any{}}}
	for i := 0; i < len(cells); i += 2 {
		r.Data.Text[cells[i]] = cells[i+1]
		r.Data.Values[cells[i]] = cells[i+1]
	}
	return r
}

func wire(t testing.TB, m *Message) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != m.Size() || n != int64(b.Len()) {
		t.Fatalf("WriteTo = %d, %v; Size %d, written %d", n, err, m.Size(), b.Len())
	}
	checkWire(t, bytes.Replace(b.Bytes(), []byte("<"+m.To()+">"), []byte("<address>"), 1)) // the one that may be UTF-8
	return b.Bytes()
}

// checkWire checks what every message promises about its octets.
func checkWire(t testing.TB, b []byte) {
	t.Helper()
	if !bytes.HasSuffix(b, []byte("\r\n")) {
		t.Errorf("message does not end in CRLF: %q", b[max(0, len(b)-40):])
	}
	for i, line := range bytes.Split(b, []byte("\r\n")) {
		if len(line) > 998 {
			t.Errorf("line %d has %d octets", i+1, len(line))
		}
		if bytes.HasPrefix(line, []byte(".")) {
			t.Errorf("line %d begins with a dot: %q", i+1, line)
		}
		for _, c := range line {
			if c > '~' || c < ' ' {
				t.Errorf("line %d has the octet %#x: %q", i+1, c, line)
				break
			}
		}
	}
	head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	for _, line := range bytes.Split(head, []byte("\r\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			t.Errorf("blank continuation line in the header:\n%s", head)
		}
		if bytes.Contains(line, []byte("=?utf-8?")) && len(line) > 76 {
			t.Errorf("a line with an encoded-word has %d octets: %s", len(line), line)
		}
	}
}

func diagnose(err error) (codes []string) {
	var walk func(error)
	walk = func(err error) {
		if d, ok := err.(interface {
			Diagnostic() (string, string, string, string, int, string)
		}); ok {
			code, _, _, _, _, _ := d.Diagnostic()
			codes = append(codes, code)
			return
		}
		if j, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range j.Unwrap() {
				walk(e)
			}
			return
		}
		codes = append(codes, fmt.Sprintf("undiagnosed %v", err))
	}
	walk(err)
	return codes
}

func TestNewFindsEveryMistake(t *testing.T) {
	t.Parallel()
	s := setup{
		html: `<html><body><img src="cid:logo"><img src="cid:gone"></body></html>`,
		headers: [][2]string{{"Bcc", "x"}, {"Content-Type", "x"}, {"X Y", "x"}, {"X-Tag", "a"}, {"x-tag", "b"},
			{"Message-ID", "x"}, {"Subject", "x"}, {"X:Y", "x"}, {"Resent-From", "x"}, {strings.Repeat("X", 41), "x"}},
		attachments: [][3]string{{"a.png", "", "logo"}, {"b.png", "", "logo"}, {"c.png", "", "unused"},
			{"d.png", "", "a b>"}},
	}
	c := s.config(t)
	c.Campaign, c.Secret = "a\nb", nil
	_, err := New(c)
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.Join(diagnose(err), " ")
	want := "bad-campaign-id no-secret bad-header bad-header bad-header duplicate-header bad-header bad-header " +
		"bad-header bad-header bad-header duplicate-cid unused-image bad-cid missing-image"
	if got != want {
		t.Errorf("codes\n got %s\nwant %s\n%v", got, want, err)
	}
	for _, text := range []string{"header Bcc has its own place in the campaign", "write it as subject:",
		"cid:gone, which is not attached", "campaign.yaml:9:5: the HTML does not show cid:unused"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("no %q in\n%v", text, err)
		}
	}
	if _, err := New(Config{Campaign: "x", Secret: testSecret}); err == nil {
		t.Error("an empty configuration passes")
	}
}

func TestEveryFaultOfARowIsReported(t *testing.T) {
	t.Parallel()
	r := setup{
		from: "{{.from}} <a@acme.example>", subject: "Invoice {{.number}}", headers: [][2]string{{"X-Ref", "{{.ref}}"},
			{"List-Unsubscribe", "{{.url}}"}},
		attachments: [][3]string{{"invoices/{{.number}}.pdf", "{{.ref}}.pdf", ""}, {"x/{{.gone}}.pdf", "", ""}},
	}.renderer(t)
	_, err := r.Render(recipient(t, "Ann", "ann@example.com", "from", "x", "number", "7\r\nBcc: eve@example.com", "ref",
		"a\x00", "url", "https://x", "gone", ""), testDate)
	got := strings.Join(diagnose(err), " ")
	if want := "control-character control-character bad-header control-character bad-path"; got != want {
		t.Errorf("codes %s, want %s\n%v", got, want, err)
	}
	for _, text := range []string{
		`header Subject: carriage return (U+000D) at character 10 (they are in columns "number", "ref")`,
		`header X-Ref: NUL (U+0000) at character 2`,
		`header List-Unsubscribe: not a list of <URI>, <URI>: "https://x"`,
		`campaign.yaml:9:5: attachment "x/.pdf": ".pdf" begins with a dot (is a column empty? Hidden files are not attached)`,
	} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("no %s in\n%v", text, err)
		}
	}
}

func TestRowFaults(t *testing.T) {
	t.Parallel()
	unsubscribe := [][2]string{{"List-Unsubscribe", "<https://acme.example/{{.c}}>"}}
	for _, c := range []struct {
		name  string
		setup setup
		cell  string
		codes string
		text  string
	}{
		{"a long subject", setup{subject: "{{.c}}"}, strings.Repeat("x", 8193), "header-too-long",
			"header Subject has 8193 bytes; the limit is 8192"},
		{"two addresses", setup{from: "{{.c}} <a@acme.example>"}, "eve@example.com, Ann", "bad-address", "header From: "},
		{"no address", setup{replyTo: "{{.c}}"}, "Ann", "bad-address", "header Reply-To: "},
		{"a sender for SMTPUTF8", setup{from: "{{.c}}@acme.example"}, "é", "needs-smtputf8 needs-smtputf8",
			"the envelope sender: é@acme.example has characters before the @"},
		{"a URI more", setup{headers: unsubscribe}, "a>,<https://evil.example/", "bad-header",
			`header List-Unsubscribe: column "c" puts < or > into a URI`},
		{"not a token", setup{headers: [][2]string{{"Precedence", "{{.c}}"}}}, "é", "bad-header",
			"characters that are not ASCII"},
		{"text that is not text", setup{text: "{{.c}}"}, "a\xffb", "not-utf8",
			`the text/plain part has text that is not UTF-8 (it is in column "c")`},
		{"a subject that cannot be made", setup{subject: "{{.gone}}"}, "x", "missing-column", "campaign.yaml:1:"},
		{"a text that cannot be made", setup{text: "a {{.gone}}"}, "x", "missing-column", "body.txt:1:"},
		{"HTML that cannot be made", setup{html: "<p>{{.gone}}</p>"}, "x", "missing-column", "body.html:1:"},
		{"a path that cannot be made", setup{attachments: [][3]string{{"{{.gone}}", "", ""}}}, "x", "missing-column",
			"campaign.yaml:1:"},
		{"a name that cannot be made", setup{attachments: [][3]string{{"a.txt", "{{.gone}}", ""}}}, "x", "missing-column",
			"campaign.yaml:1:"},
	} {
		to := recipient(t, "Ann", "ann@example.com", "c", c.cell)
		m, err := c.setup.renderer(t).Render(to, testDate)
		if got := strings.Join(diagnose(err), " "); got != c.codes || m != nil {
			t.Errorf("%s: %q, want %q: %v", c.name, got, c.codes, err)
		} else if !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: no %q in %v", c.name, c.text, err)
		}
	}
	r := setup{headers: [][2]string{{"List-Unsubscribe", "{{.c}}"}}}.renderer(t)
	if _, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", "<https://a.example>, <mailto:b@a.example>"),
		testDate); err != nil {
		t.Errorf("a column with the whole header: %v", err)
	}
	if _, err := r.Render(Recipient{Data: recipient(t, "", "a@b.example", "c", "").Data},
		testDate); strings.Join(diagnose(err), " ") != "empty-key bad-address" {
		t.Errorf("no key and no address: %v", err)
	}
}

// Everything is 7-bit except what has no such form: the recipient's own address, in To and in the envelope.
func TestSevenBit(t *testing.T) {
	t.Parallel()
	for address, to := range map[string]string{"آن@example.com": "To: =?utf-8?b?SsO2cmc=?= <آن@example.com>\r\n",
		"ann@bücher.example": "To: =?utf-8?b?SsO2cmc=?= <ann@xn--bcher-kva.example>\r\n"} {
		m, err := setup{subject: "{{.c}}", text: "{{.c}}\n",
			headers: [][2]string{{"X-To", "{{.c}}"}}}.renderer(t).Render(recipient(t, "Jörg", address, "c", address), testDate)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		before, after, found := strings.Cut(b.String(), to)
		if !found || !isASCII(before+after) {
			t.Errorf("%s: %q", address, b.String())
		}
	}
	m, err := setup{bounces: "bounces@acme.example"}.renderer(t).Render(recipient(t, "Ann", "ann@bücher.example"),
		testDate)
	if err != nil {
		t.Fatal(err)
	}
	if m.To() != "ann@xn--bcher-kva.example" || m.From() != "bounces@acme.example" {
		t.Errorf("envelope %s → %s", m.From(), m.To())
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	r := setup{text: "{{.mailshot.token}} {{.mailshot.key}} {{.mailshot.campaign}} {{.mailshot.address}} " +
		"{{.mailshot.name}}\n"}.renderer(t)
	render := func(name, addr string, date time.Time) *Message {
		t.Helper()
		m, err := r.Render(recipient(t, name, addr), date)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	a, b := render("Ann", "ann@example.com", testDate), render("Ann", "ann@example.com", testDate.Add(time.Hour))
	if a.Digest() != b.Digest() || a.ID() != b.ID() {
		t.Error("the date is part of the message's identity")
	}
	_, restA, _ := bytes.Cut(wire(t, a), []byte("\r\n"))
	_, restB, _ := bytes.Cut(wire(t, b), []byte("\r\n"))
	if !bytes.Equal(restA, restB) {
		t.Error("more than the Date field depends on the date")
	}
	if c := render("Bob", "ann@example.com", testDate); c.Digest() == a.Digest() || c.ID() != a.ID() {
		t.Error("another name: same digest, or another Message-ID")
	}
	if c := render("Ann", "bob@example.com", testDate); c.Digest() == a.Digest() || c.ID() == a.ID() {
		t.Error("another address: same digest or same Message-ID")
	}
	s := setup{text: "{{.mailshot.token}} {{.mailshot.key}} {{.mailshot.campaign}} {{.mailshot.address}} " +
		"{{.mailshot.name}}\n", bounces: "b@acme.example"}
	if c, _ := s.renderer(t).Render(recipient(t, "Ann", "ann@example.com"), testDate); c.Digest() == a.Digest() {
		t.Error("another envelope sender: same digest")
	}
	token := string(token.New(testSecret, token.Campaign{ID: "test"}, token.Unsubscribe, false).Append(nil,
		"ann@example.com"))
	if want := token + " ann@example.com test ann@example.com Ann\n"; a.Parts()[0].Text != want {
		t.Errorf("text %q, want %q", a.Parts()[0].Text, want)
	}
	if strings.Contains(a.ID(), token) || len(token) != 52 {
		t.Errorf("token %s can be read in the Message-ID %s", token, a.ID())
	}
	s.tokens.Old = true
	old, _ := s.renderer(t).Render(recipient(t, "Ann", "ann@example.com"), testDate)
	if want := OldToken(testSecret, "test", "ann@example.com") +
		" ann@example.com test"; !strings.HasPrefix(old.Parts()[0].Text, want) {
		t.Errorf("text %q of an older plan, want %q", old.Parts()[0].Text, want)
	}
}

// What is hashed once for a campaign makes the same names as hashing all of it for each message. Proven by leaving the
// NUL after the campaign out, and by not hashing a long secret.
func TestNames(t *testing.T) {
	t.Parallel()
	var h hasher
	for length := range 200 {
		secret := bytes.Repeat([]byte("s"), length+1)
		campaign, key := strings.Repeat("c", length), strings.Repeat("k", 200-length)
		n := newNames(secret, campaign, Tokens{})
		if got := string(h.derive(n.id, key)); got != MessageID(LongID, secret, campaign, key) {
			t.Fatalf("%d: id %s", length, got)
		}
		if got := string(h.derive(n.token, key)[:token.OldLength]); got != OldToken(secret, campaign, key) {
			t.Fatalf("%d: token %s", length, got)
		}
	}
}

// The caller's data is only read: two rows may share a map.
func TestRecipientIsNotChanged(t *testing.T) {
	t.Parallel()
	r := setup{}.renderer(t)
	to := recipient(t, "Ann", "ann@example.com", "a", "1")
	to.Data.Mailshot = templates.Mailshot{Name: "kept"}
	if _, err := r.Render(to, testDate); err != nil {
		t.Fatal(err)
	}
	if to.Data.Mailshot != (templates.Mailshot{Name: "kept"}) {
		t.Errorf("Mailshot is now %v", to.Data.Mailshot)
	}
}

var errWriter = errors.New("the disk is full")

type failingWriter struct{ after int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errWriter
	}
	return len(p), nil
}

func TestWriteToReportsErrors(t *testing.T) {
	t.Parallel()
	m, err := setup{attachments: [][3]string{{"a.txt", "", ""}},
		files: map[string]string{"a.txt": "text"}}.renderer(t).Render(recipient(t, "Ann", "ann@example.com"), testDate)
	if err != nil {
		t.Fatal(err)
	}
	for after := range int(m.Size()) {
		if n, err := m.WriteTo(&failingWriter{after}); err != errWriter || n > int64(after) {
			t.Fatalf("a writer that fails after %d: %d, %v", after, n, err)
		}
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
