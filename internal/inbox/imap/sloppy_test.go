package imap

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailshot/internal/inbox/server"
)

// folder is a folder of a scripted server that answers in its own way.
type folder struct {
	examine, search, size, body string            // answers; %d is the UID; "" = those of a server that behaves
	caps                        string            // "" = IMAP4rev1
	texts                       map[uint32]string // the messages
}

var fetching = regexp.MustCompile(`^UID FETCH ([0-9,:]+) \(.*?(?:BODY\.PEEK\[\]<([0-9]+)\.([0-9]+)>)?\)$`)

// answer plays the server of a folder, whatever is asked.
func (f folder) answer(p *peer) {
	p.say("* OK ready\r\n")
	for {
		command := p.hear()
		asked := fetching.FindStringSubmatch(command)
		switch {
		case command == "CAPABILITY":
			p.say("* CAPABILITY %s SASL-IR AUTH=PLAIN\r\n", either(f.caps, "IMAP4rev1"))
		case strings.HasPrefix(command, "EXAMINE"):
			p.say("%s", either(f.examine, fmt.Sprintf("* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n", len(f.texts))))
		case strings.HasPrefix(command, "UID SEARCH"):
			all := ""
			for uid := range f.texts {
				all += fmt.Sprintf(" %d", uid)
			}
			p.say("%s", either(f.search, "* SEARCH"+all+"\r\n"))
		case asked != nil:
			f.fetch(p, asked)
		}
		p.ok()
	}
}

func (f folder) fetch(p *peer, asked []string) {
	for uid, text := range f.texts {
		if !within(uid, asked[1]) {
			continue
		}
		if asked[2] == "" {
			p.say("%s", strings.ReplaceAll(either(f.size,
				fmt.Sprintf("* 1 FETCH (UID %%d RFC822.SIZE %d)\r\n", len(text))), "%d", strconv.Itoa(int(uid))))
			continue
		}
		from, _ := strconv.Atoi(asked[2])
		length, _ := strconv.Atoi(asked[3])
		part := text[min(from, len(text)):min(from+length, len(text))]
		line := strings.ReplaceAll(either(f.body, "* 1 FETCH (UID %d BODY[]<%f> {%l}\r\n%t)\r\n"), "%d", strconv.Itoa(int(uid)))
		line = strings.ReplaceAll(line, "%f", asked[2])
		line = strings.ReplaceAll(line, "%l", strconv.Itoa(len(part)))
		p.say("%s", strings.ReplaceAll(line, "%t", part))
	}
}

func either(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// within reports whether a UID is in a set as the client writes it.
func within(uid uint32, set string) bool {
	for part := range strings.SplitSeq(set, ",") {
		from, to, ranged := strings.Cut(part, ":")
		a, _ := strconv.Atoi(from)
		b, _ := strconv.Atoi(to)
		if int(uid) == a || ranged && int(uid) >= a && int(uid) <= b {
			return true
		}
	}
	return false
}

// TestSloppy are servers that are not as the RFC has them, or say more than they were asked, and can be read all the
// same.
func TestSloppy(t *testing.T) {
	t.Parallel()
	two := map[uint32]string{3: "Subject: three\r\n\r\n{9}\r\n", 4_294_967_295: "FLAGS (x) UID 9 )\r\n"}
	large := map[uint32]string{5: strings.Repeat("0123456\r\n", 100_000), 6: strings.Repeat("x", 2*piece)}
	for _, c := range []struct {
		name   string
		folder folder
	}{
		{"behaves", folder{texts: two}},
		{"large", folder{texts: large}},
		{"none", folder{texts: nil}},
		{"size too small", folder{texts: large, size: "* 1 FETCH (UID %d RFC822.SIZE 10)\r\n"}},
		{"size too large", folder{texts: two, size: "* 1 FETCH (UID %d RFC822.SIZE 40000000)\r\n"}},
		{"no size", folder{texts: two, size: "* 1 FETCH (UID %d)\r\n"}},
		{"flags", folder{texts: two, size: "* 1 FETCH (FLAGS (\\Seen $a[b] ü \\*) UID %d RFC822.SIZE 5 FLAGS ())\r\n"}},
		{"no date", folder{texts: two, size: "* 1 FETCH (UID %d INTERNALDATE NIL RFC822.SIZE 5)\r\n"}},
		{"strange dates", folder{texts: two, size: "* 1 FETCH (UID %d INTERNALDATE \"yesterday\" RFC822.SIZE 5)\r\n"}},
		{"UID behind", folder{texts: two, body: "* 1 FETCH (BODY[]<%f> {%l}\r\n%t UID %d)\r\n"}},
		{"UID behind with flags", folder{texts: two, body: "* 1 FETCH (FLAGS (\\Seen) BODY[]<%f> {%l}\r\n%t UID %d)\r\n"}},
		{"no partial offset", folder{texts: two, body: "* 1 FETCH (UID %d BODY[] {%l}\r\n%t)\r\n"}},
		{"lower case", folder{texts: two, examine: "* 2 exists\r\n* ok [uidvalidity 7] ok\r\n",
			size: "* 1 fetch (uid %d rfc822.size 7)\r\n", body: "* 1 fetch (uid %d body[]<%f> {%l}\r\n%t)\r\n"}},
		{"more than was asked for", folder{texts: two, examine: "* X-NEWS (1 2 {3}\r\nabc)\r\n* 2 EXISTS\r\n* 2 RECENT\r\n" +
			"* FLAGS (x[ y])\r\n* OK [PERMANENTFLAGS (x[1] \\*)] \r\n* OK\r\n* OK [ALERT]\r\n* NO sorry\r\n* BAD \r\n" +
			"* OK [UIDNEXT 0]\r\n* OK [UIDVALIDITY 7]\r\n* VANISHED (EARLIER) 1:9\r\n* LIST () \"/\" x\r\n",
			body: "* 9 FETCH (FLAGS (a[b))\r\n* 3 EXISTS\r\n* 1 FETCH (UID %d BODY[]<%f> {%l}\r\n%t)\r\n* 7 FETCH (UID 77 BODY[] {1}\r\nx)\r\n"}},
		{"descending", folder{texts: two, search: "* SEARCH 4294967295 3 3 4294967295\r\n"}},
		{"IMAP4rev2", folder{texts: two, caps: "IMAP4rev2", search: "* ESEARCH (TAG \"T3\") UID ALL 3,4294967290:4294967295\r\n"}},
		{"both", folder{texts: two, caps: "IMAP4rev2 IMAP4rev1", search: "* esearch (TAG \"T3\") uid all 4294967295:4294967295,3\r\n"}},
		{"two answers", folder{texts: two, search: "* SEARCH 4294967295\r\n* SEARCH 3 \r\n* SEARCH\r\n"}},
		{"lists what is not there", folder{texts: two, search: "* SEARCH 1 2 3 4 5 4294967295\r\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := serve(t, server.Implicit, c.folder.answer)
			want := map[string]string{}
			for uid, text := range c.folder.texts {
				want[fmt.Sprintf("7/%d", uid)] = text
			}
			found, err := each(t, cfg)
			if err != nil || !maps.Equal(want, found) {
				t.Errorf("%v %.500s", err, cmp.Diff(want, found))
			}
		})
	}
}

// TestQuoted reads a body that comes as a quoted string.
func TestQuoted(t *testing.T) {
	t.Parallel()
	cfg, _ := serve(t, server.Implicit, folder{texts: map[uint32]string{1: "-"},
		body: "* 1 FETCH (UID %d BODY[]<%f> \"FLAGS (\\\\Seen) \\\"UID 9\\\" )\")\r\n"}.answer)
	if found, err := each(t, cfg); err != nil || found["7/1"] != `FLAGS (\Seen) "UID 9" )` {
		t.Errorf("%q %v", found, err)
	}
}

// TestLies are servers that cannot be believed. What can be read is read, and the rest has an error.
func TestLies(t *testing.T) {
	t.Parallel()
	one := map[uint32]string{1: "Subject: one\r\n\r\n"}
	for _, c := range []struct {
		name    string
		folder  folder
		message string // of Open
		err     string // of Each
	}{
		{"NIL", folder{texts: one, body: "* 1 FETCH (UID %d BODY[]<%f> NIL)\r\n"}, "does not give it", ""},
		{"no body", folder{texts: one, body: "* 1 FETCH (UID %d)\r\n"}, "does not give it", ""},
		{"another's body", folder{texts: one, body: "* 1 FETCH (UID 2 BODY[]<%f> {%l}\r\n%t)\r\n"}, "does not give it", ""},
		{"too large, it says", folder{texts: one, size: "* 1 FETCH (UID %d RFC822.SIZE 9000000000000000000)\r\n"},
			"9000000000000000000 octets", ""},
		{"no size that fits", folder{texts: one, size: "* 1 FETCH (UID %d RFC822.SIZE 99999999999999999999)\r\n"}, "", "not IMAP"},
		{"more than was asked for", folder{texts: one, body: "* 1 FETCH (UID %d BODY[]<%f> {999999}\r\n"}, "",
			"more of a message"},
		{"less than it says", folder{texts: one, body: "* 1 FETCH (UID %d BODY[]<%f> {%l0}\r\n%t)\r\n"}, "", "in time"},
		{"UIDVALIDITY 0", folder{texts: one, examine: "* 1 EXISTS\r\n* OK [UIDVALIDITY 0] ok\r\n"}, "", "no UIDVALIDITY"},
		{"no UIDVALIDITY", folder{texts: one, examine: "* 1 EXISTS\r\n"}, "", "no UIDVALIDITY"},
		{"no answer to SEARCH", folder{texts: one, search: "* OK nothing\r\n"}, "", "not IMAP"},
		{"all UIDs", folder{texts: one, search: "* ESEARCH (TAG \"T3\") UID ALL 1:4294967295\r\n"}, "", "more messages"},
		{"UIDs up to the last", folder{texts: one, search: "* ESEARCH (TAG \"T3\") UID ALL 1:*\r\n"}, "", "not IMAP"},
		{"UID 0", folder{texts: one, search: "* SEARCH 0\r\n"}, "", "not IMAP"},
		{"UID too large", folder{texts: one, search: "* SEARCH 4294967296\r\n"}, "", "not IMAP"},
		{"UIDs by range", folder{texts: one, search: "* SEARCH 1:4294967295\r\n"}, "", "not IMAP"},
		{"too many UIDs", folder{texts: one, search: "* SEARCH" + strings.Repeat(" 1", 20_000) + "\r\n"}, "", "more messages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := serve(t, server.Implicit, c.folder.answer)
			if c.err == "in time" {
				cfg.Timeouts.Answer = 1500 * time.Millisecond
			}
			found, err := each(t, cfg)
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) || c.err == "" && err != nil {
				t.Errorf("%v", err)
			}
			if (c.message != "") != (len(found) == 1) || !strings.Contains(found["7/1"], c.message) {
				t.Errorf("%v", found)
			}
		})
	}
}

// TestEndless reads a message that goes on for longer than any may.
func TestEndless(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("x", piece)
	cfg, _ := serve(t, server.Implicit, folder{texts: map[uint32]string{1: full}, size: "* 1 FETCH (UID %d RFC822.SIZE 9)\r\n",
		body: fmt.Sprintf("* 1 FETCH (UID %%d BODY[]<%%f> {%d}\r\n%s)\r\n", piece, full)}.answer)
	cfg.Limits.Message = 3_000_000
	found, err := each(t, cfg)
	if err != nil || !strings.Contains(found["7/1"], "at most 3000000 are read") {
		t.Errorf("%.300q %v", found["7/1"], err)
	}
}

// TestWaitWithoutIdle waits for a while where the server has no IDLE, and after a connection was lost.
func TestWaitWithoutIdle(t *testing.T) {
	t.Parallel()
	cfg, seen := serve(t, server.Implicit, folder{texts: map[uint32]string{1: "x"}}.answer)
	cfg.Timeouts.Poll = time.Millisecond
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for range 3 {
		if err := b.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if found, err := eachOf(t.Context(), b); err != nil || len(found) != 1 {
			t.Errorf("%v %v", found, err)
		}
	}
	if n := seen.connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.cfg.Timeouts.Poll = time.Hour
	if err := b.Wait(ctx); err == nil {
		t.Error("the end of the context was not noticed")
	}
}
