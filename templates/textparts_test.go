package templates

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"mailshot/templates/plaintext/flowed"
)

// textRow is the row that the bodies of testdata/text are made for.
func textRow() Data {
	d := ExampleData()
	for column, cell := range map[string]string{
		"email": "ann@example.com", "number": "A-1007", "code": "SPRING-7Q", "note": `gate 4 & "left"`, "accent": "#0b6e4f",
		"url": "https://shop.example/o/1007?c=ann&v=2", "image": "https://img.example/a/1007.png",
	} {
		d.Text[column] = cell
	}
	return d
}

// textBodies are the bodies of testdata/text. fa and he in their names are the languages that they are written in.
func textBodies(t *testing.T) map[string]*Body {
	t.Helper()
	bodies := map[string]*Body{}
	for _, pattern := range []string{"*.md", "*.html"} {
		names, err := filepath.Glob("testdata/text/" + pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var language string
			if parts := strings.Split(filepath.Base(name), "."); len(parts) > 2 {
				language = parts[1]
			}
			src := Source{File: filepath.Base(name), Text: string(text)}
			b := BodySource{HTML: &src}
			if strings.HasSuffix(name, ".md") {
				b = BodySource{Markdown: &src}
			}
			body, err := New(Config{Language: language}).Body(b)
			if err != nil {
				t.Fatal(diagnose(err))
			}
			bodies[strings.TrimSuffix(name, filepath.Ext(name))] = body
		}
	}
	return bodies
}

// seenText is what a reader sees of a text that is format=flowed, in a program that knows nothing of that: without
// the blanks at the ends of lines, and without the one that a line is stuffed with. A blank that does not break a
// line looks like any other.
func seenText(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(text, "\u00a0", " ")) {
		b.WriteString(strings.TrimRight(strings.TrimPrefix(line, " "), " \n") + "\n")
	}
	return b.String()
}

// The text part of each body of testdata/text is what a careful person wrote for it, by hand, in the file beside it.
func TestTextParts(t *testing.T) {
	t.Parallel()
	for name, body := range textBodies(t) {
		want, err := os.ReadFile(name + ".txt")
		if err != nil {
			t.Error(err)
			continue
		}
		text := run1(t, body.Text.Execute, textRow())
		if got := seenText(text); got != string(want) {
			t.Errorf("%s:\n%s\nis not\n%s", name, got, want)
		}
	}
}

// unflowed reads a text that is format=flowed, as section 4 of RFC 3676 says. Each line of the result is a line of the
// text as it was before it was wrapped, with the depth of its quote before it.
func unflowed(text string) []string {
	var lines []string
	var open bool
	depth := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		rest := strings.TrimLeft(line, ">")
		quotes := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		signature := rest == "-- "
		if open && quotes == depth && !signature {
			lines[len(lines)-1] += rest
		} else {
			lines = append(lines, strings.Repeat(">", quotes)+rest)
		}
		open, depth = strings.HasSuffix(rest, " ") && !signature, quotes
	}
	return lines
}

// A reader's program that knows format=flowed has each paragraph in one piece, with its words and its quotes. No line
// is longer than 76 columns, but for one word and for code. Proven by not stuffing: the quotes of a cell then count,
// and by wrapping without a blank at the end of a line.
func TestTextFlows(t *testing.T) {
	t.Parallel()
	words := strings.TrimSpace(strings.Repeat("From >you <b> &amp; - 1. ", 20))
	b, err := New(Config{}).Body(BodySource{Markdown: &Source{Text: "{{.x}}\n\n> {{.x}}\n>\n> > {{.x}} end\n\n" +
		"- {{.x}}\n\n# {{.x}}\n\n{{.y}}\n\n-- \\\n{{.y}}\n"}})
	if err != nil {
		t.Fatal(err)
	}
	text := run1(t, b.Text.Execute, Data{Text: map[string]string{"x": words, "y": ">>y"}})
	got := unflowed(text)
	for i, want := range []string{words, "", ">" + words, ">", ">>" + words + " end"} {
		if i >= len(got) || strings.TrimRight(got[i], " ") != want {
			t.Fatalf("line %d of\n%s\nis not %q", i, text, want)
		}
	}
	tail := got[len(got)-4:]
	if strings.TrimSpace(tail[0]) != ">>y" || tail[2] != "-- " || tail[3] != ">>y" {
		t.Errorf("the end is %q", tail)
	}
	if !strings.Contains(text, "\n >>y\n") || strings.Contains(text, "\n>>y\n") {
		t.Errorf("the cell is a quote:\n%s", text)
	}
	for name, body := range textBodies(t) {
		for line := range strings.Lines(run1(t, body.Text.Execute, textRow())) {
			line = strings.TrimSuffix(line, "\n")
			code := strings.HasPrefix(line, "     ")
			if flowed.Width([]byte(line)) > 76 && strings.Contains(strings.Trim(line, "> "), " ") && !code {
				t.Errorf("%s: too long: %q", name, line)
			}
		}
	}
}

// Nothing that w3m shows of a body is lost from its text part. w3m knows no style sheets, so what they hide is taken
// out of the document before. Proven by leaving out the cells that span columns, and by leaving out definitions.
func TestTextBesideBrowser(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("w3m"); err != nil {
		t.Skip("w3m is not here")
	}
	for name, body := range textBodies(t) {
		doc := run1(t, body.HTML.Execute, textRow())
		text := run1(t, body.Text.Execute, textRow())
		w3m := exec.Command("w3m", "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", "250")
		w3m.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C.UTF-8")
		w3m.Stdin = strings.NewReader(withoutHidden(t, doc))
		dump, err := w3m.Output()
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, word := range strings.FieldsFunc(norm.NFC.String(text), apartFromWords) {
			have[word] = true
		}
		signs := strings.NewReplacer("[DEL:", "", ":DEL]", "", "[INS:", "", ":INS]", "", "[S:", "", ":S]", "")
		shown := signs.Replace(norm.NFC.String(string(dump)))
		for _, word := range strings.FieldsFunc(shown, apartFromWords) {
			if !have[word] {
				t.Errorf("%s: %q is not in the text part:\n%s\nw3m:\n%s", name, word, text, dump)
				break
			}
		}
	}
}

func apartFromWords(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// hides matches the styles that hide what they are about, in the bodies of testdata/text.
var hides = regexp.MustCompile(`display: ?none|visibility: ?hidden|max-height: ?0|opacity: ?0(?:[^.]|$)|font-size: ?1px|-9999px`)

// withoutHidden takes what nobody sees out of a document. It knows less than the text part's own rules: the styles and
// classes of the bodies of testdata/text.
func withoutHidden(t *testing.T, doc string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	var drop func(n *html.Node)
	drop = func(n *html.Node) {
		for c := n.FirstChild; c != nil; {
			next := c.NextSibling
			gone := c.Data == "template" || c.Data == "style"
			if c.Type == html.TextNode && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
				return a.Key == "style" && (strings.Contains(a.Val, "font-size:0"))
			}) {
				gone = true
			}
			for _, a := range c.Attr {
				gone = gone || c.Data == "img" && a.Key == "width" && len(a.Val) == 2 && a.Val < "48" // an icon
				gone = gone || a.Key == "hidden" || a.Key == "style" && hides.MatchString(a.Val) ||
					a.Key == "class" && slices.Contains([]string{"off", "pre", "preheader"}, a.Val)
			}
			if gone {
				n.RemoveChild(c)
			} else {
				drop(c)
			}
			c = next
		}
	}
	drop(root)
	var b strings.Builder
	if err := html.Render(&b, root); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
