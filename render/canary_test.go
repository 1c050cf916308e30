package render

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"

	"mailshot/render/address"
	"mailshot/templates"
)

// Ten thousand people, sixty-four goroutines, a token of each person in every place where a cell can stand, messages of
// all sizes, and rows that fail in between: no message carries another person's token.
//
// Proven: with desks that are put back into the pool as they are taken out, messages have foreign tokens or cannot be
// made. When messages had buffers of their own, one kept in the Renderer gave 8,954 of them a foreign token.
func TestNoForeignToken(t *testing.T) {
	t.Parallel()
	rows := 10_000
	if testing.Short() {
		rows = 1_000
	}
	token := func(i int) string { return fmt.Sprintf("canary%06dx", i) }
	pattern := regexp.MustCompile(`canary[0-9]{6}x`)
	s := setup{
		from: "{{.c}} <{{.c}}@acme.example>", replyTo: "{{.c}}@acme.example", subject: "News for {{.c}}{{.fault}}",
		text: "{{.c}} {{.filler}} {{.c}}\n", html: `<p title="{{.c}}">{{.c}} {{.filler}}<img src="cid:logo"></p>`,
		headers: [][2]string{{"X-Tag", "{{.c}}"}, {"List-Unsubscribe", "<https://acme.example/{{.c}}>"},
			{"List-Id", "{{.c}} <news.acme.example>"}},
		attachments: [][3]string{{"logo.png", "", "logo"}, {"files/{{.file}}.txt", "{{.c}}.txt", ""}, {"terms.pdf", "", ""}},
		files:       map[string]string{"logo.png": png, "terms.pdf": "%PDF-" + strings.Repeat("terms ", 1000)},
		cache:       64 << 10, // small: files come and go
	}
	const people = 200 // each has a file, with a token as its content
	for i := range people {
		s.files["files/"+token(i)+".txt"] = strings.Repeat(token(i)+"\n", 1+i*7%300)
	}
	r := s.renderer(t)

	var wg sync.WaitGroup
	next := make(chan int)
	for range 64 {
		wg.Go(func() {
			var kept []*Message // checked when others have been made since
			var raws [][]byte
			for i := range next {
				random := rand.New(rand.NewPCG(7, uint64(i)))
				own := token(i % people)
				cells := map[string]string{"c": own, "file": own, "fault": "", "filler": strings.Repeat("fülle "[random.IntN(2):],
					random.IntN(500))}
				if i%17 == 0 {
					cells["fault"] = "\n"
				}
				if i%23 == 0 {
					cells["file"] = "gone"
				}
				a, err := address.Parse(own + "@example.com")
				if err != nil {
					t.Error(err)
					return
				}
				m, err := r.Render(Recipient{Address: a, Name: own, Key: own, Data: templates.Data{Text: cells}}, testDate)
				if (err != nil) != (i%17 == 0 || i%23 == 0) {
					t.Errorf("row %d: %v", i, err)
					return
				}
				if err != nil {
					for _, found := range pattern.FindAllString(err.Error(), -1) {
						if found != own {
							t.Errorf("row %d: the error names %s: %v", i, found, err)
						}
					}
					continue
				}
				var b bytes.Buffer
				if _, err := m.WriteTo(&b); err != nil {
					t.Error(err)
				}
				kept, raws = append(kept, m), append(raws, b.Bytes())
				if len(kept) < 20 {
					continue
				}
				for k, m := range kept {
					foreign(t, pattern, m, raws[k])
				}
				kept, raws = nil, nil
			}
			for k, m := range kept {
				foreign(t, pattern, m, raws[k])
			}
		})
	}
	for i := range rows {
		next <- i
	}
	close(next)
	wg.Wait()
}

// foreign looks for other people's tokens in everything that m carries: its envelope, its octets (the same now as when
// they were first written), and its parts as a reader decodes them.
func foreign(t *testing.T, pattern *regexp.Regexp, m *Message, raw []byte) {
	own, _, _ := strings.Cut(m.To(), "@")
	var again bytes.Buffer
	if _, err := m.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), raw) {
		t.Errorf("the message to %s changed after it was made", own)
	}
	all := []string{m.From(), m.To(), m.Subject(), string(raw), fmt.Sprint(m.Header())}
	for _, p := range m.Parts() {
		all = append(all, p.Name, p.Text)
	}
	count := 0
	for _, s := range m.made().segments {
		if s.shared != nil {
			all = append(all, decodeBase64(t, s.shared.encoded))
		}
	}
	for _, text := range all {
		for _, found := range pattern.FindAllString(text, -1) {
			if count++; found != own {
				t.Errorf("the message to %s has %s in it", own, found)
				return
			}
		}
	}
	if count < 12 {
		t.Errorf("the message to %s has its own token only %d times", own, count)
	}
}
