package faults

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"mailshot/internal/sink"
)

// slowly has each reply take a moment, so that messages are on the wire whenever something happens.
const slowly = "dot:delay 20ms"

// A run that is stopped takes nothing new and finishes what the server has: nothing is in doubt, and the next run sends
// the rest. Whatever became of those who watch: the ledger is right, and the exit code says what became of the
// campaign.
//
// It has failed before it was written: SIGPIPE was given back before the last words, so that a run with both streams
// closed ended with 141, and one whose terminal was closed with 1, not with 75.
func TestStops(t *testing.T) {
	t.Parallel()
	signals := func(s syscall.Signal) func(*testing.T, *exec.Cmd) func(*Process) {
		return func(*testing.T, *exec.Cmd) func(*Process) {
			return func(p *Process) { _ = p.Signal(s) }
		}
	}
	for _, c := range []struct {
		name string
		// before prepares the command, and returns what is done to the process in the middle of the run.
		before func(*testing.T, *exec.Cmd) func(*Process)
		code   int
	}{
		{"SIGTERM", signals(syscall.SIGTERM), 75},
		{"SIGINT", signals(syscall.SIGINT), 75},
		{"SIGHUP", signals(syscall.SIGHUP), 75},
		{"terminal closed", func(t *testing.T, cmd *exec.Cmd) func(*Process) {
			master, slave := terminal(t)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			return func(*Process) { slave.Close(); master.Close() }
		}, 75},
		// Nobody looks at these before the end of the run, so it goes to the end.
		{"standard output closed", closedPipe(func(cmd *exec.Cmd, w *os.File) { cmd.Stdout = w }), 1},
		{"standard error closed", closedPipe(func(cmd *exec.Cmd, w *os.File) { cmd.Stderr = w }), 0},
		{"both closed", closedPipe(func(cmd *exec.Cmd, w *os.File) { cmd.Stdout, cmd.Stderr = w, w }), 1},
		// With the watcher gone, and stopped besides: the exit code is that of the campaign.
		{"both closed and SIGTERM", func(t *testing.T, cmd *exec.Cmd) func(*Process) {
			do := closedPipe(func(cmd *exec.Cmd, w *os.File) { cmd.Stdout, cmd.Stderr = w, w })(t, cmd)
			return func(p *Process) { do(p); _ = p.Signal(syscall.SIGTERM) }
		}, 75},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if (c.name == "SIGHUP" || c.name == "terminal closed") && signal.Ignored(syscall.SIGHUP) {
				t.Skip("SIGHUP is ignored here, as under nohup, and what is started here ignores it too")
			}
			const people = 200
			s := newStage(t, SinkOptions{Rules: []string{slowly}}, Campaign{Addresses: People(people)})
			cmd := s.Command("send", "--yes", "campaign.yaml")
			do := c.before(t, cmd)
			ready := make(chan *Process, 1)
			s.Strike(Mark{Point: Dot, N: people / 4}, func() { do(<-ready) })
			p, err := Start(cmd)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Kill)
			ready <- p
			code, err := p.Wait()
			if err != nil {
				t.Fatal(err)
			}
			v := s.verdict()
			if _, talk := p.Output(); code != c.code {
				t.Errorf("exit code %d, want %d\n%s", code, c.code, talk)
			}
			if len(v.Unknown) > 0 || v.Acknowledged < people/4 || (v.Acknowledged < people) != (c.code == 75) {
				t.Errorf("it ended with %s", v)
			}
			s.finish(0)
			if v := s.verdict(); v.Acknowledged != people {
				t.Errorf("the next run ended with %s", v)
			}
		})
	}
}

// closedPipe gives the program a pipe whose reader goes away in the middle of the run.
func closedPipe(give func(*exec.Cmd, *os.File)) func(*testing.T, *exec.Cmd) func(*Process) {
	return func(t *testing.T, cmd *exec.Cmd) func(*Process) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		give(cmd, w)
		return func(*Process) { w.Close(); r.Close() }
	}
}

// terminal opens a pseudo-terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	control := func(request, arg uintptr) {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, arg); e != 0 {
			t.Fatal(e)
		}
	}
	var unlock, number int32
	control(syscall.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlock)))
	control(syscall.TIOCGPTN, uintptr(unsafe.Pointer(&number)))
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// The second signal ends at once, though the server never answers: what was on the wire is in doubt, one for each
// connection at most, and is not sent again.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	const people, connections = 100, 8
	// A run begins with one message under way, and has grown to all connections after some thirty.
	s := newStage(t, SinkOptions{Rules: []string{"dot:60+:store-stall"}},
		Campaign{Addresses: People(people), Connections: connections})
	ready := make(chan *Process, 1)
	s.Strike(Mark{Point: Dot, N: 60 + connections - 1}, func() {
		p := <-ready
		_ = p.Signal(syscall.SIGTERM)
		_ = p.Signal(syscall.SIGINT) // another one, for two of a kind that wait are one
	})
	p := s.send()
	ready <- p
	code, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	v := s.verdict()
	if _, talk := p.Output(); code != 130 || len(v.Unknown) != connections || len(v.Recovered) != connections {
		t.Errorf("exit code %d, %s\n%s", code, v, talk)
	} else if !strings.Contains(talk, fmt.Sprintf("press again to leave %d unknown", connections)) {
		t.Errorf("it did not say how many would be unknown\n%s", talk)
	}
	unknown := v.Unknown
	offered := s.Offered()
	for _, to := range unknown {
		if offered[to] != 1 {
			t.Errorf("%s was sent whole %d times", to, offered[to])
		}
	}
}

// Stopped as a whole and let go on: the time that passed is not made up for. As many messages come as the cap allows
// from then on, and those that were on the way already.
func TestStandstill(t *testing.T) {
	t.Parallel()
	const perSecond, connections = 10, 2
	still := 3 * time.Second
	if *long {
		still = 10 * time.Minute
	}
	arrived := make(chan time.Time, 1000)
	s := newStage(t, SinkOptions{Observe: func(e sink.Event) {
		if e.Kind == string(Mail) {
			arrived <- time.Now()
		}
	}}, Campaign{Addresses: People(40), Connections: connections,
		Limits: []string{fmt.Sprintf("caps: [%d/s]", perSecond)}})
	stopped, ready := make(chan bool), make(chan *Process, 1)
	s.Strike(Mark{Point: Mail, N: 10}, func() {
		_ = (<-ready).Signal(syscall.SIGSTOP)
		close(stopped)
	})
	p := s.send()
	ready <- p
	<-stopped
	<-time.After(still) // the fault itself
	before := len(arrived)
	onward := time.Now()
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	code, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	v := s.verdict()
	if _, talk := p.Output(); code != 0 || v.Acknowledged != 40 {
		t.Errorf("exit code %d, %s\n%s", code, v, talk)
	}
	close(arrived)
	n := 0
	for at := range arrived {
		if n++; n <= before {
			continue
		}
		// Late arrivals are the server's or the machine's doing; only early ones are the program's.
		may := int(at.Sub(onward).Seconds()*perSecond) + 1 + 2*connections
		if came := n - before; came > may {
			t.Errorf("%d messages within %v of going on, the cap allows %d", came, at.Sub(onward), may)
		}
	}
}
