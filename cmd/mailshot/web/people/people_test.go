package people_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/people"
	"mailshot/cmd/mailshot/web/shelf"
)

const campaign = `# What we owe
id: a
from: a@example.com
subject: s
recipients:
  file: people.csv   # exported on Monday
  columns: { due: date }
body: { text: body.txt }
server: { host: smtp.example.com }
`

const list = "number,full_name,email,due\n1,Ann,ann@example.com,2026-12-01\n2,Bo,bo,soon\n"

// page is the room of people over a folder with one campaign.
type page struct {
	*testing.T
	dir string
	mux *http.ServeMux
}

func open(t *testing.T, files map[string]string) *page {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"campaign.yaml": campaign, "people.csv": list, "body.txt": "Hello"} {
		if _, other := files[name]; !other {
			write(t, filepath.Join(dir, name), text)
		}
	}
	for name, text := range files {
		if text != "" {
			write(t, filepath.Join(dir, name), text)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk.Desk{Shelf: &shelf.Shelf{Dir: dir, Root: root, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")}}
	p := &page{t, dir, http.NewServeMux()}
	for pattern, answer := range people.Routes(d) {
		p.mux.HandleFunc(pattern, answer)
	}
	t.Cleanup(func() {
		d.Surveys.Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		_ = root.Close()
	})
	return p
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *page) holds(name, want string) {
	p.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil || string(b) != want {
		p.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, b, want)
	}
}

func (p *page) ask(r *http.Request) (int, string, string) {
	p.Helper()
	w := httptest.NewRecorder()
	http.MaxBytesHandler(p.mux, 1<<20).ServeHTTP(w, r)
	return w.Code, w.Header().Get("Location"), w.Body.String()
}

func (p *page) get(query string) string {
	p.Helper()
	status, _, body := p.ask(httptest.NewRequest("GET", "/c/campaign.yaml/people"+query, nil))
	if status != http.StatusOK {
		p.Errorf("%s: %d\n%s", query, status, body)
	}
	return body
}

func (p *page) post(to string, form url.Values) (status int, location, body string) {
	p.Helper()
	r := httptest.NewRequest("POST", "/c/campaign.yaml/people/"+to, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.ask(r)
}

func (p *page) upload(name, text string) (status int, location, body string) {
	p.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("list", name)
	if err == nil {
		_, err = io.WriteString(part, text)
	}
	if err = errors.Join(err, m.Close()); err != nil {
		p.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/c/campaign.yaml/people/upload", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return p.ask(r)
}

// columns are the choices of the list's four columns.
func columns(uses ...string) url.Values {
	v := url.Values{}
	for i, name := range []string{"number", "full_name", "email", "due"} {
		n := string(rune('0' + i))
		v.Set("name-"+n, name)
		v.Set("use-"+n, uses[i])
	}
	return v
}

func has(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(body, s) {
			t.Errorf("the page lacks %q", s)
		}
	}
}

// The page says what was found, marks what is guessed, and has the mistakes at their cells.
func TestShow(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	body := p.get("")
	has(t, body, "<bdi>utf-8</bdi>", "<bdi>comma</bdi>", "<bdi>2 rows</bdi>", "<bdi>header in row 1</bdi>",
		`<option value="guess" selected>Address – a guess</option>`, `<option value="date" selected>`,
		`data-finding="bad-date" id="c0-3"`, `aria-describedby="m0-3-0 "`, `id="m0-3-0"`, "message?row=2", `title="people.csv:3">3</a>`,
		"mailshot inspect "+filepath.Join(p.dir, "people.csv"), `data-finding="invalid-row" id="first"`)
	if strings.Contains(body, `data-row="1"`) || !strings.Contains(p.get("?all=1"), `data-row="1"`) {
		t.Error("rows without findings are shown unasked, or not at all")
	}
	has(t, p.get("?change=1"), `name="encoding"`, `name="header_row"`)
}

// What a cell or a header says is text.
func TestHostile(t *testing.T) {
	t.Parallel()
	p := open(t,
		map[string]string{"people.csv": "email,<b id=x>,due\n<script>x</script>,\"\"\"><img src=x onerror=y>\",soon\n"})
	body := p.get("?all=1")
	for _, s := range []string{"<script>x", "<img src=x", "<b id=x"} {
		if strings.Contains(body, s) {
			t.Errorf("%q is markup", s)
		}
	}
	has(t, body, "&lt;script&gt;x&lt;/script&gt;", "&lt;img src=x onerror=y&gt;")
}

// What a column is goes into the campaign file, and every other byte stays. What cannot be is refused, and nothing is
// written. Proven by writing refused choices: the file has two addresses, or none.
func TestColumns(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	for _, c := range []struct {
		name string
		uses []string
		want string
	}{
		{"as it is", []string{"text", "guess", "guess", "date"}, campaign},
		{"settled", []string{"key", "name", "address", "date"}, strings.Replace(campaign, "Monday\n",
			"Monday\n  address: email\n  name: full_name\n  key: number\n", 1)},
		{"another type", []string{"number", "name", "address", "text"}, strings.NewReplacer("Monday\n",
			"Monday\n  address: email\n  name: full_name\n", "{ due: date }", "{ number: number, due: text }").Replace(campaign)},
	} {
		status, _, body := p.post("columns", columns(c.uses...))
		if status != http.StatusSeeOther {
			t.Errorf("%s: %d\n%s", c.name, status, body)
		}
		p.holds("campaign.yaml", c.want)
	}
	fresh := open(t, nil)
	for want, form := range map[string]url.Values{
		"One column must be the address.":             columns("text", "guess", "text", "date"),
		"The column full_name is taken for the name ": columns("text", "text", "guess", "date"),
	} {
		if status, _, body := fresh.post("columns", form); status != http.StatusUnprocessableEntity ||
			!strings.Contains(body, want) {
			t.Errorf("a guess that goes, with nothing in its place: %d, not %q", status, want)
		}
	}
	fresh.holds("campaign.yaml", campaign)
	before, _ := os.ReadFile(filepath.Join(p.dir, "campaign.yaml"))
	for want, form := range map[string]url.Values{
		"One column must be the address.":                        columns("number", "name", "text", "text"),
		"Two columns cannot be the address: full_name and email": columns("number", "address", "address", "text"),
		"The list has other columns now.":                        {},
	} {
		status, _, body := p.post("columns", form)
		if status != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("%d, not %q", status, want)
		}
		if chosen := strings.Count(body, `<option value="address" selected>`); strings.HasPrefix(want, "Two") && chosen != 2 {
			t.Errorf("of two columns that were chosen for the address, the page has %d", chosen)
		}
	}
	form := columns("text", "name", "address", "text")
	form.Set("version", "of yesterday")
	if status, _, body := p.post("columns", form); status != http.StatusUnprocessableEntity ||
		!strings.Contains(body, "has changed on disk") || !strings.Contains(body, "number: text") {
		t.Errorf("%d: a newer campaign file was not shown with the lines to write", status)
	}
	p.holds("campaign.yaml", string(before))
}

// A guess is marked as one, too, where the campaign file says something else of the column; a form that is sent as it
// is shown changes nothing. Seen to fail where a column is either: the guess was not marked, and the name was
// refused.
func TestGuessBesideUse(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"email":     `<option value="guess&#43;key" selected>Address – a guess &#43; Key</option>`,
		"full_name": `<option value="guess&#43;key" selected>Name – a guess &#43; Key</option>`,
	} {
		file := strings.Replace(campaign, "Monday\n", "Monday\n  key: "+key+"\n", 1)
		p := open(t, map[string]string{"campaign.yaml": file})
		body := p.get("")
		has(t, body, want)
		if n := strings.Count(body, `class="guessed"`); n != 2 {
			t.Errorf("%s: %d columns are marked as guesses", key, n)
		}
		form := columns("text", "guess", "guess+key", "date")
		if key == "full_name" {
			form = columns("text", "guess+key", "guess", "date")
		}
		if status, _, body := p.post("columns", form); status != http.StatusSeeOther {
			t.Errorf("%s: %d\n%s", key, status, body)
		}
		p.holds("campaign.yaml", file)
	}
}

// A list with nobody in it is not said to be in order.
func TestHeaderOnly(t *testing.T) {
	t.Parallel()
	p := open(t, map[string]string{"people.csv": "number,full_name,email,due\n"})
	if body := p.get(""); strings.Contains(body, "banner good") || !strings.Contains(body, "<bdi>0 rows</bdi>") {
		t.Error("no rows are said to be right")
	}
}

// A page stays small, however large a cell is.
func TestLargeCell(t *testing.T) {
	t.Parallel()
	p := open(t, map[string]string{"people.csv": list + "3," + strings.Repeat("é", 400_000) + ",cy,2026-12-03\n"})
	if body := p.get(""); len(body) > 100_000 || !strings.Contains(body, "éé…") {
		t.Errorf("the page has %d bytes", len(body))
	}
}

// A campaign file that cannot be changed safely is left alone, and the lines to write are shown.
func TestLines(t *testing.T) {
	t.Parallel()
	file := strings.Replace(campaign, "people.csv   # exported on Monday", "[people.csv]", 1)
	p := open(t, map[string]string{"campaign.yaml": file, "other.csv": list})
	status, _, body := p.post("use", url.Values{"list": {"other.csv"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, "  file: other.csv\n") {
		t.Errorf("%d\n%s", status, body)
	}
	p.holds("campaign.yaml", file)
}

// How the file is read goes into the campaign file; a mistake in it is shown, and not written.
func TestReading(t *testing.T) {
	t.Parallel()
	p := open(t, map[string]string{"people.csv": strings.ReplaceAll(strings.Replace(list, "Ann", "M\xfcller", 1), ",",
		";")})
	has(t, p.get(""), `id="reading"`, `data-finding="bad-encoding"`, "windows-1252")
	form := url.Values{"encoding": {"windows-1252"}, "delimiter": {";"}, "header_row": {""}, "locale": {""}}
	if status, _, body := p.post("reading", form); status != http.StatusSeeOther {
		t.Errorf("%d\n%s", status, body)
	}
	want := strings.Replace(campaign, "Monday\n", "Monday\n  delimiter: ';'\n  encoding: windows-1252\n", 1)
	p.holds("campaign.yaml", want)
	has(t, p.get("?all=1"), "Müller", "<bdi>semicolon</bdi>", "--delimiter &#39;;&#39; --encoding windows-1252")
	form.Set("header_row", "first")
	if status, _, body := p.post("reading", form); status != http.StatusUnprocessableEntity ||
		!strings.Contains(body, "Nothing was written") || !strings.Contains(body, `value="first"`) {
		t.Errorf("%d\n%s", status, body)
	}
	p.holds("campaign.yaml", want)
	form.Set("header_row", "۱")
	if status, _, body := p.post("reading", form); status != http.StatusSeeOther {
		t.Errorf("a Persian digit: %d\n%s", status, body)
	}
	p.holds("campaign.yaml", strings.Replace(want, "Monday\n", "Monday\n  header_row: 1\n", 1))
	form.Set("header_row", "")
	form.Set("encoding", "")
	if status, _, _ := p.post("reading", form); status != http.StatusSeeOther {
		t.Error(status)
	}
	p.holds("campaign.yaml", strings.Replace(campaign, "Monday\n", "Monday\n  delimiter: ';'\n", 1))
}

// A list that has changed on disk is shown as it was read, says so, and is read again when a person asks. Proven by
// comparing nothing: the page says nothing.
func TestAgain(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	if strings.Contains(p.get(""), "data-stale") {
		t.Error("a list that was just read has changed")
	}
	write(t, filepath.Join(p.dir, "people.csv"), strings.Replace(list, "bo,soon", "bo@example.com,2026-12-02", 1))
	has(t, p.get(""), "data-stale", `data-finding="bad-date"`)
	if status, to, _ := p.post("again", nil); status != http.StatusSeeOther || to != "/c/campaign.yaml/people" {
		t.Error(status, to)
	}
	body := p.get("")
	if strings.Contains(body, "data-stale") || strings.Contains(body, "bad-date") {
		t.Error("it was not read again")
	}
	has(t, body, "nothing to mend")
	if err := os.Remove(filepath.Join(p.dir, "people.csv")); err != nil {
		t.Fatal(err)
	}
	has(t, p.get(""), "The campaign file has 1 mistake")
}

// A file comes under its own name, or beside one of that name: then the person decides, and nothing that has changed
// since is replaced. Proven by a Move that compares nothing.
func TestUpload(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	mended := strings.Replace(list, "bo,soon", "bo@example.com,2026-12-02", 1)
	if status, to, body := p.upload(`C:\Users\me\new list.csv`, mended); status != http.StatusSeeOther ||
		to != "/c/campaign.yaml/people" {
		t.Errorf("%d, %s\n%s", status, to, body)
	}
	p.holds("new list.csv", mended)
	p.holds("campaign.yaml", strings.Replace(campaign, "people.csv ", "new list.csv ", 1))
	has(t, p.get(""), "new list.csv", "nothing to mend")

	if status, to, _ := p.upload("people.csv", list); status != http.StatusSeeOther || strings.Contains(to, "added") {
		t.Error("the same file again is a question:", status, to)
	}
	p.holds("campaign.yaml", campaign)
	status, to, _ := p.upload("people.csv", mended)
	if status != http.StatusSeeOther || to != "/c/campaign.yaml/people?added=people-2.csv&instead=people.csv" {
		t.Fatal(status, to)
	}
	p.holds("people.csv", list)
	body := p.get("?added=people-2.csv&instead=people.csv")
	_, after, _ := strings.Cut(body, `name="was" value="`)
	was, _, _ := strings.Cut(after, `"`)
	form := url.Values{"list": {"people-2.csv"}, "instead": {"people.csv"}, "was": {was}}
	write(t, filepath.Join(p.dir, "people.csv"), list+"3,Cy,cy@example.com,2026-12-03\n")
	if status, _, body := p.post("use", form); status != http.StatusUnprocessableEntity ||
		!strings.Contains(body, "since you were asked") {
		t.Errorf("%d\n%s", status, body)
	}
	p.holds("people-2.csv", mended)
	write(t, filepath.Join(p.dir, "people.csv"), list)
	if status, _, body := p.post("use", form); status != http.StatusSeeOther {
		t.Errorf("%d\n%s", status, body)
	}
	p.holds("people.csv", mended)
	has(t, p.get(""), "nothing to mend")
}

// Nothing but a list comes into the folder, and nothing comes out of it.
func TestNotAList(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	for _, name := range []string{"other.yaml", "body.txt.exe", ".hidden.csv", "x\x01.csv", "-rf.csv", ""} {
		if status, _, body := p.upload(name, "x"); status != http.StatusUnprocessableEntity ||
			!strings.Contains(body, `id="wrong"`) {
			t.Errorf("%q: %d", name, status)
		}
	}
	if status, _, body := p.upload("large.csv", strings.Repeat("x", 2<<20)); status != http.StatusUnprocessableEntity ||
		!strings.Contains(body, "larger than 1 MB") {
		t.Errorf("too large: %d", status)
	}
	for _, name := range []string{"../people.csv", "/etc/passwd", "campaign.yaml", "no.csv", ""} {
		if status, _, _ := p.post("use", url.Values{"list": {name}}); status != http.StatusUnprocessableEntity {
			t.Errorf("%q is used: %d", name, status)
		}
	}
	form := url.Values{"list": {"people.csv"}, "instead": {"campaign.yaml"}, "was": {""}}
	if status, _, _ := p.post("use", form); status != http.StatusUnprocessableEntity {
		t.Error("a list takes the place of the campaign file")
	}
	p.holds("campaign.yaml", campaign)
	entries, err := filepath.Glob(filepath.Join(p.dir, "[^.]*"))
	if err != nil || len(entries) != 3 {
		t.Errorf("%v: %v", entries, err)
	}
}

// A campaign whose list is not there yet, or whose file has mistakes, still takes one.
func TestNoList(t *testing.T) {
	t.Parallel()
	p := open(t, map[string]string{"people.csv": ""})
	has(t, p.get(""), "people.csv", `type="file"`, "The campaign file has 1 mistake")
	if status, _, body := p.upload("mine.csv", list); status != http.StatusSeeOther {
		t.Errorf("%d\n%s", status, body)
	}
	p.holds("campaign.yaml", strings.Replace(campaign, "people.csv ", "mine.csv ", 1))
	has(t, p.get(""), "<bdi>2 rows</bdi>")
}

// What a check finds in the messages comes when it has looked through them, and the stream of events says so.
func TestMessages(t *testing.T) {
	t.Parallel()
	p := open(t, map[string]string{"people.csv": strings.Replace(list, "bo,soon", "bo@example.com,2026-12-02", 1),
		"body.txt": "Hello {{.full_nam}}"})
	p.get("")
	p.event("?page=fresh&checking=1", "data: checked")
	has(t, p.get(""), "In the messages and the campaign", "full_nam")
}

// event waits for an event of the stream.
func (p *page) event(query, event string) {
	p.Helper()
	server := httptest.NewServer(p.mux)
	p.Cleanup(server.Close)
	answer, err := http.Get(server.URL + "/c/campaign.yaml/people/events" + query)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = answer.Body.Close() })
	got := ""
	for b := make([]byte, 100); !strings.Contains(got, event); {
		n, err := answer.Body.Read(b)
		if got += string(b[:n]); err != nil {
			p.Fatalf("%v: %q", err, got)
		}
	}
}

// The stream of events tells a page that the list has changed.
func TestEvents(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.get("")
	write(t, filepath.Join(p.dir, "people.csv"), list+"\n")
	p.event("?page=fresh", "data: stale")
}

// The types of columns that the list does not have are taken out of the campaign file: with them a list that has come
// in place of another cannot be read, and nothing on the page says so. Seen to fail without gone.
func TestColumnsGone(t *testing.T) {
	t.Parallel()
	p := open(t, map[string]string{"campaign.yaml": strings.Replace(campaign, "{ due: date }",
		"{ due: date, since: date, fee: number }", 1)})
	status, _, body := p.post("columns", columns("text", "guess", "guess", "date"))
	if status != http.StatusSeeOther {
		t.Errorf("%d\n%s", status, body)
	}
	p.holds("campaign.yaml", campaign)
}
