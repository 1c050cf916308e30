package filters

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// spam is a message that filters know for what it is.
const spam = "From: Acme <news@acme.example>\r\nTo: <ann@good.example>\r\nSubject: BUY NOW CHEAP PILLS\r\n" +
	"Date: Sun, 29 Nov 2026 10:00:00 +0000\r\nMessage-ID: <abc@acme.example>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Dear sir, click here for viagra.</p>\r\n" +
	"---- ---------------------- --------------------------------------------------\r\n 9.9 NOT_A_RULE             of the report\r\n"

func names(v Verdict) (all []string) {
	for _, r := range v.Rules {
		all = append(all, r.Name)
	}
	return all
}

// The real SpamAssassin is asked, and writes nothing into the user's folder. What the message itself says of points is
// no part of the report. Seen to fail with readTable taking the first table of the answer: it found no points.
func TestSpamAssassin(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	f, err := Find("spamassassin", nil)
	if missing := (*MissingError)(nil); errors.As(err, &missing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := f.Ask(t.Context(), []byte(spam))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SUBJ_ALL_CAPS", "DEAR_SOMETHING", "MIME_HTML_ONLY"} {
		if !slices.Contains(names(v), want) {
			t.Errorf("no %s in %v", want, names(v))
		}
	}
	if v.Required != 5 || v.Score < 2 || slices.Contains(names(v), "NOT_A_RULE") {
		t.Errorf("%+v", v)
	}
	for _, r := range v.Rules {
		if strings.Contains(r.Text, "\n") || r.Name == "SUBJ_ALL_CAPS" && r.Text != "Subject is all capitals" {
			t.Errorf("%+v", r)
		}
	}
	if left, _ := os.ReadDir(home); len(left) > 0 {
		t.Errorf("%s is in the user's folder", left[0].Name())
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.home); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", f.home, err)
	}
}

// A real rspamd with few of its modules and without a way to the network is started and asked.
func TestRspamd(t *testing.T) {
	server, err := exec.LookPath("rspamd")
	if _, err2 := exec.LookPath("rspamc"); err != nil || err2 != nil {
		t.Skip("rspamd is not installed here")
	}
	if os.Getuid() != 0 {
		t.Skip("rspamd is started as root only")
	}
	dir, err := os.MkdirTemp("/tmp", "rspamd") // the path of a socket is short, and a port might be taken meanwhile
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "socket")
	conf := filepath.Join(dir, "rspamd.conf")
	text := strings.NewReplacer("§", dir, "¶", at).Replace(`lua = "$RULESDIR/rspamd.lua";
.include "$CONFDIR/metrics.conf"
.include "$CONFDIR/actions.conf"
.include "$CONFDIR/groups.conf"
options {
	filters = "regexp"; disable_hyperscan = true; dns { timeout = 0.1s; retransmits = 1; nameserver = ["127.0.0.1:9"]; }
	pidfile = "§/pid"; control_socket = "§/control"; history_file = "§/history"; cache_file = "§/cache";
}
logging { type = "console"; level = "notice"; }
worker "normal" { bind_socket = "¶ mode=0666"; count = 1; }
`)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, server, "-f", "-i", "-c", conf, "--var", "DBDIR="+dir, "--var", "RUNDIR="+dir,
		"--var", "LOGDIR="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it ends its workers
	cmd.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		if _ = cmd.Wait(); t.Failed() || testing.Verbose() {
			t.Logf("rspamd said %s", said.String())
		}
	}()
	f, err := Find("rspamd", []string{"rspamc", "-h", at})
	if err != nil {
		t.Fatal(err)
	}
	var v Verdict
	for range 1200 { // until it answers
		if v, err = f.Ask(t.Context(), []byte(spam)); err == nil {
			break
		}
		select {
		case <-t.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names(v), "SUBJ_ALL_CAPS") || v.Required <= 0 || v.Score <= 0 {
		t.Errorf("%+v", v)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	const table = "\n pts rule name              description\n---- ---------------------- ------------------------------\n" +
		" 2.0 DEAR_SOMETHING         BODY: Contains 'Dear (something)'\n-0.0 NO_RELAYS              Informational: message was not\n" +
		"                            relayed via SMTP\n\nmore\n 3.0 NOT_THIS               it is behind the table\n"
	for name, c := range map[string]struct {
		output string
		read   func([]byte) (Verdict, error)
		want   string
	}{
		"spamassassin": {"Content analysis details:   (8.4 points, 5.0 required)\n" + table, readTable,
			"{8.4 5 [{DEAR_SOMETHING 2 Contains 'Dear (something)'} {NO_RELAYS -0 Informational: message was not relayed via SMTP}]}"},
		"spamc": {"8.4/5.0\n" + table, readTable,
			"{8.4 5 [{DEAR_SOMETHING 2 Contains 'Dear (something)'} {NO_RELAYS -0 Informational: message was not relayed via SMTP}]}"},
		"no table":     {"From: x\n\nhello\n", readTable, "there is no report in its answer"},
		"no points":    {table, readTable, "there are no points in its answer"},
		"spamd is off": {"0/0\n", readTable, "there is no report in its answer"},
		"rspamd": {`{"score":4.5,"required_score":15,"symbols":{"B":{"score":1},"A":{"score":3.5,"description":"x"}}}`,
			readJSON,
			"{4.5 15 [{A 3.5 x} {B 1 }]}"},
		"rspamd fails": {`{"error":"no such command"}`, readJSON, "no such command"},
		"no rspamd":    {"IO write error", readJSON, "its answer is not JSON"},
		"other JSON":   {"{}", readJSON, "there are no points in its answer"},
	} {
		v, err := c.read([]byte(c.output))
		got := fmt.Sprint(v)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, want := range map[string]string{
		"":             "no spam filter is installed here: neither spamassassin nor rspamd",
		"auto":         "no spam filter is installed here: neither spamassassin nor rspamd",
		"spamassassin": "spamassassin is not installed here", "rspamd": "rspamc is not installed here",
		"spamc": "spamc is not installed here",
		"dspam": `no spam filter is called "dspam": there are spamassassin, spamc, rspamd`,
	} {
		if f, err := Find(name, nil); err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v", name, f, err)
		}
	}
}

// A filter that does not answer ends with the context, and one that fails says why.
func TestAskFails(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	f := &Filter{Name: "Slow", program: sh, args: []string{"-c", "exec sleep 600"}, read: readTable}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := f.Ask(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	f = &Filter{Name: "Bad", program: sh, args: []string{"-c", "echo out of order >&2; exit 3"}, read: readTable}
	if _, err := f.Ask(t.Context(), nil); err == nil || err.Error() != "Bad: out of order" {
		t.Errorf("%v", err)
	}
}

// spamc says 0/0 where no spamd answers. Seen to fail: the finding was "SpamAssassin (spamd): 0/0".
func TestServiceAway(t *testing.T) {
	if _, err := exec.LookPath("spamc"); err != nil {
		t.Skip("spamc is not installed here")
	}
	f, err := Find("spamc", []string{"spamc", "-d", "127.0.0.1", "-p", "9", "--connect-retries=1"})
	if err != nil {
		t.Fatal(err)
	}
	want := "SpamAssassin (spamd): it is installed and does not run; start it (systemctl start spamd)"
	if _, err = f.Ask(t.Context(), []byte(spam)); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
