package server

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"mailshot/campaign/definition/secret"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/textfile"
	"mailshot/internal/sink"
)

// window is the room over a folder with one campaign, whose server wants a login.
type window struct {
	*testing.T
	mux  *http.ServeMux
	desk *desk.Desk
	file string
}

const head = "# ours\nid: club\nfrom: Club <club@example.org>\nsubject: x\nrecipients: { file: to.csv }\nbody: { text: to.csv }\n"

func open(t *testing.T, section string) *window {
	t.Helper()
	dir := t.TempDir()
	w := &window{T: t, mux: http.NewServeMux(), file: filepath.Join(dir, "campaign.yaml")}
	for name, text := range map[string]string{"campaign.yaml": head + section, "to.csv": "email\nann@example.com\n",
		"pw": "correct-horse\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.desk = &desk.Desk{Runs: runs.New(), Mail: &mailport.Port{},
		Shelf: &shelf.Shelf{Dir: dir, Root: root, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")}}
	t.Cleanup(func() {
		if err := w.desk.Close(); err != nil {
			t.Error(err)
		}
		w.desk.Surveys.Close()
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	for pattern, answer := range Routes(w.desk) {
		w.mux.HandleFunc(pattern, answer)
	}
	return w
}

func listen(t *testing.T, o sink.Options) *sink.Server {
	t.Helper()
	server, err := sink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func (w *window) ask(page string, form url.Values) (int, string) {
	r := httptest.NewRequest(http.MethodGet, "/c/campaign.yaml/server"+page, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, "/c/campaign.yaml/server"+page, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	a := httptest.NewRecorder()
	w.mux.ServeHTTP(a, r)
	return a.Code, a.Body.String()
}

func (w *window) text() string {
	w.Helper()
	b, err := os.ReadFile(w.file)
	if err != nil {
		w.Fatal(err)
	}
	return string(b)
}

// A preset, a host and a reference to a password are a small edit of the file.
func TestSave(t *testing.T) {
	t.Parallel()
	w := open(t, "limits: { caps: 20/min } # as agreed\n")
	file, err := textfile.Read(w.desk.Shelf.Root, "campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"provider": {"gmail"}, "username": {"ann@gmail.com"}, "secret": {"env"}, "env": {"SMTP_PASSWORD"},
		"version": {file.Version}}
	if code, page := w.ask("", form); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	want := head + "limits: { caps: 20/min } # as agreed\nserver:\n  provider: gmail\n  username: ann@gmail.com\n" +
		"  password: { env: SMTP_PASSWORD }\n"
	if got := w.text(); got != want {
		t.Errorf("%s", got)
	}
	form["username"] = []string{"other"} // the version is an old one now
	if code, page := w.ask("", form); code != http.StatusUnprocessableEntity ||
		!strings.Contains(page, `data-result="newer"`) {
		t.Errorf("%d %s", code, page)
	}
	if got := w.text(); got != want {
		t.Errorf("a newer file was written over: %s", got)
	}
}

// What would be a mistake is not saved, and the lines are shown. A file that the form leaves alone is left alone.
func TestSaveRefused(t *testing.T) {
	t.Parallel()
	w := open(t, "server: { host: a.example }\n")
	for _, form := range []url.Values{{"host": {"not a host"}}, {"host": {"a.example"}, "port": {"x"}}, {},
		{"host": {"a.example"}, "secret": {"env"}, "env": {"NOT A NAME"}, "username": {"x"}}, {"host": {"a.example"},
			"secret": {"file"}}} {
		if code, page := w.ask("", form); code != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d %s", form, code, page)
		}
	}
	if got := w.text(); got != head+"server: { host: a.example }\n" {
		t.Errorf("%s", got)
	}
	w = open(t, "servers:\n- host: a.example\n- host: b.example\n")
	if _, page := w.ask("", nil); strings.Contains(page, `data-key="save"`) || strings.Count(page, "data-server=") != 2 {
		t.Error(page)
	}
	if code, page := w.ask("", url.Values{"host": {"c.example"}}); code != http.StatusUnprocessableEntity ||
		!strings.Contains(page, "host: c.example") {
		t.Errorf("%d %s", code, page)
	}
}

// The conversation is shown, its secrets are not; what the server refuses is said.
func TestProbe(t *testing.T) {
	t.Parallel()
	server := listen(t, sink.Options{Username: "club", Password: "correct-horse"})
	section := fmt.Sprintf("server: { host: 127.0.0.1, port: %d, tls: none, username: club, password: { file: pw } }\n",
		server.Port())
	w := open(t, section)
	name := fmt.Sprintf("127.0.0.1:%d", server.Port())
	if code, page := w.ask("/probe", url.Values{"server": {name}}); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	_, page := w.ask("", nil)
	for _, text := range []string{`data-probe="good"`, "AUTH PLAIN [secret]", `class="theirs"`} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(w.file), "pw"), []byte("wrong-horse"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.ask("/probe", url.Values{"server": {name}})
	_, page2 := w.ask("", nil)
	if !strings.Contains(page2, `data-probe="failed"`) {
		t.Error(page2)
	}
	for _, text := range []string{"correct-horse", "wrong-horse", "Y2x1Y", "AGNsdWI"} {
		if strings.Contains(page+page2, text) {
			t.Errorf("%q is on a page", text)
		}
	}
	if code, _ := w.ask("/probe", url.Values{"server": {"other"}}); code != http.StatusNotFound {
		t.Errorf("another server: %d", code)
	}
}

// A server that does not answer is said to be what it is, also where there was no conversation. Seen to fail where the
// mistake stood with the conversation alone: the page said nothing.
func TestProbeNobody(t *testing.T) {
	t.Parallel()
	// Nobody listens there: a free port that the system gives may be another's by the time that it is asked.
	w := open(t, "server: { host: 127.0.0.1, port: 1, tls: none }\n")
	if code, page := w.ask("/probe", url.Values{"server": {"127.0.0.1:1"}}); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	_, page := w.ask("", nil)
	for _, text := range []string{`data-probe="failed"`, "refused"} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
	if strings.Contains(page, `class="talk"`) || strings.Contains(page, `data-probe="good"`) {
		t.Error(page)
	}
}

// A password goes into the system's keyring, and the campaign file names it.
func TestPassword(t *testing.T) {
	keyring.MockInit()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere") // the keyring of the test is asked
	w := open(t, "server:\n  host: smtp.example.org # ours\n")
	form := url.Values{"host": {"smtp.example.org"}, "username": {"ann"}, "secret": {"keyring"},
		"password": {"sword\nfish"}}
	if code, page := w.ask("", form); code != http.StatusUnprocessableEntity || strings.Contains(page, "fish") {
		t.Errorf("%d", code)
	}
	form["password"] = []string{"swordfish"}
	if code, page := w.ask("", form); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	want := head +
		"server:\n  host: smtp.example.org # ours\n  username: ann\n  password: { keyring: ann@smtp.example.org }\n"
	if got := w.text(); got != want {
		t.Errorf("%s", got)
	}
	if p, err := secret.Kept("ann@smtp.example.org"); p != "swordfish" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	_, page := w.ask("?saved=1", nil)
	if strings.Contains(page, "swordfish") || !strings.Contains(page, "The system") {
		t.Error(page)
	}
}

// Each preset is shown with what it fills, and the lines to write.
func TestPresets(t *testing.T) {
	t.Parallel()
	w := open(t, "")
	code, page := w.ask("?provider=gmail", nil)
	for _, text := range []string{`data-preset="gmail"`, "smtp.gmail.com", "provider: gmail"} {
		if code != http.StatusOK || !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
}

// A form that is saved as it is shown changes nothing.
func TestSaveUnchanged(t *testing.T) {
	t.Parallel()
	input := regexp.MustCompile(`<input id="(host|port|username)" name="\w+" value="([^"]*)"`)
	for _, section := range []string{
		"server: {host: a.example } # ours\n", "server: { host: a.example, port: 587, tls: starttls }\n",
		"server:\n  provider: gmail\n  username: ann@gmail.com # who\n  password: { env: PW }\n",
		"server:\n  host:   'b.example'\n\n  # hm\n  password: {file: pw}\n  username: \"x y\"\n",
	} {
		w := open(t, section)
		_, page := w.ask("", nil)
		form := url.Values{"secret": {"keep"}}
		for _, m := range input.FindAllStringSubmatch(page, -1) {
			form[m[1]] = []string{html.UnescapeString(m[2])}
		}
		if strings.Contains(section, "tls: starttls") {
			form["tls"] = []string{"starttls"}
		}
		if strings.Contains(section, "gmail") {
			form["provider"] = []string{"gmail"}
		}
		if code, page := w.ask("", form); code != http.StatusSeeOther {
			t.Errorf("%q: %d %s", section, code, page)
		}
		if got := w.text(); got != head+section {
			t.Errorf("%q became %q", section, strings.TrimPrefix(got, head))
		}
	}
}

// A login waits for the person, shows the page and the code, and no secret.
func TestLogin(t *testing.T) {
	t.Parallel()
	allowed := make(chan struct{})
	mux := http.NewServeMux()
	authority := httptest.NewServer(mux)
	t.Cleanup(authority.Close)
	mux.HandleFunc("/device", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w,
			`{"device_code":"device-secret","user_code":"ABCD-EFGH","verification_uri":"%s/go","expires_in":900,"interval":1}`,
			authority.URL)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		select {
		case <-allowed:
			fmt.Fprint(w,
				`{"access_token":"access-secret","refresh_token":"refresh-secret","token_type":"Bearer","expires_in":3600}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"authorization_pending"}`)
		}
	})
	w := open(t,
		fmt.Sprintf("server:\n  host: smtp.example.org\n  username: ann@example.org\n  oauth:\n    flow: device\n"+
			"    device_url: %[1]s/device\n    token_url: %[1]s/token\n    client_id: us\n    scopes: [mail]\n", authority.URL))
	form := url.Values{"server": {"smtp.example.org:587"}}
	if code, page := w.ask("/login", form); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	_, page := w.ask("", nil)
	for _, text := range []string{`data-login="waits"`, "ABCD-EFGH", authority.URL + "/go"} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
	close(allowed)
	for end := time.Now().Add(5 * time.Minute); ; <-time.After(100 * time.Millisecond) { // the authority is asked each second
		if _, page = w.ask("", nil); strings.Contains(page, `data-login="done"`) {
			break
		}
		if time.Now().After(end) {
			t.Fatal(page)
		}
	}
	if strings.Contains(page, "-secret") {
		t.Error("a secret is on the page")
	}
	if code, _ := w.ask("/login", url.Values{"server": {"other"}}); code != http.StatusNotFound {
		t.Errorf("another server: %d", code)
	}
	form["forget"] = []string{"1"}
	if code, _ := w.ask("/login", form); code != http.StatusSeeOther {
		t.Errorf("%d", code)
	}
	if _, page = w.ask("", nil); strings.Contains(page, "data-login") {
		t.Error(page)
	}
}

// A server of one's own takes the place of a provider. Seen to fail where the choice of none was no choice: the page
// still had the provider, and saved it beside the host.
func TestOwnServer(t *testing.T) {
	t.Parallel()
	w := open(t, "server:\n  provider: gmail # for now\n  username: ann@gmail.com\n")
	_, page := w.ask("?provider=", nil)
	for _, text := range []string{`name="provider" value=""`, "provider:   # remove this line"} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
	if strings.Contains(page, "data-preset=") {
		t.Error("the provider is still chosen")
	}
	form := url.Values{"provider": {""}, "host": {"smtp.example.org"}, "port": {"۰۵۸۷"}, "username": {"ann@gmail.com"},
		"secret": {"keep"}}
	if code, page := w.ask("", form); code != http.StatusSeeOther {
		t.Errorf("%d %s", code, page)
	}
	if got, want := w.text(), head+"server:\n  # for now\n  host: smtp.example.org\n  port: 587\n  username: ann@gmail.com\n"; got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
}

// A mistake elsewhere in the campaign file does not keep the form from the server's section; one that the form would
// make does.
func TestMistakeElsewhere(t *testing.T) {
	t.Parallel()
	w := open(t, "colour: red\nserver: { host: a.example, username: ann, password: { env: PW } }\n")
	_, page := w.ask("", nil)
	for _, text := range []string{`data-key="save"`, `value="a.example"`, "An environment variable",
		`data-finding="unknown-key"`} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
	form := url.Values{"host": {"b.example"}, "username": {"ann"}, "secret": {"keep"}}
	if code, page := w.ask("", form); code != http.StatusSeeOther {
		t.Errorf("%d %s", code, page)
	}
	if got := w.text(); got != head+"colour: red\nserver: { host: b.example, username: ann, password: { env: PW } }\n" {
		t.Errorf("%s", got)
	}
	form.Set("host", "no host")
	if code, _ := w.ask("", form); code != http.StatusUnprocessableEntity {
		t.Errorf("%d", code)
	}
	w = open(t, "servers:\n- host: a.example\n")
	if _, page := w.ask("", nil); strings.Contains(page, `data-key="save"`) {
		t.Error("a form for a section that the file does not have")
	}
}
