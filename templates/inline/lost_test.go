package inline_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	xhtml "golang.org/x/net/html"
)

// statements splits the text of a <style> into its rules and at-rules, without comments, and with one blank for many.
func statements(text string) []string {
	l := css.NewLexer(parse.NewInputString(text))
	var all []string
	var b strings.Builder
	depth, at := 0, false
	for {
		tt, data := l.Next()
		switch tt {
		case css.ErrorToken:
			if s := strings.TrimSpace(b.String()); s != "" {
				all = append(all, s)
			}
			return all
		case css.CommentToken, css.CDOToken, css.CDCToken:
			continue
		case css.WhitespaceToken:
			data = []byte(" ")
		case css.LeftBraceToken:
			depth++
		case css.RightBraceToken:
			depth--
		case css.AtKeywordToken:
			at = at || strings.TrimSpace(b.String()) == ""
		}
		b.Write(data)
		if depth <= 0 && (tt == css.RightBraceToken || at && tt == css.SemicolonToken) {
			all = append(all, strings.TrimSpace(b.String()))
			b.Reset()
			depth, at = 0, false
		}
	}
}

// sheets are the statements of all <style> of a document.
func sheets(t *testing.T, doc string) (all []string, root *xhtml.Node) {
	t.Helper()
	root, err := xhtml.ParseWithOptions(strings.NewReader(doc), xhtml.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == xhtml.ElementNode && n.Data == "style" && n.FirstChild != nil {
			all = append(all, statements(n.FirstChild.Data)...)
		}
	}
	return all, root
}

// No rule is lost, and those that stay are unchanged and in order. A rule that is gone has a selector that can be
// inlined, matches something, and each of its properties stands in the style= of all that it matches. Proven by erasing
// rules of which only some declarations were inlined: eleven properties were named.
func TestNoRuleLost(t *testing.T) {
	t.Parallel()
	rules, gone := 0, 0
	for _, file := range documents(t) {
		before := made(t, file, true)
		if before == "" {
			continue
		}
		was, _ := sheets(t, before)
		is, root := sheets(t, made(t, file, false))
		at := 0
		for _, rule := range was {
			rules++
			if i := slices.Index(is[at:], rule); i >= 0 {
				at += i + 1
				continue
			}
			gone++
			head, body, _ := strings.Cut(rule, "{")
			if strings.ContainsAny(inlinable.ReplaceAllString(head, ""), "@:") {
				t.Errorf("%s: %s is lost", filepath.Base(file), rule)
				continue
			}
			lost(t, filepath.Base(file), root, head, body)
		}
	}
	t.Logf("%d rules, %d of them inlined whole", rules, gone)
}

// inlinable are the pseudo-classes that hang on the document alone.
var inlinable = regexp.MustCompile(`:(?:not\([.#\w-]+\)|(?:first|last|only)-(?:child|of-type)|nth-[a-z-]+\([^)]*\))`)

// lost reports what a rule says that does not stand in style=.
func lost(t *testing.T, file string, root *xhtml.Node, head, body string) {
	t.Helper()
	selector, err := cascadia.ParseGroup(strings.TrimSpace(head))
	if err != nil {
		t.Errorf("%s: %s: %v", file, head, err)
		return
	}
	matches := cascadia.QueryAll(root, selector)
	if len(matches) == 0 {
		t.Errorf("%s: %s matches nothing, and is lost", file, head)
	}
	for _, n := range matches {
		style := ";"
		for _, a := range n.Attr {
			if a.Key == "style" {
				style += strings.ToLower(strings.Join(strings.Fields(a.Val), ""))
			}
		}
		for c := range strings.SplitSeq(strings.Trim(body, "{} "), ";") {
			property, _, ok := strings.Cut(strings.ToLower(strings.Join(strings.Fields(c), "")), ":")
			if ok && property != "" && !strings.Contains(style, ";"+property+":") && !strings.Contains(property, "base64") {
				t.Errorf("%s: %s of %s is not in %s", file, property, head, style)
			}
		}
	}
}
