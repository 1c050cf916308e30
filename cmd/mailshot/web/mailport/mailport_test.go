package mailport

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"mailshot/cmd/mailshot/opened"
)

func get(p *Port, address string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, address, nil)
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	return w
}

// A file of a message is kept and not opened, whatever its name and type say.
func TestFiles(t *testing.T) {
	t.Parallel()
	p := &Port{Host: "127.0.0.1:2", Window: "http://127.0.0.1:1"}
	m := &opened.Message{HTML: "<p>x", Files: []opened.File{
		{Name: "invoice.pdf", Type: "application/pdf", Body: []byte("%PDF")},
		{Name: "../..\\evil\r\nX-Evil: 1.html", Type: "text/html", Body: []byte("<script>")},
		{CID: "logo", Type: "image/svg+xml", Body: []byte("<svg>")},
		{Name: "صورتحساب.pdf", Type: "application/pdf"},
	}}
	address := p.Keep(m)
	for i, name := range []string{"invoice.pdf", "", "file-3", "صورتحساب.pdf"} {
		w := get(p, address+"files/"+string(rune('0'+i)))
		kind, params, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
		if w.Code != http.StatusOK || w.Body.String() != string(m.Files[i].Body) || err != nil || kind != "attachment" {
			t.Errorf("%d: %d, %v, %q", i, w.Code, err, w.Header())
		}
		if got := params["filename"]; name != "" && got != name || strings.ContainsAny(got, "/\\") {
			t.Errorf("%d is called %q", i, got)
		}
		if w.Header().Get("Content-Type") != "application/octet-stream" ||
			w.Header().Get("X-Content-Type-Options") != "nosniff" ||
			w.Header().Get("X-Evil") != "" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%d: %q", i, w.Header())
		}
	}
	for _, path := range []string{"files/4", "files/-1", "files/x", "files/"} {
		if w := get(p, address+path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := get(p, p.Origin()+"/guess/files/0"); w.Code != http.StatusNotFound {
		t.Errorf("without the secret: %d", w.Code)
	}
}

// The memory is bounded by the number and by the size of the messages, and the newest stays.
func TestMemory(t *testing.T) {
	t.Parallel()
	p := &Port{Host: "127.0.0.1:2"}
	large := &opened.Message{HTML: "x", Files: []opened.File{{Body: make([]byte, mostBytes/2)}}}
	first := p.Keep(large)
	for range 3 {
		p.Keep(large)
	}
	if len(p.kept) > 2 || p.bytes > mostBytes {
		t.Errorf("%d kept, %d bytes", len(p.kept), p.bytes)
	}
	if w := get(p, first); w.Code != http.StatusNotFound {
		t.Errorf("the oldest: %d", w.Code)
	}
	last := p.Keep(&opened.Message{HTML: "y", Files: []opened.File{{Body: make([]byte, mostBytes+1)}}})
	if w := get(p, last); w.Code != http.StatusOK || len(p.kept) != 1 {
		t.Errorf("the newest: %d, %d kept", w.Code, len(p.kept))
	}
	for range 2 * most {
		p.Keep(&opened.Message{HTML: "z"})
	}
	if len(p.kept) != most || len(p.order) != most || p.bytes != most {
		t.Errorf("%d kept, %d bytes", len(p.kept), p.bytes)
	}
}

// Forced dark turns the message's own images back; images from elsewhere are for those who ask.
func TestVariants(t *testing.T) {
	t.Parallel()
	p := &Port{Host: "127.0.0.1:2", Window: "http://127.0.0.1:1"}
	address := p.Keep(&opened.Message{HTML: "<p>x"})
	for path, c := range map[string]struct{ images, turned bool }{
		"": {}, "images": {images: true}, "?forced": {turned: true}, "images?forced": {images: true, turned: true},
	} {
		w := get(p, address+path)
		policy := w.Header().Get("Content-Security-Policy")
		if strings.Contains(policy, "https:") != c.images || strings.Contains(w.Body.String(), "invert") != c.turned ||
			strings.Contains(policy, "script-src") || !strings.HasPrefix(w.Body.String(), "<p>x"+blank) {
			t.Errorf("%q: %s\n%s", path, policy, w.Body)
		}
	}
}

// The links of a mail lead nowhere, and the rest of it stays byte for byte.
func TestStill(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<!DOCTYPE html>\n<P  CLASS=x>a<br/>&amp;&nbsp;<!-- c --><b HREF='x'>b</B>": "<!DOCTYPE html>\n<P  CLASS=x>a<br/>&amp;&nbsp;<!-- c --><b HREF='x'>b</B>",
		`<A class="b" HREF="x?a=1&amp;b=2" TARGET=_self ping=y download>b</A>`:      `<a class="b" href="#">b</A>`,
		`<base target=_self href=x><area target="" href="y">`:                       `<base><area href="#">`,
		`<svg><a xlink:href="x" title="&quot;>">b</a></svg>`:                        `<svg><a xlink:href="#" title="&#34;&gt;">b</a></svg>`,
		`<a name=x>`: `<a name="x">`, `<style>a[target=x]{}</style><p target=x>`: `<style>a[target=x]{}</style><p target=x>`,
		`<link REL=stylesheet href=x><LINK rel=preconnect href=//y>`:       `<link rel="stylesheet"><link rel="preconnect">`,
		`<iframe srcdoc="<a href=x>"></iframe><p title="href">`:            `<iframe></iframe><p title="href">`,
		`<noscript><a href=x>b</a></noscript>`:                             `<noscript><a href="#">b</a></noscript>`,
		`<svg><a href=x><set attributeName=xlink:href to=y /><set to=z />`: `<svg><a href="#"><set to="y"/><set to=z />`,
		`a < b <`: `a < b <`, "": "", "<a target=": "<a target=", "x\x00\ufeff": "x\x00\ufeff",
	} {
		if got := still(text); got != want+blank {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// However a mail is written, a browser that runs nothing finds no link in it, and nothing to connect to. All but the
// first were found where the tags of the tokenizer alone were changed: it takes for text what a browser takes for
// tags here.
func TestNoWayOut(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`<a href=https://evil.example>`,
		`<noscript><a href=https://evil.example>b</a></noscript>`,
		`<noscript/><a href=https://evil.example>b</a>`,
		`<link rel=preconnect href=https://evil.example>`,
		`<head><noscript><link rel=dns-prefetch href=//evil.example></noscript></head>`,
		`<svg><style><a xlink:href=https://evil.example><text>b</text></a></style></svg>`,
		`<svg><title><a href=https://evil.example>b</a></title></svg>`,
		`<math><xmp><a href=https://evil.example>b</a></xmp></math>`,
		`<svg><![CDATA[><a title="]]><a href=https://evil.example>">b</a></svg>`,
		`<svg><a href=#><animate attributeName=href values=https://evil.example /></a></svg>`,
		`<iframe srcdoc="<a href=https://evil.example>b</a>"></iframe>`,
		`<select><noembed></select><a href=https://evil.example>b</a>`,
		strings.Repeat("<div>", 600) + `<svg><style><a href=https://evil.example>b`,
	} {
		got := still(text)
		doc, err := html.ParseWithOptions(strings.NewReader(got[:len(got)-len(blank)]),
			html.ParseOptionEnableScripting(false))
		if err != nil {
			if strings.Contains(strings.ReplaceAll(got, "x-href", ""), "href") {
				t.Errorf("%.60q is %.60q", text, got)
			}
			continue
		}
		for n := range doc.Descendants() {
			for _, a := range n.Attr {
				if (a.Key == "href" || a.Key == "srcdoc" || a.Key == "attributeName") && a.Val != "#" {
					t.Errorf("%q is %q: <%s %s=%q>", text, got, n.Data, a.Key, a.Val)
				}
			}
		}
	}
}
