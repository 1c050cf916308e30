package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime/quotedprintable"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// hush is the secret of these tests. Every encoding writes it differently.
const hush = `s3cr<t&horse"battery%staple=~é/`

// half is where the secret is cut in two.
const half = 15

// traces are the ways in which a secret could be written, by name.
func traces(secret string) map[string]string {
	all := map[string]string{
		"plain": secret, "hex": hex.EncodeToString([]byte(secret)),
		"HEX":       strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"URL query": url.QueryEscape(secret), "URL path": url.PathEscape(secret),
		"Go":       strings.Trim(fmt.Sprintf("%q", secret), `"`),
		"ASCII Go": strings.Trim(fmt.Sprintf("%+q", secret), `"`),
	}
	for name, escape := range map[string]bool{"JSON": false, "JSON for HTML": true} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escape)
		_ = e.Encode(secret)
		all[name] = strings.Trim(strings.TrimSpace(b.String()), `"`)
	}
	for before := range 3 {
		bits := append(make([]byte, before), secret...)
		from, to := (before*8+5)/6, len(bits)*8/6
		all[fmt.Sprint("Base64 behind ", before)] = base64.RawStdEncoding.EncodeToString(bits)[from:to]
		all[fmt.Sprint("Base64 for URLs behind ", before)] = base64.RawURLEncoding.EncodeToString(bits)[from:to]
	}
	var qp bytes.Buffer
	w := quotedprintable.NewWriter(&qp)
	_, _ = w.Write([]byte(secret))
	_ = w.Close()
	all["quoted-printable"] = qp.String()
	var le, be []byte
	for _, u := range utf16.Encode([]rune(secret)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	all["UTF-16LE"], all["UTF-16BE"] = string(le), string(be)
	return all
}

// parrot is a server that knows the secret, and repeats it in every encoding whenever it answers.
type parrot struct {
	fail   string // the step at which it fails: auth, mail, rcpt, data, end; "": it takes what it gets
	how    string // 5xx, 4xx, drop
	halves bool   // repeat it on two lines, and in no other way
	look   func() // called at each command
	mu     sync.Mutex
	logins int
}

// echo is a reply of several lines that repeats the secret in every way, and in two halves.
func (p *parrot) echo(code, user string) string {
	var b strings.Builder
	forms := traces(hush)
	both := "\x00" + user + "\x00" + hush
	forms["PLAIN"] = base64.StdEncoding.EncodeToString([]byte(both))
	forms["XOAUTH2"] = base64.StdEncoding.EncodeToString([]byte("user=" + user + "\x01auth=Bearer " + hush +
		"\x01\x01"))
	for name, form := range forms {
		fmt.Fprintf(&b, "%s-5.7.0 %s: %s\r\n", code, name, form)
	}
	if p.halves {
		b.Reset()
		fmt.Fprintf(&b, "%s-5.7.0 %s\r\n%s-5.7.0 %s\r\n", code, hush[:half], code, hush[half:])
	}
	fmt.Fprintf(&b, "%s 5.7.0 that is what you told me\r\n", code)
	return b.String()
}

func (p *parrot) serve(conn net.Conn) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	say := func(s string) { _, _ = conn.Write([]byte(s)) }
	say("220 parrot.example ESMTP\r\n")
	const user = "ann@example.org"
	// answer is the reply to a step; false: the connection is gone.
	answer := func(step, good string) bool {
		if p.fail != step {
			say(good)
			return true
		}
		switch p.how {
		case "drop":
			return false
		case "4xx":
			say(p.echo(map[string]string{"auth": "454",
				"end": "451"}[step]+map[bool]string{true: "450"}[step != "auth" && step != "end"], user))
		default:
			say(p.echo(map[bool]string{true: "535", false: "554"}[step == "auth"], user))
		}
		return true
	}
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		p.look()
		verb, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		ok := true
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-parrot.example\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 ENHANCEDSTATUSCODES\r\n")
		case "AUTH":
			p.mu.Lock()
			p.logins++
			p.mu.Unlock()
			if strings.HasPrefix(rest, "LOGIN") {
				for _, c := range []string{"Username:", "Password:"} {
					say("334 " + base64.StdEncoding.EncodeToString([]byte(c)) + "\r\n")
					if _, err := br.ReadString('\n'); err != nil {
						return
					}
				}
			}
			ok = answer("auth", p.echo("235", user))
		case "MAIL":
			ok = answer("mail", p.echo("250", user))
		case "RCPT":
			ok = answer("rcpt", p.echo("250", user))
		case "DATA":
			if p.fail == "data" {
				ok = answer("data", "")
				break
			}
			say("354 go on\r\n")
			for line != ".\r\n" {
				if line, err = br.ReadString('\n'); err != nil {
					return
				}
			}
			ok = answer("end", p.echo("250", user))
		case "QUIT":
			say("221 bye\r\n")
			return
		default:
			say("250 ok\r\n")
		}
		if !ok {
			return
		}
	}
}

// listen serves until the test's end, on a port of its own.
func (p *parrot) listen(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return ln.Addr().(*net.TCPAddr).Port
}

// commandLines are those of all processes that may be looked at.
func commandLines() string {
	var b strings.Builder
	list, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range list {
		line, _ := os.ReadFile(name) // it may have ended
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// TestSecretsNowhere runs the real command with a password from the environment, a file and a program, against servers
// that fail at each step and repeat the password in every encoding. It looks for the password in all that is printed,
// written and left behind, and in the process list at each command that the server gets.
//
// Proven by breaking the code: when the reply to a message was kept unmasked, the ledger and each report showed the
// password in every encoding. When mask.Text did not know JSON for HTML, Go in ASCII and quoted-printable, send and
// probe showed those. When lines were masked one by one, two halves were shown.
func TestSecretsNowhere(t *testing.T) {
	t.Parallel()
	sources := map[string]string{"env": "{ env: HUSH }", "file": "{ file: ../hush }",
		"command": "{ command: [cat, ../hush] }"}
	type server struct{ fail, how, source, auth string }
	for _, c := range []server{
		{"auth", "5xx", "env", "PLAIN"}, {"auth", "4xx", "file", "LOGIN"}, {"auth", "drop", "command", "PLAIN"},
		{"auth", "5xx", "command", "LOGIN"},
		{"mail", "5xx", "file", "PLAIN"}, {"rcpt", "5xx", "command", "LOGIN"}, {"rcpt", "4xx", "env", "PLAIN"},
		{"data", "5xx", "env", "LOGIN"},
		{"end", "5xx", "env", "PLAIN"}, {"end", "4xx", "file", "PLAIN"}, {"end", "drop", "command", "PLAIN"},
		{"", "", "env", "PLAIN"},
		{"auth", "5xx halves", "env", "PLAIN"}, {"rcpt", "4xx halves", "env", "PLAIN"}, {"", "halves", "file", "LOGIN"},
	} {
		t.Run(strings.Join([]string{c.fail, c.how, c.source, c.auth}, " "), func(t *testing.T) {
			t.Parallel()
			top := t.TempDir()
			dir := filepath.Join(top, "c")
			var mu sync.Mutex
			var lines strings.Builder
			how, halves := strings.CutSuffix(c.how, "halves")
			p := &parrot{fail: c.fail, how: strings.TrimSpace(how), halves: halves, look: func() {
				if runtime.GOOS == "linux" {
					mu.Lock()
					defer mu.Unlock()
					lines.WriteString(commandLines())
				}
			}}
			port := p.listen(t)
			for name, text := range map[string]string{
				"hush":         hush,
				"c/people.csv": "email\na@example.com\nb@example.com\n",
				"c/body.txt":   "Hello!\n",
				"c/campaign.yaml": fmt.Sprintf(`id: hush
from: club@example.org
subject: News
recipients: {file: people.csv}
body: {text: body.txt}
archive: sent/
server: {host: 127.0.0.1, port: %d, tls: none, username: ann@example.org, auth: %s, password: %s}
limits: {connections: 1, retry: {first: 1s, max: 1s, give_up: 1s}}
`, port, c.auth, sources[c.source]),
			} {
				path := filepath.Join(top, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			temp := filepath.Join(top, "tmp")
			if err := os.Mkdir(temp, 0o700); err != nil {
				t.Fatal(err)
			}
			said := map[string]string{}
			for _, args := range [][]string{
				{"check", "campaign.yaml"}, {"probe", "campaign.yaml"},
				{"probe", "--until", "rcpt", "--to", "x@example.com", "--json", "campaign.yaml"},
				{"send", "--limit", "1", "--yes", "campaign.yaml"}, {"send", "--yes", "--json", "campaign.yaml"},
				{"status", "campaign.yaml"},
				{"status", "--json", "campaign.yaml"}, {"report", "campaign.yaml"},
				{"report", "--json", "campaign.yaml"}, {"report", "--csv", "campaign.yaml"},
				{"report", "--xlsx", "report.xlsx", "campaign.yaml"}, {"resolve", "campaign.yaml"},
				{"estimate", "--json", "campaign.yaml"},
			} {
				cmd := exec.Command("mailshot", args...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(top, "state"), "TMPDIR="+temp,
					"HUSH="+hush, "NO_COLOR=1")
				out, _ := cmd.CombinedOutput() // most of them fail, as they should
				said["mailshot "+strings.Join(args, " ")] = string(out)
			}
			p.mu.Lock()
			logins := p.logins
			p.mu.Unlock()
			if logins == 0 {
				t.Fatalf("nobody logged in:\n%s", said["mailshot send --limit 1 --yes campaign.yaml"])
			}
			mu.Lock()
			said["the process list"] = lines.String()
			mu.Unlock()
			err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || path == filepath.Join(top, "hush") {
					return err
				}
				data, err := os.ReadFile(path)
				said[strings.TrimPrefix(path, top)] = string(data)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"/state/mailshot/accounts.db", "/c/.mailshot/state.db"} {
				if !slices.ContainsFunc(keys(said), func(k string) bool { return strings.HasPrefix(k, name) }) {
					t.Errorf("%s was not looked at", name)
				}
			}
			for where, text := range said {
				forms := traces(hush)
				if halves {
					forms["half"] = hush[half:]
				}
				for form, secret := range forms {
					if i := strings.Index(text, secret); i >= 0 {
						t.Errorf("%s shows it, as %s: %q", where, form,
							text[max(0, i-60):min(len(text), i+len(secret)+20)])
					}
				}
			}
		})
	}
}

func keys(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}
