package one

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/internal/sink"
)

// window is the room over a folder with one campaign, that is sent through a sink.
type window struct {
	*testing.T
	desk *desk.Desk
	mux  *http.ServeMux
	sink *sink.Server

	recipients *atomic.Int64 // of transactions whose body came
}

func open(t *testing.T, more string) *window {
	t.Helper()
	n := new(atomic.Int64)
	server, err := sink.Start(sink.Options{Observe: func(e sink.Event) {
		if e.Kind == "dot" {
			n.Add(int64(len(e.To)))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"campaign.yaml": fmt.Sprintf("id: club\nfrom: Club <club@example.org>\nsubject: x\nrecipients: { file: to.csv }\n"+
			"body: { text: to.csv }\nserver: { host: 127.0.0.1, port: %d, tls: none }\n%s", server.Port(), more),
		"to.csv": "email\nann@example.com\n", "never.csv": "zed@example.com\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &window{T: t, mux: http.NewServeMux(), sink: server, recipients: n,
		desk: &desk.Desk{Runs: runs.New(), Mail: &mailport.Port{},
			Shelf: &shelf.Shelf{Dir: dir, Root: root, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")}}}
	t.Cleanup(func() {
		w.desk.Runs.Drain()
		if err := root.Close(); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for pattern, answer := range Routes(w.desk) {
		w.mux.HandleFunc(pattern, answer)
	}
	return w
}

// ask asks for a page; body is that of a form, or nil.
func (w *window) ask(path, kind string, body *bytes.Buffer) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if body != nil {
		r = httptest.NewRequest(http.MethodPost, path, body)
		r.Header.Set("Content-Type", kind)
	}
	a := httptest.NewRecorder()
	w.mux.ServeHTTP(a, r)
	return a
}

// send sends the form, and follows to the page that says what became of it. It returns the page and its path.
func (w *window) send(fields map[string]string, files ...string) (page, path string) {
	w.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			w.Fatal(err)
		}
	}
	for _, name := range files {
		part, err := form.CreateFormFile("files", name)
		if err == nil {
			_, err = part.Write([]byte("the file " + name))
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		w.Fatal(err)
	}
	return w.settled(w.ask("/one", form.FormDataContentType(), &b))
}

// settled follows an answer to its page, until no run goes on.
func (w *window) settled(a *httptest.ResponseRecorder) (page, path string) {
	w.Helper()
	if a.Code != http.StatusSeeOther {
		return a.Body.String(), ""
	}
	path = a.Header().Get("Location")
	own, _, _ := strings.Cut(path, "?")
	if run := w.desk.Runs.Of(own); run != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		for {
			changed := run.Changed()
			if p := run.Snapshot().Phase; p == runs.Ended || p == runs.Planned {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				w.Fatal("the run does not end")
			}
		}
	}
	return w.ask(path, "", nil).Body.String(), path
}

func (w *window) has(page string, texts ...string) {
	w.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			w.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
}

// A message is sent once, whatever is clicked; once more only if the person says so.
func TestSendOnce(t *testing.T) {
	t.Parallel()
	w := open(t, "")
	fields := map[string]string{"server": "campaign.yaml", "from": "Club <club@example.org>", "to": "bob@example.com",
		"subject": "Hi", "text": "Hello\r\nBob"}
	page, path := w.send(fields, "a.txt", "b.txt")
	w.has(page, `data-result="sent"`, "a.txt", "b.txt", "--to bob@example.com")
	page, _ = w.send(fields, "a.txt", "b.txt")
	w.has(page, `data-result="again"`)
	if n := w.sink.Accepted(); n != 1 {
		t.Errorf("%d messages went", n)
	}
	const form = "application/x-www-form-urlencoded"
	page, _ = w.settled(w.ask(path, form, bytes.NewBufferString("tries=1")))
	w.has(page, `data-result="again"`)
	// The button is pressed twice, and again on a page of before: it is sent once more, once.
	for range 3 {
		page, _ = w.settled(w.ask(path, form, bytes.NewBufferString("tries=1&repeat=1")))
		w.has(page, `data-result="sent"`, `name="tries" value="2"`)
	}
	if n := w.sink.Accepted(); n != 2 {
		t.Errorf("%d messages went", n)
	}
	w.settled(w.ask(path, form, bytes.NewBufferString("repeat=1")))
	if n := w.sink.Accepted(); n != 2 {
		t.Errorf("%d messages went for a form of no page", n)
	}
	w.has(w.ask("/one", "", nil).Body.String(), path)
}

// A message goes with its copies, in one transaction, and its page names them. What is wrong with a copy is at its
// field, which is open then, and nothing goes.
func TestSendCopies(t *testing.T) {
	t.Parallel()
	w := open(t, "")
	fields := map[string]string{"server": "campaign.yaml", "from": "Club <club@example.org>", "to": "bob@example.com",
		"cc": "Dora <dora@example.org>, eve@example.org", "bcc": " ", "subject": "Hi", "text": "Hello"}
	page, _ := w.send(fields)
	w.has(page, `data-result="sent"`, "Dora &lt;dora@example.org&gt;, eve@example.org")
	if n := w.recipients.Load(); n != 3 {
		t.Errorf("%d recipients", n)
	}
	fields["subject"], fields["bcc"] = "Again", "archive@example.org"
	page, _ = w.send(fields)
	w.has(page, `data-result="sent"`, "archive@example.org", "--bcc archive@example.org")
	if n := w.recipients.Load(); n != 7 {
		t.Errorf("%d recipients", n)
	}
	fields["subject"], fields["cc"] = "Third", "no address"
	page, path := w.send(fields)
	if path != "" || w.sink.Accepted() != 2 {
		t.Errorf("it went to %s", path)
	}
	w.has(page, `<details class="copies" open>`, `id="cc-wrong"`, `value="no address"`, `value="archive@example.org"`,
		`href="#cc"`)
	w.has(w.ask("/one", "", nil).Body.String(), `<details class="copies"><summary>`)
}

// What is wrong is at its field, what was written stays, and nothing goes.
func TestSendMistakes(t *testing.T) {
	t.Parallel()
	w := open(t, "")
	page, path := w.send(map[string]string{"server": "campaign.yaml", "from": "x", "to": "<b>bob", "subject": "",
		"text": "kept"},
		"a.txt")
	if path != "" || w.sink.Accepted() != 0 {
		t.Errorf("it went to %s", path)
	}
	w.has(page, `id="from-wrong"`, `id="to-wrong"`, `id="subject-wrong"`, "&lt;b&gt;bob", "kept", `id="files-wrong"`)
	page, _ = w.send(map[string]string{"server": "../campaign.yaml", "to": "bob@example.com", "subject": "x", "text": "x"})
	w.has(page, "There is no such campaign")
	for _, path := range []string{"/one/campaign.yaml/one-none", "/one/campaign.yaml/..%2f..", "/one/none.yaml/one-x"} {
		if a := w.ask(path, "", nil); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
}

// Who is never mailed is not mailed from here either.
func TestSendSuppressed(t *testing.T) {
	t.Parallel()
	w := open(t, "suppress: [never.csv]\n")
	page, _ := w.send(map[string]string{"server": "campaign.yaml", "to": "Zed <ZED@example.com>", "subject": "x",
		"text": "x"})
	w.has(page, `data-result="suppressed"`)
	if n := w.sink.Accepted(); n != 0 {
		t.Errorf("%d messages went", n)
	}
}

// Without a campaign that names a server there is nothing to send through.
func TestNoServer(t *testing.T) {
	t.Parallel()
	w := open(t, "unknown: key\n")
	w.has(w.ask("/one", "", nil).Body.String(), `class="empty"`)
}

// What was found in a message is answered by the page that shows it, not by the form of an older page.
func TestFoundShown(t *testing.T) {
	t.Parallel()
	w := open(t, "")
	page, path := w.send(map[string]string{"server": "campaign.yaml", "to": "bob@example.com",
		"subject": strings.Repeat("long ", 50), "text": "Hello"})
	w.has(page, `data-result="asks"`)
	const form = "application/x-www-form-urlencoded"
	for _, body := range []string{"", "tries=1&repeat=1", "plan=x", "plan=x&leave=1"} {
		page, _ = w.settled(w.ask(path, form, bytes.NewBufferString(body)))
		w.has(page, `data-result="asks"`)
	}
	if n := w.sink.Accepted(); n != 0 {
		t.Errorf("%d messages went", n)
	}
	shown := regexp.MustCompile(`name="plan" value="(\w+)"`).FindStringSubmatch(page)
	if shown == nil {
		t.Fatal(page)
	}
	run := w.desk.Runs.Of(path)
	a := w.ask(path, form, bytes.NewBufferString("plan="+shown[1]))
	for run.Phase() != runs.Ended {
		runtime.Gosched()
	}
	page, _ = w.settled(a)
	w.has(page, `data-result="sent"`)
}

// What was typed stays where the files are too many, also where the request was cut off because of them. Seen to fail
// with ParseMultipartForm, which gives nothing of a form that is not whole.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	w := open(t, "")
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"server", "campaign.yaml"}, {"from", "Club <club@example.org>"},
		{"to", "dan@example.com"},
		{"subject", "Your invoice"}, {"text", "Hello Dan,\nhere it is."}} {
		if err := form.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("files", "film.mp4")
	for range mostFiles >> 20 {
		if err == nil {
			_, err = part.Write(make([]byte, 1<<20))
		}
	}
	if _, err2 := part.Write([]byte("x")); err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if part, err = form.CreateFormFile("files", "small.txt"); err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]int64{"whole": MostSent, "cut off": 1 << 20} {
		r := httptest.NewRequest(http.MethodPost, "/one", bytes.NewReader(b.Bytes()))
		r.Header.Set("Content-Type", form.FormDataContentType())
		a := httptest.NewRecorder()
		http.MaxBytesHandler(w.mux, limit).ServeHTTP(a, r)
		page := a.Body.String()
		for _, want := range []string{"Hello Dan,\nhere it is.", `value="dan@example.com"`, `value="Your invoice"`,
			"more than 25 MB"} {
			if a.Code != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
				t.Errorf("%s: %d, without %q:\n%s", name, a.Code, want, page)
			}
		}
	}
	if n := w.sink.Accepted(); n != 0 {
		t.Errorf("%d messages went", n)
	}
}
