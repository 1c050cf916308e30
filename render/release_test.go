package render

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"mailshot/render/address"
	"mailshot/templates"
)

// scan proves of a message what Buffers says of it.
func scan(t testing.TB, m *Message) {
	t.Helper()
	segments, clean := m.Buffers()
	all := bytes.Join(segments, nil)
	if int64(len(all)) != m.Size() {
		t.Errorf("%d octets in the buffers, size %d", len(all), m.Size())
	}
	is := bytes.HasSuffix(all, []byte("\r\n")) && !bytes.Contains(all, []byte{0})
	for line := range bytes.SplitSeq(bytes.TrimSuffix(all, []byte("\r\n")), []byte("\r\n")) {
		is = is && len(line) <= 998 && !bytes.HasPrefix(line, []byte(".")) && !bytes.ContainsAny(line, "\r\n")
	}
	if is != clean {
		t.Errorf("clean is %v, and the octets are %v:\n%q", clean, is, all)
	}
}

// A message says that it can go on the wire as it is if that is so, and else that it cannot.
//
// Proven: with clean true whatever is attached, the message with a dot is one that is not clean; with the dot of a
// line's start left as it is by quoted-printable, others are not.
func TestClean(t *testing.T) {
	t.Parallel()
	eml := "From: a@example.com\nSubject: x\n\n%s\n"
	for name, s := range map[string]setup{
		"nothing attached": {},
		"dots":             {text: ".\n..\n.x\r\n.\r.y", html: "<p>\n.\n</p>"},
		"a file":           {attachments: [][3]string{{"a.txt", "", ""}}, files: map[string]string{"a.txt": ".\n.\n"}},
		"a message": {attachments: [][3]string{{"a.eml", "", ""}},
			files: map[string]string{"a.eml": fmt.Sprintf(eml, "Hello.")}},
		"a message with a dot": {attachments: [][3]string{{"a.eml", "", ""}},
			files: map[string]string{"a.eml": fmt.Sprintf(eml, ".dot")}},
		"both": {attachments: [][3]string{{"a.eml", "", ""}, {"a.txt", "", ""}},
			files: map[string]string{"a.eml": fmt.Sprintf(eml, "."), "a.txt": "x"}},
	} {
		m, err := s.renderer(t).Render(recipient(t, "Ann", "ann@example.com"), testDate)
		if err != nil {
			t.Fatal(err)
		}
		scan(t, m)
		if _, clean := m.Buffers(); clean == strings.Contains(fmt.Sprint(s.files), "\n.") && s.files["a.eml"] != "" {
			t.Errorf("%s: clean %v", name, clean)
		}
	}
	for _, c := range goldenCases() {
		m, err := c.renderer(t).Render(recipient(t, c.to[0], c.to[1], c.cells...), testDate)
		if err != nil {
			t.Fatal(err)
		}
		scan(t, m)
	}
}

// What is read of a message after its release is an error that nobody overlooks. It may be released twice.
//
// Proven: with made returning an empty desk, nothing panics.
func TestReadAfterRelease(t *testing.T) {
	t.Parallel()
	m, err := setup{html: "<p>Hello"}.renderer(t).Render(recipient(t, "Ann", "ann@example.com"), testDate)
	if err != nil {
		t.Fatal(err)
	}
	size := m.Size()
	m.Release()
	m.Release()
	for name, read := range map[string]func(){
		"WriteTo": func() { _, _ = m.WriteTo(&bytes.Buffer{}) }, "Buffers": func() { m.Buffers() },
		"Digest": func() { m.Digest() }, "Content": func() { m.Content(make([]byte, 32), "ann@example.com") },
		"Parts": func() { m.Parts() }, "Header": func() { m.Header() }, "Remarks": func() { m.Remarks() },
		"Text": func() { m.Text() }, "HTML": func() { m.HTML() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s returns after the release", name)
				}
			}()
			read()
		}()
	}
	if m.From() != "acme@acme.example" || m.To() != "ann@example.com" || m.ID() == "" || m.Subject() != "News" ||
		m.Size() != size {
		t.Error("the envelope is gone")
	}
}

// poison is what released memory is overwritten with. It cannot come from a row.
const poison = "POISON!"

// poisoned overwrites all that was laid out on a desk.
func poisoned(d *desk) {
	fill := func(b []byte) {
		b = b[:cap(b)]
		for i := range b {
			b[i] = poison[i%len(poison)]
		}
	}
	for _, b := range [][]byte{d.B, d.one.Text, d.text.Text, d.html.Text, d.stem, d.base64, d.digest, d.name, d.signed} {
		fill(b)
	}
	for _, o := range []*templates.Output{&d.one, &d.text, &d.html} {
		runs := o.Runs[:cap(o.Runs)]
		for i := range runs {
			runs[i] = templates.Run{At: 1 << 40, Literal: 1 << 40}
		}
	}
}

// Memory that was given back and used again leaves nothing of the message before, and nothing reads it after its
// message is over. Whatever is released is overwritten with a pattern. The pattern is in no message, and each message
// has the octets that it has when nothing is ever released.
//
// Proven: with clear called when a message is finished, before its release, hundreds of messages have the pattern in
// them; with the length of d.fields, of d.files or of d.segments left as it was, messages differ from their copies.
func TestReleasedMemory(t *testing.T) {
	t.Parallel()
	rows := 2_000
	if testing.Short() {
		rows = 300
	}
	s := setup{
		from: "{{.c}} <news@acme.example>", replyTo: "{{.c}}@acme.example", subject: "News for {{.c}}{{.fault}}",
		text: "{{.c}} {{.filler}}\n" + strings.Repeat("A line for everybody.\n", 30) + "{{.c}}\n",
		html: "<p>{{.c}} {{.filler}}\n" + strings.Repeat("<p>A line for everybody.</p>\n", 30) + `<img src="cid:logo">`,
		headers: [][2]string{{"X-Tag", "{{.c}}"}, {"List-Unsubscribe", "<https://acme.example/{{.mailshot.token}}>"},
			{"X-Fixed", "the same for all"}, {"X-Some", "{{if .filler}}{{.c}}{{end}}"}},
		attachments: [][3]string{{"logo.png", "", "logo"}, {"{{.file}}", "{{.c}}.txt", ""}},
		files:       map[string]string{"logo.png": png, "a.txt": "a\n", "b.txt": "b\n"},
	}
	used, fresh := s.renderer(t), s.renderer(t)
	used.cleared = poisoned
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			var live []*Message
			var sums []uint64
			over := func(n int) {
				for k, m := range live[:n] {
					if sum(t, m) != sums[k] {
						t.Errorf("the message to %s changed after it was made", m.To())
					}
					m.Release()
				}
				live, sums = live[n:], sums[n:]
			}
			for i := w; i < rows; i += 64 {
				to := poisonRow(t, i)
				m, err := used.Render(to, testDate)
				other, wrong := fresh.Render(to, testDate)
				if (err == nil) != (wrong == nil) || err != nil && err.Error() != wrong.Error() {
					t.Errorf("row %d: %v, and %v", i, err, wrong)
					return
				}
				if err != nil {
					continue
				}
				if err := errors.Join(m.Sign(stamp{}, testDate), other.Sign(stamp{}, testDate)); err != nil {
					t.Error(err)
				}
				unpoisoned(t, m, other)
				if live, sums = append(live, m), append(sums, sum(t, m)); len(live) > i%5 {
					over(1 + i%len(live))
				}
			}
			over(len(live))
		})
	}
	wg.Wait()
}

// poisonRow is a row of which some have faults, and whose texts are of all sizes and in both encodings.
func poisonRow(t *testing.T, i int) Recipient {
	random := rand.New(rand.NewPCG(11, uint64(i)))
	own := fmt.Sprintf("person%06d", i)
	a, err := address.Parse(own + "@example.com")
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]string{"c": own, "fault": "", "file": []string{"a.txt", "b.txt"}[random.IntN(2)],
		"filler": strings.Repeat([]string{"x y ", "صورت "}[random.IntN(2)], random.IntN(600))}
	if i%13 == 0 {
		cells["fault"] = "\n"
	}
	return Recipient{Address: a, Name: own, Key: own, Data: templates.Data{Text: cells}}
}

// sum is a sum of all that can be read of a message.
func sum(t *testing.T, m *Message) uint64 {
	h := fnv.New64a()
	if _, err := m.WriteTo(h); err != nil {
		t.Error(err)
	}
	fmt.Fprint(h, m.Header(), m.Parts(), m.Digest(), m.From(), m.To(), m.ID(), m.Subject())
	return h.Sum64()
}

// unpoisoned looks for the pattern in m, and compares m with the same message on memory of its own.
func unpoisoned(t *testing.T, m, other *Message) {
	var got, want bytes.Buffer
	if _, err := m.WriteTo(&got); err != nil {
		t.Error(err)
	}
	if _, err := other.WriteTo(&want); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) || m.Digest() != other.Digest() || sum(t, m) != sum(t, other) {
		t.Errorf("the message to %s is\n%q, and made alone it is\n%q", m.To(), got.Bytes(), want.Bytes())
	}
	all := got.String() + fmt.Sprint(m.Header(), m.Parts(), m.From(), m.To(), m.ID(), m.Subject())
	for i := range len(poison) { // wherever the pattern is cut
		if cut := poison[i:] + poison[:i]; strings.Contains(all, cut) {
			t.Errorf("the message to %s has what was released in it", m.To())
			return
		}
	}
}
