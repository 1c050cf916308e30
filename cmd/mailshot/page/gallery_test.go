package page

import (
	"bytes"
	"flag"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"mailshot/campaign/check"
)

var everything = flag.Bool("everything", false, "look at all hostile texts, and not at a part of them")

// mail is a message as the tests write it.
type mail struct {
	to, subject, text, html string
	files                   []attached
}

type attached struct {
	name, kind, cid string
	body            []byte
}

// octets are those of the message on the wire.
func (m mail) octets() []byte {
	var b bytes.Buffer
	part := func(kind, text string) {
		fmt.Fprintf(&b, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", kind)
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	}
	fmt.Fprintf(&b, "From: Club <club@example.org>\r\nTo: %s\r\nSubject: %s\r\nMIME-Version: 1.0\r\n", m.to,
		mime.BEncoding.Encode("utf-8", m.subject))
	b.WriteString("Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\nContent-Type: multipart/alternative; boundary=A\r\n\r\n--A\r\n")
	part("text/plain", m.text)
	b.WriteString("\r\n--A\r\n")
	part("text/html", m.html)
	b.WriteString("\r\n--A--\r\n")
	for _, f := range m.files {
		fmt.Fprintf(&b, "--M\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n", f.kind)
		if f.cid != "" {
			fmt.Fprintf(&b, "Content-ID: <%s>\r\n", f.cid)
		}
		fmt.Fprintf(&b, "Content-Disposition: %s\r\n\r\n%s\r\n",
			mime.FormatMediaType("attachment", map[string]string{"filename": f.name}), lines(f.body))
	}
	b.WriteString("--M--\r\n")
	return b.Bytes()
}

// write writes a gallery of messages, and gives its file.
func write(t *testing.T, s Summary, all ...Message) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gallery.html")
	v, err := New(file, "club")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if err := v.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	s.Made = time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)
	if err := v.Close(s); err != nil {
		t.Fatal(err)
	}
	return file
}

// hostile are texts that break out of some place of a page if they are not taken for text. at stands for evil.example.
func hostile(t *testing.T, at string) (all []string) {
	t.Helper()
	file, err := os.ReadFile("../web/testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		text, err := strconv.Unquote(line)
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%3 > 0 && !*everything {
			continue
		}
		text = strings.ReplaceAll(text, "alert(1)", "top.owned=parent.owned=self.owned=1,alert(1)")
		all = append(all, strings.ReplaceAll(text, "evil.example", at))
	}
	for _, text := range []string{
		`<img src="http://AT/i"><img srcset="http://AT/s 2x"><table background="http://AT/b"><tr><td>x</table>`,
		`<style>@import "http://AT/c"; @font-face{font-family:x;src:url(http://AT/f)} p{font-family:x;background:url(http://AT/u)}</style><p>x`,
		`<link rel=preconnect href="http://AT"><link rel=dns-prefetch href="http://AT"><link rel=prefetch href="http://AT/p">`,
		`<meta http-equiv=refresh content="0;url=http://AT/m"><meta http-equiv="refresh" content="0;javascript:top.owned=1">`,
		`<video src="http://AT/v" poster="http://AT/w" autoplay></video><audio src="http://AT/a" autoplay></audio>`,
		`<form action="http://AT/form"><input autofocus onfocus="this.form.submit()"><button formaction="http://AT/g">x</button></form>`,
		`<svg><a xlink:href="http://AT/x" href="http://AT/h"><text y=20>x</text></a><image href="http://AT/im"/><use href="http://AT/us#x"/></svg>`,
		`<svg><a><text y=20>x</text><animate attributeName=href values="http://AT/an"/></a><set attributeName=href to="http://AT/st"/></svg>`,
		`<div><template shadowrootmode=open><a href="http://AT/sh">x</a><img src="http://AT/si"></template></div>`,
		`<noscript><p title="</noscript><img src=http://AT/ns onerror=top.owned=1>"></noscript><noembed><img src=http://AT/ne></noembed>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=http://AT/mx onerror=top.owned=1&gt;">`,
		`<form><math><mtext></form><form><mglyph><style></math><img src="http://AT/my" onerror=top.owned=1>`,
		`<svg></p><style><a id="</style><img src=http://AT/mz onerror=top.owned=1>">`,
		`<xmp><a href="</xmp><a href=http://AT/xm>x</a>"></xmp><plaintext><a href=http://AT/pl>`,
		`<a href="http://AT/l" ping="http://AT/pi" target=_top>first link</a> <a href="http://AT/l2" target=_blank>second link</a>`,
		`<map name=m><area href="http://AT/ar" coords="0,0,900,900"></map><img usemap=#m width=300 height=100 alt="">`,
		`<object data="http://AT/o"><embed src="http://AT/e"></object><applet code="http://AT/ap"></applet>`,
		`<body onload="top.owned=1" background="http://AT/bb"><frameset><frame src="http://AT/fr"></frameset>`,
		`<style>:root{--x:url(http://AT/v1)} *{content:var(--x);cursor:url(http://AT/cu),auto;list-style:url(http://AT/ls)}</style>`,
		`<iframe srcdoc="<script>top.owned=1</script><img src=http://AT/if>"></iframe><portal src="http://AT/po"></portal>`,
		`<base href="http://AT/"><img src=rel><a href=rel>x</a><details ontoggle=top.owned=1 open>x</details><input type=image src="http://AT/ii">`,
	} {
		all = append(all, strings.ReplaceAll(text, "AT", at))
	}
	return all
}

// tracker is a server that notes who connects to it.
func tracker(t *testing.T) (at string, seen func() []string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	note := func(what string) {
		mu.Lock()
		got = append(got, what)
		mu.Unlock()
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter,
		r *http.Request) {
		note(r.URL.String())
	}))
	s.Config.ConnState = func(_ net.Conn, c http.ConnState) {
		if c == http.StateNew {
			note("a connection")
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

// Whatever a message, a cell or a finding says: no script runs but the gallery's, nothing is asked of anybody, and no
// link opens anything, also where somebody holds a key.
//
// Seen to fail with the HTML as it is and no policy: 36 requests.
func TestHostile(t *testing.T) {
	t.Parallel()
	at, seen := tracker(t)
	texts := hostile(t, at)
	if len(texts) < 40 {
		t.Fatalf("%d texts: the test looks at nothing", len(texts))
	}
	var all []Message
	for i, text := range texts {
		m := mail{to: "ann@example.com", subject: text, text: text, html: text, files: []attached{
			{name: text, kind: "text/html", body: []byte(text)}, {name: "a.svg", kind: "image/svg+xml", cid: text,
				body: []byte(text)},
		}}
		all = append(all, Message{Number: int64(i + 1), Place: text, Key: text, Name: text, Address: text, Subject: text,
			Language: text, Blind: text, Note: text, Octets: m.octets(),
			Findings: []check.Finding{{Code: text, Severity: check.Warning, Place: text, Text: text, Hint: text}},
			Change:   &Change{Kind: IsChanged, Was: m.octets(), Cells: []Cell{{text, text, text}}, Words: []string{text}}})
	}
	file := write(t, Summary{Outside: texts[9], Notes: texts, Against: &Against{Name: texts[10], Inputs: texts,
		Notes: texts},
		Report: &check.Report{Findings: []check.Finding{{Code: texts[8], Severity: check.Error, Text: texts[9],
			Place: texts[10]}}}}, all...)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("owned")) {
		t.Error("a text is in the page as it is")
	}
	r := look(t, file, 1280, false)
	chromedp.ListenTarget(r.ctx, func(event any) {
		if e, ok := event.(*cdp.EventJavascriptDialogOpening); ok {
			t.Errorf("a script ran: %s", e.Message)
			go func() { _ = chromedp.Run(r.ctx, cdp.HandleJavaScriptDialog(true)) }()
		}
	})
	for i := range texts {
		if i > 0 {
			r.run(chromedp.KeyEvent("j"))
		} else {
			r.run(chromedp.Evaluate("document.querySelector('#rows .row').click()", nil))
		}
		r.wait(fmt.Sprintf("document.querySelector('.pager .of')?.textContent.startsWith('%d of')", i+1))
		r.run(chromedp.KeyEvent("dddtslm")) // all colours, then each view
		if strings.Contains(texts[i], "<") {
			r.press("iframe")
		}
	}
	var foreign []string
	r.eval(`[...document.querySelectorAll("body script:not([type='text/plain']), body link, body object, body embed, body form[action], body base, body [onerror], body [onload]")].slice(1).map(e => e.outerHTML.slice(0, 80))`, &foreign)
	if len(foreign) > 0 {
		t.Errorf("the page has %q", foreign)
	}
	var owned bool
	r.eval("'owned' in window", &owned)
	if owned {
		t.Error("a script of a mail ran")
	}
	infos, err := target.GetTargets().Do(r.browser())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		if i.Type == "page" && !strings.HasPrefix(i.URL, "file:") && i.URL != "about:blank" {
			t.Errorf("a link opened %s", i.URL)
		}
	}
	if got := seen(); len(got) > 0 {
		t.Errorf("%d requests: %q", len(got), got[:min(len(got), 10)])
	}
	if said := r.wrong(); len(said) > 0 {
		t.Errorf("the page's script: %q", said[:min(len(said), 5)])
	}
}
