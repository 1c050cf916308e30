package page

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostile is a message that tries to get out of the page's frame, its texts and its attributes.
const hostile = `Content-Type: multipart/mixed; boundary=M

--M
Content-Type: multipart/related; boundary=R

--R
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

</pre><script>window.owned =3D 1</script>=1B[2J
--A
Content-Type: text/html; charset=utf-8

<p onclick="x()">"></iframe><script>parent.owned = 1</script>
<img src="cid:logo"><img src="cid:logo2"><img src="https://tracker.example/pixel.png">
--A--
--R
Content-Type: image/png
Content-ID: <logo>
Content-Disposition: inline; filename="a.png"
Content-Transfer-Encoding: base64

AAAA
--R
Content-Type: image/svg+xml
Content-ID: <logo2>
Content-Disposition: inline; filename="b.svg"

<svg onload="x()"/>
--R--
--M
Content-Type: text/html
Content-Disposition: attachment; filename="<script>x()</script>.html"

<script>x()</script>
--M--
`

// Whatever a mail contains stays text of the page, or stays inside a frame that may do nothing.
//
// Proven by breaking the code: when the text of the message was template.HTML, a script element was in the page.
func TestPageHostile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.html")
	v, err := New(path, `"><script>x()</script>`)
	if err != nil {
		t.Fatal(err)
	}
	p := shown{Number: 1, To: `<script>x()</script>`, Subject: `"><img src=x onerror=x()>`,
		Header: [][2]string{{"X-A", "</td><script>x()</script>"}}}
	if err := p.read([]byte(strings.ReplaceAll(hostile, "\n", "\r\n"))); err != nil {
		t.Fatal(err)
	}
	if err := v.write("message", p); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the page has its name before it is whole")
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	frames := 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s has %s", n.Data, a.Key)
			}
		}
		switch n.Data {
		case "script", "img", "object", "form", "a", "link", "svg":
			t.Errorf("the page has a %s element", n.Data)
		case "iframe":
			frames++
			if sandbox, ok := attr["sandbox"]; !ok || sandbox != "" {
				t.Errorf("the frame's sandbox is %q (there: %v): it must be there, and allow nothing", sandbox, ok)
			}
			doc := attr["srcdoc"]
			if !strings.HasPrefix(doc, framePolicy) {
				t.Errorf("the frame does not begin with its policy: %.100s", doc)
			}
			if !strings.Contains(doc, `<img src="data:image/png;base64,AAAA"><img src="cid:logo2">`) {
				t.Errorf("images: %s", doc)
			}
		}
	}
	if frames != 1 {
		t.Errorf("%d frames, want 1", frames)
	}
	for _, want := range []string{"window.owned = 1", `\x1b[2J`, "b.svg (cid:logo2)",
		"default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"} {
		if !strings.Contains(html.UnescapeString(string(page)), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
}

// A page that could not be written leaves nothing behind.
func TestPageBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := New(filepath.Join(dir, "page.html"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.write("message", 1); err == nil {
		t.Error("writing what the page has no place for gave no error")
	}
	if err := v.Close(); err == nil {
		t.Error("close gave no error")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
