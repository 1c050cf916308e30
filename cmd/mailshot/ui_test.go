package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The window from its first line to its end: the addresses are of loopback, on one line of JSON, the first one lets in
// once, an interrupt leaves the plan that waits and ends ui in order, and a terminal goes on with the campaign.
func TestWindow(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no process can be sent an interrupt")
	}
	interruptible(t, os.Interrupt)
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(listen, func(t *testing.T) {
			t.Parallel()
			windowRun(t, listen)
		})
	}
}

func windowRun(t *testing.T, listen string) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Skip("no IPv6 on this machine: ", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	mailshot := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, "mailshot", args...)
		c.Dir, c.Env = dir, append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"))
		return c
	}
	if out, err := mailshot("init", "newsletter", "hello").CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	ui := mailshot("ui", ".", "--json", "--no-open", "--listen", listen)
	stdout, err := ui.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	ui.Stderr = &said
	if err := ui.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		_ = ui.Wait()
		t.Fatalf("%v: %s", err, said.String())
	}
	var first struct {
		URL  string `json:"url"`
		Mail string `json:"mail_url"`
	}
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	host := regexp.QuoteMeta(strings.TrimSuffix(listen, ":0"))
	if !regexp.MustCompile(`^http://`+host+`:\d+/enter\?ticket=[A-Z2-7]{26}$`).MatchString(first.URL) ||
		!regexp.MustCompile(`^http://`+host+`:\d+$`).MatchString(first.Mail) {
		t.Errorf("%q", line)
	}
	jar, _ := cookiejar.New(nil)
	person := &http.Client{Jar: jar}
	u, err := url.Parse(first.URL)
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://" + u.Host
	if status, text := readPage(t, person, "GET", first.URL, nil); status != 200 ||
		!strings.Contains(text, "hello/campaign.yaml") {
		t.Errorf("the first address: %d %.300s", status, text)
	}
	if status, text := readPage(t, &http.Client{}, "GET", first.URL, nil); status != 403 ||
		strings.Contains(text, "hello") {
		t.Errorf("the first address a second time: %d %s", status, text)
	}
	campaign := origin + "/c/" + url.PathEscape("hello/campaign.yaml")
	if status, _ := readPage(t, person, "POST", campaign+"/plan", url.Values{"to": {"sink"}}); status != 200 {
		t.Errorf("a plan: %d", status)
	}
	if err := ui.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	if err := ui.Wait(); err != nil {
		t.Errorf("ui ends with %v\n%s", err, said.String())
	}
	if len(rest) > 0 {
		t.Errorf("more than one line on stdout: %q", rest)
	}
	if !strings.Contains(said.String(), "the window is open, for one browser") {
		t.Errorf("ui says %q", said.String())
	}
	// The lock of the campaign is free: a terminal goes on.
	if out, err := mailshot("send", "--to-sink", "--yes", "hello/campaign.yaml").CombinedOutput(); err != nil {
		t.Errorf("send after the window: %v\n%s", err, out)
	}
}

// readPage asks a window for something, as a browser does, and returns what came in the end.
func readPage(t *testing.T, client *http.Client, method, address string, form url.Values) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(text)
}
