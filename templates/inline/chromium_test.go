package inline_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	xhtml "golang.org/x/net/html"

	"mailshot/templates"
)

var corpus = flag.String("corpus", "", "folders of HTML documents for the comparison in Chromium, with commas between")

// pair is a document without and with its styles inlined, for the script.
type pair struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// result is what the script says of a pair at a width.
type result struct {
	Name     string
	Width    int
	Dark     bool
	Elements int
	Said     []string
	More     int
	Buttons  int
}

// documents are the templates that are compared: those of testdata, those of the folders of -corpus, and the common
// ones that lie beside the repository.
func documents(t *testing.T) []string {
	t.Helper()
	folders := []string{"testdata/documents", "../../../shared/corpora/html"}
	if *corpus != "" {
		folders = append(folders, strings.Split(*corpus, ",")...)
	}
	var all []string
	for _, folder := range folders {
		files, _ := filepath.Glob(filepath.Join(folder, "*.html"))
		all = append(all, files...)
	}
	if len(all) < 4 {
		t.Fatal("no documents")
	}
	return all
}

// cells is the row that the documents are made for.
var cells = map[string]string{"email": "ann@example.com", "name": "Ann", "number": "4711", "amount": "1,234.50",
	"due": "2026-11-22", "url": "https://example.com/x?y=1", "image": "https://example.com/i.png", "accent": "#0a5a55",
	"city": "Rome", "code": "K3X7", "phone": "+1 555 0100", "note": "a note"}

// made makes a document for the row. It skips what is not a template of this program.
func made(t *testing.T, file string, noInline bool) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	src := string(text)
	if !strings.Contains(file, "documents") && !strings.Contains(file, "corpora") {
		src = strings.ReplaceAll(src, "{{", "{ {") // it is another program's
	}
	body, err := templates.New(templates.Config{}).Body(templates.BodySource{
		HTML: &templates.Source{File: file, Text: src}, Text: &templates.Source{Text: "x"}, NoInline: noInline})
	if err != nil {
		t.Logf("%s is left out: %v", file, err)
		return ""
	}
	var b strings.Builder
	if err := body.HTML.Execute(&b, templates.Data{Text: cells}); err != nil {
		t.Logf("%s is left out: %v", file, err)
		return ""
	}
	return b.String()
}

// chromium has the browser compare pairs.
func chromium(t *testing.T, mode string, dark bool, pairs []pair) []result {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not here (Debian: chromium)")
	}
	script, err := os.ReadFile("testdata/compare.js")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(pairs) // which writes < as \u003c
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	page := filepath.Join(dir, "page.html")
	text := fmt.Sprintf("<!doctype html><meta charset=utf-8><body><script>const mode = %q, pairs = %s;\n%s</script>",
		mode, data, script)
	if err := os.WriteFile(page, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	scheme := "1"
	if dark {
		scheme = "0"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--blink-settings=preferredColorScheme="+scheme, "--virtual-time-budget=20000",
		"--dump-dom", "file://"+page)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	root, err := xhtml.Parse(strings.NewReader(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "pre" && n.FirstChild != nil {
			var results []result
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &results); err != nil {
				t.Fatal(err)
			}
			return results
		}
	}
	t.Fatalf("chromium wrote no results: %.300s", out)
	return nil
}

// Chromium computes the same styles for each element of a document, with its styles inlined and without: on a phone and
// on a desk, light and dark. The visible text is the same.
func TestSameStyles(t *testing.T) {
	t.Parallel()
	var pairs []pair
	for _, file := range documents(t) {
		if before := made(t, file, true); before != "" {
			pairs = append(pairs, pair{filepath.Base(file), before, made(t, file, false)})
		}
	}
	elements := 0
	for _, dark := range []bool{false, true} {
		results := chromium(t, "compare", dark, pairs)
		if len(results) != 2*len(pairs) {
			t.Errorf("%d results for %d documents", len(results), len(pairs))
		}
		for _, r := range results {
			if elements += r.Elements; r.Dark != dark {
				t.Fatalf("%s: dark is %v", r.Name, r.Dark)
			}
			for _, s := range r.Said {
				t.Errorf("%s at %d px, dark %v: %s (%d in all)", r.Name, r.Width, dark, s, r.More)
			}
		}
	}
	t.Logf("%d documents, %d elements compared", len(pairs), elements)
}

// What is left for a mail program that drops <style>, at the same widths: each button is one still, no text lies on
// another, and no text has less contrast than 4.5 that had more. What a template says in @media alone cannot be kept.
func TestStripped(t *testing.T) {
	t.Parallel()
	var pairs []pair
	for _, file := range documents(t) {
		if before := made(t, file, true); before != "" {
			pairs = append(pairs, pair{filepath.Base(file), before, styleElement.ReplaceAllString(made(t, file, false), "")})
		}
	}
	buttons := 0
	for _, r := range chromium(t, "stripped", false, pairs) {
		buttons += r.Buttons
		for _, s := range r.Said {
			t.Errorf("%s at %d px: %s (%d in all)", r.Name, r.Width, s, r.More)
		}
	}
	t.Logf("%d documents, %d buttons", len(pairs), buttons)
}

var styleElement = regexp.MustCompile(`(?is)<style\b.*?</style>`)
