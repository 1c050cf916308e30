package trace

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// script is a trace in short: "text" and <path> for what strace has in hexadecimal, ~ for the disk's folder, $ for the
// end of a line, and
// * for as many bytes as there are.
func script(t *testing.T, root, text string) []Step {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(line), "~", root), "$", "\r\n")
		fmt.Fprint(&b, "7  1.5 ")
		var inside byte
		n := 0
		for i := range len(line) {
			switch c := line[i]; {
			case inside == 0:
				if c == '"' || c == '<' && line[i+1] != '.' && line[i+1] != 'u' {
					inside = map[byte]byte{'"': '"', '<': '>'}[c]
				}
				if c == '*' {
					fmt.Fprint(&b, n)
				} else {
					b.WriteByte(c)
				}
			case c == inside:
				inside = 0
				b.WriteByte(c)
			default:
				fmt.Fprintf(&b, `\x%02x`, c)
				if inside == '"' {
					n++
				}
			}
		}
		b.WriteByte('\n')
	}
	calls, err := Read(strings.NewReader(b.String()), 0)
	if err != nil {
		t.Fatal(err)
	}
	return Steps(calls)
}

// disk is a folder after the calls, in which the file "old" with "before" was.
func disk(t *testing.T, text string) *Disk {
	t.Helper()
	root := t.TempDir()
	d, err := NewDisk(root, Tree{"old": []byte("before")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range script(t, d.root, text) {
		if err := d.Step(s); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// What is synced is there after every power cut, and what is not may be in any part.
func TestCut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		calls  string
		synced string   // the folder
		may    []string // what cuts may leave, all of it seen in a thousand
	}{
		"written": {`openat(AT_FDCWD<~>, "old", O_RDWR) = 3<~/old>
			pwrite64(3<~/old>, "B", 1, 0) = 1`,
			"old=before", []string{"old=before", "old=Before"}},
		"synced": {`open("~/old", O_RDWR) = 3<~/old>
			pwrite64(3<~/old>, "B", 1, 0) = 1
			fsync(3<~/old>)           = 0`,
			"old=Before", []string{"old=Before"}},
		"a sync that failed": {`open("~/old", O_RDWR) = 3<~/old>
			pwrite64(3<~/old>, "B", 1, 0) = 1
			fsync(3<~/old>) = -1 EIO (Input/output error) (INJECTED)`,
			"old=before", []string{"old=before", "old=Before"}},
		"a write while the sync is on its way": {`open("~/old", O_RDWR) = 3<~/old>
			fsync(3<~/old> <unfinished ...>
			pwrite64(3<~/old>, "B", 1, 0) = 1
			<... fsync resumed>) = 0`,
			"old=before", []string{"old=before", "old=Before"}},
		"a sync that has not ended": {`open("~/old", O_RDWR) = 3<~/old>
			pwrite64(3<~/old>, "B", 1, 0) = 1
			fsync(3<~/old> <unfinished ...>`,
			"old=before", []string{"old=before", "old=Before"}},
		"another file's sync": {`open("~/old", O_RDWR) = 3<~/old>
			openat(AT_FDCWD<~>, "new", O_RDWR|O_CREAT, 0600) = 4<~/new>
			pwrite64(3<~/old>, "B", 1, 0) = 1
			fsync(4<~/new>) = 0`,
			"old=before", []string{"old=before", "old=Before", "new= old=before", "new= old=Before"}},
		"a file without its folder's sync": {`openat(AT_FDCWD<~>, "new", O_RDWR|O_CREAT, 0600) = 4<~/new>
			write(4<~/new>, "x", 1) = 1
			write(4<~/new>, "y", 1) = 1
			fsync(4<~/new>) = 0`,
			"old=before", []string{"old=before", "new=xy old=before"}},
		"a file with its folder's sync": {`openat(AT_FDCWD<~>, "new", O_RDWR|O_CREAT, 0600) = 4<~/new>
			open("~", O_RDONLY) = 5<~>
			fsync(5<~>) = 0
			write(4<~/new>, "x", 1) = 1`,
			"new= old=before", []string{"new= old=before", "new=x old=before", "new=\x00 old=before"}},
		"a new length": {`open("~/old", O_RDWR) = 3<~/old>
			ftruncate(3<~/old>, 2) = 0`,
			"old=before", []string{"old=before", "old=be", "old=be\x00\x00\x00\x00"}},
		"a rename happens whole": {`rename("~/old", "~/new") = 0`,
			"old=before", []string{"old=before", "new=before"}},
		"a link and the end of the first name": {`linkat(AT_FDCWD<~>, "old", AT_FDCWD<~>, "new", 0) = 0
			unlinkat(AT_FDCWD<~>, "old", 0) = 0`,
			"old=before", []string{"", "old=before", "new=before", "new=before old=before"}},
		"in a new folder": {`mkdirat(AT_FDCWD<~>, "sub", 0700) = 0
			openat(AT_FDCWD<~>, "sub/new", O_RDWR|O_CREAT, 0600) = 4<~/sub/new>
			openat(AT_FDCWD<~>, "sub", O_RDONLY) = 5<~/sub>
			fsync(5<~/sub>) = 0`,
			"old=before", []string{"old=before", "old=before sub/ sub/new="}},
		"a failed call is nothing": {`rename("~/old", "~/new") = -1 EACCES (Permission denied)
			unlink("~/old") = -1 EROFS (Read-only file system)`,
			"old=before", []string{"old=before"}},
		"a log is appended to": {`openat(AT_FDCWD<~>, "old", O_WRONLY|O_APPEND) = 3<~/old>
			write(3<~/old>, "!", 1) = 1
			close(3<~/old>) = 0
			openat(AT_FDCWD</>, "elsewhere", O_RDWR) = 3</elsewhere>
			write(3</elsewhere>, "?", 1) = 1`,
			"old=before", []string{"old=before", "old=before!", "old=before\x00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := disk(t, c.calls)
			if got := shown(d.Synced()); got != c.synced {
				t.Errorf("synced %q, want %q", got, c.synced)
			}
			seen := map[string]bool{}
			for i := range 1000 {
				seen[shown(d.Cut(rand.New(rand.NewPCG(1, uint64(i)))))] = true
			}
			slices.Sort(c.may)
			if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, c.may) {
				t.Errorf("cuts leave %q, want %q", got, c.may)
			}
			if now := shown(d.Now()); !seen[now] {
				t.Errorf("no cut leaves what there is, %q", now)
			}
		})
	}
}

// Blocks of 4 KiB are lost by themselves, and torn at 512 bytes.
func TestTorn(t *testing.T) {
	t.Parallel()
	d := disk(t, fmt.Sprintf(`openat(AT_FDCWD<~>, "old", O_RDWR) = 3<~/old>
		pwrite64(3<~/old>, "%s", 12288, 0) = 12288`, strings.Repeat("n", 3*block)))
	whole, torn := map[string]bool{}, 0
	for i := range 1000 {
		data := d.Cut(rand.New(rand.NewPCG(2, uint64(i))))["old"]
		of := ""
		for from := 0; from < len(data); from += block {
			b := string(data[from:min(from+block, len(data))])
			switch n := strings.Count(b, "n"); {
			case n == len(b):
				of += "n"
			case n == 0:
				of += "-"
			case n%sector != 0:
				t.Fatalf("%d bytes of a block", n)
			default:
				of += "t"
				torn++
			}
		}
		whole[of] = true
	}
	for _, want := range []string{"nnn", "-nn", "n-n", "nn-", "tnn", "--n", "-"} {
		if !whole[want] {
			t.Errorf("no cut leaves the blocks %q", want)
		}
	}
	if torn < 100 {
		t.Errorf("%d blocks are torn", torn)
	}
}

// shown is a tree in a line.
func shown(t Tree) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if t[name] == nil {
			words = append(words, name+"/")
		} else {
			words = append(words, name+"="+string(t[name]))
		}
	}
	return strings.Join(words, " ")
}

// What the replay cannot follow is an error, not a wrong disk.
func TestOutOfSight(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		`write(9<~/old>, "x", 1) = 1`,
		`fsync(9<~/old>) = 0`,
		`openat(AT_FDCWD<~>, "other", O_RDWR) = 3<~/other>`,
		`rename("old", "new") = 0`,
		`rename("~/old", "/elsewhere") = 0`,
		`symlink("/elsewhere", "~/new") = 0`,
		`truncate("~/old", 1) = 0`,
		`mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 9<~/old>, 0) = 0x7f8877bea000`,
	} {
		d := disk(t, "")
		var err error
		for _, s := range script(t, d.root, call) {
			if e := d.Step(s); e != nil {
				err = e
			}
		}
		if err == nil {
			t.Errorf("%s: no error", call)
		}
	}
}

// A message's places are those of its own bytes, also where another's envelope is in the same write.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ calls, want string }{
		"pipelined": {`read(3<socket:[1]>, "220 hello$", 99) = *
			write(3<socket:[1]>, "EHLO me$MAIL FROM:<a@example.com>$RCPT TO:<b@example.com>$DATA$", 99) = *
			read(3<socket:[1]>, "250-hi$250 PIPELINING$250 ok$250 ok$354 go on$", 99) = *
			write(3<socket:[1]>, "Subject: x$$..y$.$MAIL FROM:<a@example.com>$RCPT TO:<c@example.com>$DATA$", 99) = *
			read(3<socket:[1]>, "250 ok$250 ok$", 99) = *
			read(3<socket:[1]>, "550 no$503 no$", 99) = *
			write(3<socket:[1]>, "QUIT$", 99) = *`,
			"b@example.com 4 4 5 250"},
		"in pieces": {`read(3<socket:[1]>, "220 hello$", 99) = *
			write(3<socket:[1]>, "MAIL FROM:<a@example.com>$RCPT TO:<b@example.com>$DA", 99) = *
			read(3<socket:[1]>, "250 ok$250 o", 99) = *
			write(3<socket:[1]>, "TA$", 99) = *
			read(3<socket:[1]>, "k$354 go$", 99) = *
			write(3<socket:[1]>, ".", 99) = *
			write(3<socket:[1]>, "x$.", 99) = *
			write(3<socket:[1]>, "$", 1) = -1 EAGAIN (Resource temporarily unavailable)
			write(3<socket:[1]>, "$", 99) = *`,
			"b@example.com 6 9 - 0"},
		"BDAT": {`read(3<socket:[1]>, "220 hello$", 99) = *
			writev(3<socket:[1]>, [{iov_base="MAIL FROM:<a@example.com>$RCPT TO:<b@example.com>$", iov_len=50}, {iov_base="BDAT 4 LAST$x$yMAIL FROM:<", iov_len=27}], 2) = *
			write(3<socket:[1]>, "a@example.com>$RCPT TO:<c@example.com>$BDAT 1$z", 99) = *
			write(3<socket:[1]>, "BDAT 1 LAST$z", 13 <unfinished ...>`,
			"b@example.com 2 2 - 0; c@example.com 3 4 - 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := script(t, "/r", c.calls)
			messages, err := Messages(steps)
			if err != nil {
				t.Fatal(err)
			}
			place := func(p int) string {
				if p == Never {
					return "-"
				}
				return fmt.Sprint(p / 2)
			}
			var got []string
			for _, m := range messages {
				got = append(got, fmt.Sprintf("%s %s %s %s %d", m.To, place(m.First), place(m.Last), place(m.Reply),
					m.Code))
			}
			if got := strings.Join(got, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// The shell's own files come out of a real trace as they are.
func TestStrace(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	root := t.TempDir()
	file := filepath.Join(t.TempDir(), "trace")
	d, err := NewDisk(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	line := Strace(file, "/bin/sh", "-c",
		`mkdir "$PWD/sub" && echo one > sub/a && echo two >> sub/a && mv sub/a b && echo three > c && rm c && sync b`)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = d.root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	calls, err := Read(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Steps(calls) {
		if err := d.Step(s); err != nil {
			t.Fatal(err)
		}
	}
	want, err := ReadTree(d.root)
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(d.Now()); got != shown(want) || !strings.Contains(got, "b=one\ntwo\n") {
		t.Errorf("replayed %q, there is %q", got, shown(want))
	}
	if got := shown(d.Synced()); got != "" {
		t.Errorf("no folder was synced, and %q is sure", got)
	}
}
