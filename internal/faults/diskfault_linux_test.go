package faults

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// ailing is a campaign whose disk fails in the middle of the run.
type ailing struct {
	*stage
	dots   atomic.Int64 // whole messages that the server has seen
	people int
	most   int64 // of them may leave after the fault
}

// people of an ailing campaign; the fault comes at a third of them.
const people = 120

// unfolded is how many messages may be in the journal and not in state.db: of the fold that is under way, of those that
// wait for it, and of a group on top. Where state.db fails and the journal does not, so many may leave after the fault.
const unfolded = 256 + 256 + 3*connections

func newAiling(t *testing.T, limits ...string) *ailing {
	t.Helper()
	return newAilingOf(t, people, connections, limits...)
}

// newUnfolding is an ailing campaign whose state.db fails: of so many people that a run which goes on is noticed.
func newUnfolding(t *testing.T) *ailing {
	t.Helper()
	return newAilingOf(t, 4*unfolded, unfolded, "caps: [100000/h]")
}

func newAilingOf(t *testing.T, people int, most int64, limits ...string) *ailing {
	t.Helper()
	a := &ailing{people: people, most: most}
	a.stage = newStage(t, SinkOptions{Hide: []string{"CHUNKING"}, Observe: func(e sink.Event) {
		if e.Kind == string(Dot) {
			a.dots.Add(1)
		}
	}}, Campaign{Addresses: People(people), Limits: limits})
	return a
}

// suffer sends with a fault in the middle, which fail makes and returns how to mend. It wants that no message leaves
// after the fault but what was on the wire, and that the exit code and the last words say so; then that the next send
// goes on. It returns what was said.
func (a *ailing) suffer(fail func(pid int) (mend func()), want ...string) string {
	a.t.Helper()
	mend := func() {}
	var strikes atomic.Bool
	struck := make(chan int64, 1)
	started := make(chan *Process, 1)
	a.Strike(Mark{Point: Data, N: a.people / 3}, func() {
		strikes.Store(true)
		mend = fail((<-started).PID())
		struck <- a.dots.Load()
	})
	p := a.send()
	started <- p
	code, err := p.Wait()
	if err != nil {
		a.t.Fatal(err)
	}
	_, talk := p.Output()
	if !strikes.Load() {
		a.t.Fatalf("it ended before the fault, with exit code %d\n%s", code, talk)
	}
	after := a.dots.Load() - <-struck
	if code != 1 || after > a.most {
		a.t.Errorf("exit code %d, and %d messages left after the fault\n%s", code, after, talk)
	}
	for _, w := range append(want, "next: ", "/mailshot.exe send --yes campaign.yaml") {
		if !strings.Contains(talk, w) {
			a.t.Errorf("%q is not said:\n%s", w, talk)
		}
	}
	mend()
	a.recovers()
	return talk
}

// recovers sends what is left, after a fault: nobody is lost or mailed twice.
func (a *ailing) recovers() {
	a.t.Helper()
	before := a.verdict()
	begun := before.Counts[ledger.Begun] + before.Counts[ledger.Unknown]
	v := a.finishDoubtful()
	unknown := v.Counts[ledger.Unknown]
	if unknown > min(begun, connections) || v.Rows != int64(a.people) || v.Counts[ledger.Sent]+unknown != v.Rows {
		a.t.Errorf("%d were in doubt; %s", begun, v)
	}
}

// inject lets system calls of the process fail from now on, of all its threads, on one file and as strace's -e inject
// says.
func inject(t *testing.T, pid int, path, calls, how string) {
	t.Helper()
	cmd := exec.Command("strace", "-f", "-p", fmt.Sprint(pid), "-o", os.DevNull, "-P", path, "-e", "trace="+calls,
		"-e", "inject="+calls+":"+how)
	words, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err) // it is a connection's goroutine that calls
		return
	}
	t.Cleanup(func() { // by then the process has ended, and strace with it
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(words).ReadString('\n')
	if !strings.Contains(line, "attached") {
		t.Errorf("strace: %q, %v", line, err)
	}
}

// A disk that fails under the ledger, the accounts or the archive: no further message leaves whose intent is not on the
// disk, and the program says which file, what, and what to do. That a write or a sync works again later changes nothing
// for the run. What fails under the journal is for TestJournalFails in campaign/ledger.
//
// Broken: with a begin that passes over the ledger's answer eight of the nine faults of the ledger left somebody
// unexpected, whom the next send mailed twice; with a ledger that goes on after an error only the words were missing,
// for the campaign halts too; with a fold whose error is passed over 1,429 messages left after the fault.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: calls cannot be made to fail")
	}
	const (
		state, accounts = "campaign/.mailshot/state.db", "user/accounts.db"
		syncs, writes   = "fsync,fdatasync", "pwrite64"
		broken          = "the ledger cannot be written, nothing more is begun"
		again           = "then run the command again: it goes on"
	)
	for _, c := range []struct {
		name, file, calls, how string
		says                   string
	}{
		{"every sync of the ledger", state, syncs, "error=EIO", "failed to keep what was written (sync)"},
		{"one sync of the ledger", state, syncs, "error=EIO:when=1", "failed to keep what was written (sync)"},
		{"no room at the ledger's sync", state, syncs, "error=ENOSPC", "failed to keep what was written (sync)"},
		{"every write of the ledger", state, writes, "error=EIO", "failed to write"},
		{"one write of the ledger", state, writes, "error=EIO:when=1", "failed to write"},
		{"no room for the ledger", state, writes, "error=ENOSPC", "no room on the disk"},
		{"room for the ledger a moment later", state, writes, "error=ENOSPC:when=1", "no room on the disk"},
		{"the ledger's quota", state, writes, "error=EDQUOT", "failed to write"},
		{"the ledger's disk turned read-only", state, writes, "error=EROFS", "failed to write"},
		{"every sync of the accounts", accounts, syncs, "error=EIO", "failed to keep what was written (sync)"},
		{"no room for the accounts", accounts, writes, "error=ENOSPC", "no room on the disk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// What workers have in hand, three for a connection, is reserved on the disk before the fault: it is within
			// the cap, and may go until the first of them asks for another use and learns of the fault.
			a := newAilingOf(t, people, 3*connections, "caps: [1000/h]")
			if c.file == state {
				a = newUnfolding(t)
			}
			path := filepath.Join(a.Dir, c.file)
			want := []string{path + ": ", c.says, again}
			if c.file == state {
				want = append(want, broken)
			}
			a.suffer(func(pid int) func() {
				inject(t, pid, path+"-wal", c.calls, c.how)
				return func() {}
			}, want...)
		})
	}
}

// What fails when nothing hangs on it any more breaks no promise, and needs no words: the log is synced when its pages
// are to be folded into the file, and when the files are closed.
func TestDiskFailsLate(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: calls cannot be made to fail")
	}
	for _, c := range []struct{ name, file, calls, how string }{
		{"close of the log", "state.db-wal", "close", "error=EIO"},
		{"close of the ledger", "state.db", "close", "error=EIO"},
		{"the log is not folded in", "state.db", "pwrite64", "error=EIO"},
		{"what was folded in is not synced", "state.db", "fsync,fdatasync", "error=EIO"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAiling(t)
			started := make(chan *Process, 1)
			a.Strike(Mark{Point: Data, N: people / 3}, func() {
				inject(t, (<-started).PID(), filepath.Join(a.folder(), ".mailshot", c.file), c.calls, c.how)
			})
			p := a.send()
			started <- p
			if code, err := p.Wait(); code != 0 || err != nil {
				_, talk := p.Output()
				t.Errorf("exit code %d, %v\n%s", code, err, talk)
			}
			if v := a.verdict(); v.Counts[ledger.Sent] != people {
				t.Error(v)
			}
			a.finish(0)
			if v := a.verdict(); v.Counts[ledger.Sent] != people || a.dots.Load() != people {
				t.Errorf("%s; %d messages", v, a.dots.Load())
			}
		})
	}
}

// mount mounts a small file system at the folder, which is made.
func mount(t *testing.T, dir, options string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,"+options)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("mounting a small disk is not allowed here")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
}

// fill leaves no room on the disk of a folder, until it is mended.
func fill(t *testing.T, dir string) (mend func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	for piece := make([]byte, 4096); len(piece) > 0 && err == nil; {
		if _, err = f.Write(piece); errors.Is(err, syscall.ENOSPC) {
			piece, err = piece[:len(piece)/2], nil
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Error(err) // it may be a connection's goroutine that calls
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// A disk that fills up under the ledger, the accounts or the archive stops the run, and room lets the next one go on.
//
// Broken: with an archive whose error is passed over, 83 messages left after the fault, with exit code 0.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, dir, options string
		says               []string
	}{
		{"ledger", "campaign/.mailshot", "size=16m", // with room for its log
			[]string{"campaign/.mailshot/state.db: no room on the disk", "make room, then run the command again: it goes on"}},
		{"accounts", "user", "size=8m", []string{"user/accounts.db: no room on the disk",
			"make room, then run the command again: it goes on"}},
		{"archive", "campaign/sent", "size=2m",
			[]string{"archive: ", "no space left on device", "was sent, and has no copy",
				"make sent/ writable again, with room, then send again: it resumes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAiling(t, "caps: [1000/h]")
			switch c.name { // as in TestDiskFails
			case "accounts":
				a.most = 3 * connections
			case "ledger":
				a = newUnfolding(t)
			}
			a.amend("archive: sent/\n")
			dir := filepath.Join(a.Dir, c.dir)
			mount(t, dir, c.options)
			a.suffer(func(int) func() { return fill(t, dir) }, c.says...)
		})
	}
}

// A disk on which no more files can be made, and a limit of the size of files, are like a full one.
func TestLimits(t *testing.T) {
	t.Parallel()
	t.Run("files on the disk", func(t *testing.T) {
		t.Parallel()
		a := newAiling(t)
		a.amend("archive: sent/\n")
		dir := filepath.Join(a.folder(), "sent")
		mount(t, dir, "size=2m,nr_inodes=200")
		a.suffer(func(int) func() {
			fillers := filepath.Join(dir, "fillers")
			err := os.Mkdir(fillers, 0o700)
			for i := 0; err == nil; i++ {
				err = os.WriteFile(filepath.Join(fillers, fmt.Sprint(i)), nil, 0o600)
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Error(err)
			}
			return func() {
				if err := os.RemoveAll(fillers); err != nil {
					t.Error(err)
				}
			}
		}, "archive: ", "no space left on device", "then send again: it resumes")
	})
	t.Run("size of a file", func(t *testing.T) {
		t.Parallel()
		a := newUnfolding(t) // as in TestDiskFails
		a.suffer(func(pid int) func() {
			limit(t, pid, syscall.RLIMIT_FSIZE, 4096) // which all that grows has passed
			return func() {}
		}, "the disk failed", "ulimit -f", "then run the command again: it goes on")
	})
	t.Run("open files", func(t *testing.T) {
		t.Parallel()
		a := newAiling(t)
		for n := 10; n <= 20; n += 2 { // the last may do
			cmd := a.Command("send", "--yes", "campaign.yaml")
			cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, n)}, cmd.Args...)
			cmd.Path = "/bin/sh"
			p, err := Start(cmd)
			if err != nil {
				t.Fatal(err)
			}
			code, err := p.Wait()
			if err != nil {
				t.Fatal(err)
			}
			if _, talk := p.Output(); code != 0 && !strings.Contains(talk, "ulimit -n 256") &&
				!strings.Contains(talk, "too many open files") {
				t.Errorf("%d open files: exit code %d\n%s", n, code, talk)
			}
			if v := a.verdict(); len(v.Unknown) > 0 || v.Counts[ledger.Begun] > 0 {
				t.Errorf("%d open files: %s", n, v)
			}
		}
		a.finish(0)
		a.recovers()
	})
	t.Run("read-only", func(t *testing.T) {
		t.Parallel()
		a := newAiling(t)
		dir := filepath.Join(a.folder(), ".mailshot")
		mount(t, dir, "size=4m")
		remount := func(flags uintptr) {
			if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
				t.Fatal(err)
			}
		}
		for _, part := range []string{"--limit=10", "--limit=20"} {
			remount(syscall.MS_RDONLY)
			// The first time there is no file yet.
			if talk := a.refused(a.Command("send", "--yes", "campaign.yaml")); !strings.Contains(talk, "state.db: ") ||
				!strings.Contains(talk, "writable") || !strings.Contains(talk, "then run the command again: it goes on") {
				t.Error(talk)
			}
			remount(0)
			p, err := Start(a.Command("send", "--yes", part, "campaign.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if code, err := p.Wait(); code != 0 || err != nil {
				t.Error(code, err)
			}
		}
		a.recovers()
	})
}

// refused runs a command that sends nothing, and changes nothing. It returns what was said.
func (a *ailing) refused(cmd *exec.Cmd) string {
	a.t.Helper()
	before, dots := a.verdict().String(), a.dots.Load()
	p, err := Start(cmd)
	if err != nil {
		a.t.Fatal(err)
	}
	code, err := p.Wait()
	if err != nil {
		a.t.Fatal(err)
	}
	_, talk := p.Output()
	if after := a.verdict().String(); code == 0 || after != before || a.dots.Load() != dots {
		a.t.Errorf("exit code %d, %d messages; before %s, after %s\n%s", code, a.dots.Load()-dots, before, after, talk)
	}
	return talk
}

// limit lowers a limit of a running process.
func limit(t *testing.T, pid, resource int, n uint64) {
	t.Helper()
	l := syscall.Rlimit{Cur: n, Max: n}
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(pid), uintptr(resource),
		uintptr(unsafe.Pointer(&l)), 0, 0, 0); errno != 0 {
		t.Error(errno)
	}
}

// A full disk for temporary files and for results loses nothing: who needs it says so, and the ledger is as it was.
func TestFullForOutput(t *testing.T) {
	t.Parallel()
	a := newAiling(t)
	dir := filepath.Join(a.Dir, "full")
	mount(t, dir, "size=1m")
	mend := fill(t, dir)
	scratch := filepath.Join(filepath.Dir(a.State()), "tmp") // where a check works
	mount(t, scratch, "size=64k")
	fill(t, scratch)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"check", "campaign.yaml"}, 3, "no room on the disk"},
		{[]string{"send", "--yes", "campaign.yaml"}, 1, "120 sent in"}, // the one line of figures cannot be written
		{[]string{"report", "--xlsx", filepath.Join(dir, "results.xlsx"), "campaign.yaml"}, 1,
			filepath.Join(dir, ".mailshot")},
		{[]string{"report", "--csv", "campaign.yaml"}, 1, "/dev/stdout"},
		{[]string{"preview", "--out", filepath.Join(dir, "preview"), "campaign.yaml"}, 1,
			filepath.Join(dir, "preview")},
	} {
		cmd := a.Command(c.args...)
		cmd.Env = append(cmd.Env, "TMPDIR="+dir)
		out, err := os.Create(filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout = out
		p, err := Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		code, err := p.Wait()
		if err := errors.Join(err, out.Close()); err != nil {
			t.Fatal(err)
		}
		if _, talk := p.Output(); code != c.code || !strings.Contains(talk, c.says) ||
			!strings.Contains(talk, "no space left on device") {
			t.Errorf("%v: exit code %d\n%s", c.args, code, talk)
		}
		a.verdict()
	}
	mend()
	a.recovers()
	if a.dots.Load() != people {
		t.Errorf("%d messages", a.dots.Load())
	}
}
