package page

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check"
)

// The files of a folder have names that every system takes, whatever cells say; the same file is there once, and no
// name is taken twice, also where large and small letters are the same.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := Open(filepath.Join(dir, "index.html"), "club", true)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"../../up.pdf", "CON", "nul.txt", `a\b:c*?"<>|.pdf`, "x\x00y", " .hidden", "Plan.pdf", "plan.PDF",
		"ends.", "ends "}
	for i, name := range names {
		m := mail{"ann@example.com", name, "Hello", "<p>Hello</p>", []attached{
			{name, "application/pdf", "", []byte("of " + name)}, {"terms.txt", "text/plain", "", []byte("The terms.")}}}
		if err := v.Add(Message{Number: int64(i + 1), Key: name, Address: m.to, Octets: m.octets()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Close(Summary{Report: &check.Report{}}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	bodies := map[string]int{}
	for _, folder := range []string{"files", "messages"} {
		list, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			name := strings.ToLower(folder + "/" + e.Name())
			if strings.ContainsAny(e.Name(), "\\/:*?\"<>|\x00") || strings.HasSuffix(e.Name(), ".") ||
				strings.HasSuffix(e.Name(), " ") ||
				strings.HasPrefix(e.Name(), ".") || slices.Contains([]string{"con", "nul"},
				strings.SplitN(strings.ToLower(e.Name()), ".", 2)[0]) {
				t.Errorf("a file is called %q", e.Name())
			}
			if seen[name] && folder == "files" {
				t.Errorf("%q is there twice for a system that takes letters alike", name)
			}
			seen[name] = true
			b, err := os.ReadFile(filepath.Join(dir, folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			bodies[string(b)]++
		}
	}
	for _, name := range names {
		if bodies["of "+name] != 1 {
			t.Errorf("the file of %q is there %d times", name, bodies["of "+name])
		}
	}
	if bodies["The terms."] != 1 {
		t.Errorf("the terms are there %d times", bodies["The terms."])
	}
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) != 1 {
		t.Errorf("beside the folder: %v", entries)
	}
	r := look(t, filepath.Join(dir, "index.html"), 1280, false)
	r.open("4")
	var links []string
	r.eval(`[...document.querySelectorAll(".files a, .place a")].map(a => a.getAttribute("href"))`, &links)
	if len(links) != 5 { // .eml, and twice Open and Save
		t.Fatalf("links %q", links)
	}
	for _, l := range links {
		name, err := url.PathUnescape(l)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Errorf("%s leads nowhere: %v", l, err)
		}
	}
}

// A gallery that could not be made leaves nothing, and one with more files than there is room for says so.
func TestRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := Open(filepath.Join(dir, "index.html"), "club", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Add(Message{Octets: []byte("no message")}); err == nil {
		t.Error("what is not a message was taken")
	}
	if err := v.Discard(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}

	file := filepath.Join(dir, "one.html")
	if v, err = New(file, "club"); err != nil {
		t.Fatal(err)
	}
	v.room = 100
	big := bytes.Repeat([]byte("0123456789"), 20)
	m := mail{"ann@example.com", "x", "Hello", "<p>Hello</p>", []attached{
		{"small.txt", "text/plain", "", big[:50]}, {"big.txt", "text/plain", "", big}}}
	for i := range 2 {
		if err := v.Add(Message{Number: int64(i + 1), Key: "ann", Address: m.to, Octets: m.octets()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Close(Summary{}); err != nil {
		t.Fatal(err)
	}
	if v.LeftOut() != 1 {
		t.Errorf("%d files are left out", v.LeftOut())
	}
	r := look(t, file, 1280, false)
	if got := r.text("#main"); !strings.Contains(got, "1 file is not in this page") {
		t.Errorf("the overview: %s", got)
	}
	r.open("2")
	if got := r.text(".files"); !strings.Contains(got, "big.txt") || !strings.Contains(got, "200 B") ||
		!strings.Contains(got, "not in this page") {
		t.Errorf("files: %s", got)
	}
}
