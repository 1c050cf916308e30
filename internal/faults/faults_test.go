package faults

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var (
	long = flag.Bool("faults.long", false, "the long form: 10,000 recipients, 200 kills, ten minutes of standstill")
	seed = flag.Uint64("faults.seed", rand.Uint64(), "draw the same faults again")
)

// binary is the program under test, made once for all tests: the real one, without the race detector.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "mailshot-faults-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if binary, err = Build(dir); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// stage is a workspace and its sink, in folders of the test's own.
type stage struct {
	*Workspace
	*Sink
	t testing.TB
}

func newStage(t testing.TB, o SinkOptions, c Campaign) *stage {
	t.Helper()
	dir := t.TempDir()
	s, err := StartSink(filepath.Join(dir, "record.jsonl"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w, err := NewWorkspace(dir, binary, s, c)
	if err != nil {
		t.Fatal(err)
	}
	return &stage{w, s, t}
}

// send starts the program; it does not outlive the test.
func (s *stage) send() *Process {
	s.t.Helper()
	p, err := s.Send()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.Kill)
	return p
}

// finish sends what is left, and wants the exit code.
func (s *stage) finish(code int) {
	s.t.Helper()
	p := s.send()
	got, err := p.Wait()
	if err != nil {
		s.t.Fatal(err)
	}
	if _, talk := p.Output(); got != code {
		s.t.Errorf("exit code %d, want %d\n%s", got, code, talk)
	}
}

// finishDoubtful sends what is left to the end, and gives the verdict. Exit code 5 says that somebody is unknown.
func (s *stage) finishDoubtful() *Verdict {
	s.t.Helper()
	p := s.send()
	got, err := p.Wait()
	if err != nil {
		s.t.Fatal(err)
	}
	v, code := s.verdict(), 0
	if len(v.Unknown) > 0 {
		code = 5
	}
	if _, talk := p.Output(); got != code {
		s.t.Errorf("exit code %d, want %d\n%s", got, code, talk)
	}
	return v
}

// sendAll sends what is left, however that ends, and gives the verdict.
func (s *stage) sendAll() *Verdict {
	s.t.Helper()
	p := s.send()
	if _, err := p.Wait(); err != nil {
		s.t.Fatal(err)
	}
	return s.verdict()
}

// verdict is Check's, and a failure where the promise is broken.
func (s *stage) verdict() *Verdict {
	s.t.Helper()
	<-s.Quiet()
	v, err := s.Workspace.Check(s.t.Context(), s.Sink)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := v.Err(); err != nil {
		s.t.Errorf("%v\n%s", err, v)
	}
	return v
}

// Without any fault everybody is sent to, once, and the sink's record and the ledger agree.
func TestNoFault(t *testing.T) {
	t.Parallel()
	s := newStage(t, SinkOptions{}, Campaign{Addresses: People(300)})
	s.finish(0)
	v := s.verdict()
	if v.Rows != 300 || v.Attempted != 300 || v.Acknowledged != 300 || len(v.Recovered) != 0 {
		t.Error(v)
	}
	s.finish(0)
	if n := s.Accepted(); n != 300 {
		t.Errorf("a second send of a finished campaign: %d messages in all", n)
	}
}
