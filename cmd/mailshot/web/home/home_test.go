package home

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
)

// A new campaign is written into a folder of the window's, whatever the form says, and over nothing that is there.
func TestNewFolder(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := filepath.Join(base, "window")
	for _, name := range []string{dir, filepath.Join(base, "outside"), filepath.Join(dir, "there")} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "there", "campaign.yaml"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	mux := http.NewServeMux()
	for pattern, answer := range Routes(&desk.Desk{Shelf: &shelf.Shelf{Dir: dir, Root: root}, Runs: runs.New(),
		Mail: &mailport.Port{}}) {
		mux.HandleFunc(pattern, answer)
	}
	make := func(folder string) *httptest.ResponseRecorder {
		form := url.Values{"kind": {"newsletter"}, "language": {"fa"}, "folder": {folder}}
		r := httptest.NewRequest("POST", "/new", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	bad := []string{"", " ", ".", "..", ".hidden", "../outside", "a/b", "/tmp", `a\b`, "C:", "a\x00b", "a\nb",
		"a\x1b[0m", "a.", "a?",
		"\xff", strings.Repeat("n", 300), "there"}
	if err := os.Symlink(filepath.Join(base, "outside"), filepath.Join(dir, "link")); err == nil {
		bad = append(bad, "link")
	}
	for _, folder := range bad {
		if w := make(folder); w.Code != http.StatusUnprocessableEntity ||
			!strings.Contains(w.Body.String(), `id="folder-wrong"`) {
			t.Errorf("%q: %d", folder, w.Code)
		}
	}
	if all, err := os.ReadDir(filepath.Join(base, "outside")); err != nil || len(all) > 0 {
		t.Errorf("outside: %v, %v", all, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "there", "campaign.yaml")); err != nil || string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
	for _, folder := range []string{"بهار ۱۴۰۵", "-x", "it's"} {
		w := make(folder)
		if want := "/c/" + url.PathEscape(folder+"/campaign.yaml") + "/people"; w.Code != http.StatusSeeOther ||
			w.Header().Get("Location") != want {
			t.Errorf("%q: %d %s", folder, w.Code, w.Header().Get("Location"))
		}
	}
	// The command of a form that was refused is the one that its fields say.
	if page := make("a/b").Body.String(); !strings.Contains(page, "mailshot init --language fa newsletter ") {
		t.Errorf("%s", page)
	}
}
