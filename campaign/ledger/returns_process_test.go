package ledger

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// cameOf is what comes back about the delivery with an id: nothing for some, and for most that it bounced.
func cameOf(id int64) Return {
	return came(id, fmt.Sprint("message ", id), []State{Bounced, Bounced, Complained, Sent}[id%4])
}

// childReturn records what comes back about the deliveries whose ids it reads, as many at once as there are, and says
// what became of it once that is on the disk: "r ID", with " known" if it was recorded before.
func childReturn(path string) {
	l := must(Open(path))
	in := bufio.NewReader(os.Stdin)
	for {
		var list []Return
		for len(list) == 0 || in.Buffered() > 0 && len(list) < 20 {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			list = append(list, cameOf(must(strconv.ParseInt(strings.TrimSpace(line), 10, 64))))
		}
		for i, res := range must(l.Return(context.Background(), "c", list)) {
			known := ""
			if res.Known {
				known = " known"
			}
			if res.Missing {
				must(0, fmt.Errorf("%d is missing", list[i].Delivery))
			}
			fmt.Printf("r %d%s\n", list[i].Delivery, known)
		}
	}
}

// feeder gives ids to a process that records what came back, which it kills at random, and begins again with those of
// which it has no answer.
type feeder struct {
	t     *testing.T
	path  string
	rng   *rand.Rand
	open  map[int64]bool // fed, and not answered
	fed   map[int64]bool
	known int
	kills int

	cmd   *exec.Cmd
	lines *bufio.Scanner
	to    io.WriteCloser
	left  int // answers until it is killed
}

func (f *feeder) start() {
	f.cmd = exec.Command(os.Args[0])
	f.cmd.Env = append(os.Environ(), "LEDGER_CHILD=return", "LEDGER_PATH="+f.path)
	f.cmd.Stderr = os.Stderr
	out, err := f.cmd.StdoutPipe()
	if err == nil {
		f.to, err = f.cmd.StdinPipe()
	}
	if err == nil {
		err = f.cmd.Start()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.lines, f.left = bufio.NewScanner(out), f.rng.IntN(20)
	for _, id := range slices.Sorted(maps.Keys(f.open)) {
		fmt.Fprintln(f.to, id)
	}
}

// stop ends the process, and takes what it said until then.
func (f *feeder) stop() {
	_ = f.cmd.Process.Kill()
	for f.lines.Scan() {
		f.answer(f.lines.Text())
	}
	_ = f.cmd.Wait()
}

func (f *feeder) answer(line string) {
	part := strings.Fields(line)
	if len(part) < 2 {
		return // cut off by the kill
	}
	id, err := strconv.ParseInt(part[1], 10, 64)
	if err != nil || !f.open[id] {
		f.t.Errorf("%q of what was not asked", line)
	}
	delete(f.open, id)
	if len(part) > 2 {
		f.known++
	}
}

// feed gives it ids, and waits for the answer to one at least.
func (f *feeder) feed(ids []int64, kill bool) {
	for _, id := range ids {
		f.open[id], f.fed[id] = true, true
		fmt.Fprintln(f.to, id)
	}
	if len(f.open) > 0 && f.lines.Scan() {
		f.answer(f.lines.Text())
		f.left--
	}
	if kill && f.left <= 0 {
		f.kills++
		f.stop()
		f.start()
	}
}

// A campaign is sent by one process, while what comes back is recorded by another, which is killed again and again. It
// comes back as soon as the message has left, before the sender has recorded the reply. At each look the states add up;
// in the end each message that came back is recorded once, and holds.
//
// Broken on purpose: an INSERT without OR IGNORE ended the second process (with 10,000 rows); Add that moves what is
// begun or pending, so that the sender ended with "the ledger was changed by another process"; counts that move does
// not keep, so that the sum was off at the first look.
func TestReturnsWhileItIsSent(t *testing.T) {
	t.Parallel()
	rows := 10_000
	if testing.Short() {
		rows = 1500
	}
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	plan(t, l, "c", rowsOf(rows))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	f := &feeder{t: t, path: path, rng: rand.New(rand.NewPCG(seed, 0)), open: map[int64]bool{}, fed: map[int64]bool{}}
	_, sends := child(t, "run", path)
	var mu sync.Mutex
	var sent []int64
	done := make(chan bool)
	go func() {
		ended := false
		for sends.Scan() {
			what, rest, _ := strings.Cut(sends.Text(), " ")
			text, state, _ := strings.Cut(rest, " ")
			if id, err := strconv.ParseInt(text, 10, 64); err == nil && what == "s" && state == string(Sent) {
				mu.Lock()
				sent = append(sent, id)
				mu.Unlock()
			}
			ended = what == "done"
		}
		done <- ended
	}()
	f.start()
	looks, ended, running := 0, false, true
	for running || len(sent) > 0 || len(f.open) > 0 {
		mu.Lock()
		some := sent[:min(len(sent), 1+f.rng.IntN(40))]
		sent = sent[len(some):]
		mu.Unlock()
		f.feed(some, running)
		identity(t, l, "c")
		looks++
		select {
		case ended = <-done:
			running = false
		default:
		}
	}
	f.stop()
	if !ended {
		t.Error("the sender did not come to its end")
	}
	want := map[State]int64{}
	for id := range f.fed {
		want[cameOf(id).To]++
	}
	got := identity(t, l, "c")
	for _, s := range []State{Sent, Bounced, Complained} {
		if got[s] != want[s] {
			t.Errorf("%d are %s, want %d", got[s], s, want[s])
		}
	}
	n := map[int64]int{}
	for r, err := range l.Returns(t.Context(), "c", Filter{}) {
		if n[r.Delivery]++; err != nil || n[r.Delivery] > 1 || r.Effect == EffectWaits || !f.fed[r.Delivery] {
			t.Errorf("%+v %v", r, err)
		}
	}
	if len(n) != len(f.fed) {
		t.Errorf("%d are recorded, and %d came back", len(n), len(f.fed))
	}
	sound(t, l)
	t.Logf("%d rows, %d came back, %d kills, %d recorded before, %d looks: %v", rows, len(n), f.kills, f.known, looks, got)
}
