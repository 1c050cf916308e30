package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/internal/sink"
)

// commandsOf are the commands that a page shows, and hiddenOf its hidden fields.
var (
	commandsOf = regexp.MustCompile(`(?s)<aside class="command".*?</aside>`)
	codeOf     = regexp.MustCompile(`<code>(.*?)</code>`)
	hiddenOf   = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)
)

// The commands that the pages show are taken by a shell and by mailshot, and are about the same ledger as the window,
// also where that is not the campaign's own: what the window has sent is not sent again by "the command that does the
// same". Seen to fail where the commands left out --state and --accounts: the send of the page sent everything once
// more.
func TestWindowCommands(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are for a POSIX shell")
	}
	interruptible(t, os.Interrupt)
	server, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	dir := t.TempDir()
	const folder = "-it's $HOME here"
	for name, text := range map[string]string{
		folder +
			"/campaign.yaml": fmt.Sprintf("id: club\nfrom: Club <club@example.org>\nsubject: Hi\nrecipients: { file: to.csv }\n"+
			"body: { text: body.txt }\nserver: { host: 127.0.0.1, port: %d, tls: none }\n", server.Port()),
		folder + "/to.csv": "email,name\nann@example.com,Ann\n-bob@example.com,Bob\n", folder +
			"/body.txt": "Hello {{.name}}\n",
		"text.txt": "Hello\n", "my state/.keep": "",
	} {
		at := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	commands := sentByWindow(ctx, t, dir, "/c/"+url.PathEscape(folder+"/campaign.yaml"))
	if len(commands) < 10 {
		t.Fatalf("%q: the test looks at nothing", commands)
	}
	for _, line := range commands {
		switch {
		case strings.Contains(line, "--dns"), strings.Contains(line, " --to you@"): // the network, and one's own address
			continue
		case strings.Contains(line, " send "):
			line += " --yes"
		}
		before := server.Accepted()
		c := exec.CommandContext(ctx, "sh", "-c", line)
		c.Dir, c.Env = dir, append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "none"))
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == exitUsage || exit.ExitCode() == exitFailed) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		if n := server.Accepted() - before; n != 0 && !strings.Contains(line, " one ") {
			t.Errorf("%s sent %d messages again\n%s", line, n, out)
		}
		if strings.Contains(line, " status ") && !strings.Contains(string(out), "2 sent") {
			t.Errorf("%s:\n%s", line, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none", "mailshot")); err == nil {
		t.Error("a command had other accounts than the window")
	}
}

// sentByWindow sends a campaign of two messages by a window with a ledger and accounts of its own, and returns the
// commands that the pages show when it has ended.
func sentByWindow(ctx context.Context, t *testing.T, dir, campaign string) (all []string) {
	t.Helper()
	ui := exec.CommandContext(ctx, "mailshot", "ui", ".", "--state", "my state/led ger.db", "--accounts",
		"my state/acc.db", "--json", "--no-open")
	ui.Dir, ui.Stderr = dir, os.Stderr
	stdout, err := ui.StdoutPipe()
	if err == nil {
		err = ui.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	var first struct{ URL string }
	if err = errors.Join(err, json.Unmarshal([]byte(line), &first)); err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	person := &http.Client{Jar: jar}
	get := func(path string) string {
		t.Helper()
		_, text := readPage(t, person, "GET", path, nil)
		return text
	}
	get(first.URL)
	origin := first.URL[:strings.Index(first.URL, "/enter")]
	page := func(path string, wait string) (text string) {
		t.Helper()
		for text = get(origin + path); !strings.Contains(text, wait); text = get(origin + path) {
			if ctx.Err() != nil {
				t.Fatalf("%s: no %q in %s", path, wait, text)
			}
			runtime.Gosched()
		}
		return text
	}
	post := func(path, on string, fields url.Values) {
		t.Helper()
		for _, m := range hiddenOf.FindAllStringSubmatch(on, -1) {
			if m[1] != "back" && m[1] != "language" {
				fields.Set(m[1], html.UnescapeString(m[2]))
			}
		}
		if status, text := readPage(t, person, "POST", origin+path, fields); status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, text)
		}
	}
	post(campaign+"/plan", "", url.Values{"to": {"server"}})
	post(campaign+"/send", page(campaign+"/plan", `data-count="2"`), url.Values{"number": {"2"}})
	page(campaign+"/run", `data-exit="0"`)
	for _, path := range []string{"/", "/new", "/one?to=ann@example.com&subject=It%27s", campaign + "/people", campaign +
		"/message?row=2",
		campaign + "/server", campaign + "/rehearse", campaign + "/plan", campaign + "/run", campaign + "/results",
		campaign + "/results?state=sent", campaign + "/results/row?id=1", campaign + "/results/row?id=2"} {
		for _, m := range codeOf.FindAllStringSubmatch(commandsOf.FindString(page(path, "")), -1) {
			if command := html.UnescapeString(m[1]); !slices.Contains(all, command) {
				all = append(all, command)
			}
		}
	}
	if err := errors.Join(ui.Process.Signal(os.Interrupt), ui.Wait()); err != nil {
		t.Error(err)
	}
	return all
}
