package marks

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// create makes the marks of a run, and skips the test where there are none.
func create(t *testing.T, path, run string) *File {
	t.Helper()
	f, err := Create(path, run)
	if err != nil {
		t.Fatal(err)
	}
	if f == nil {
		if _, err := os.Stat(path); err == nil {
			t.Error("there are no marks, and a file of them")
		}
		t.Skip("this system does not tell its boots and mounts apart")
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// waitingAt is who waits, where nobody is said to have been accepted.
func waitingAt(path, run string, begun []Delivery) []Delivery {
	waiting, accepted := Known(path, run, begun)
	if accepted != nil {
		return accepted
	}
	return waiting
}

// A whole reply is known after a kill: what was taken is accepted, what was refused waits. It is that of the attempt
// that was begun last, and nothing is known of one that has started again since.
//
// Broken on purpose: the attempts of an end not compared; an end kept when the delivery starts again; an end whose
// attempts have no room in the mark believed.
func TestEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "marks")
	f := create(t, path, "run")
	mark := func(sequence int64, attempts int) {
		if err := f.Mark(Delivery{sequence, attempts}); err != nil {
			t.Fatal(err)
		}
	}
	end := func(sequence int64, attempts int, taken bool) {
		mark(sequence, attempts)
		if err := f.End(Delivery{sequence, attempts}, taken); err != nil {
			t.Fatal(err)
		}
	}
	end(1, 0, true)
	end(2, 0, false)
	end(3, 0, false)
	mark(3, 1)      // and again
	end(4, 2, true) // of an attempt whose record was lost since
	end(5, 0, true)
	mark(5, 0)
	end(6, 63, true) // more attempts than a mark has room for
	mark(7, 0)
	begun := []Delivery{{1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 0}, {6, 63}, {6, 70}, {7, 0}, {8, 0}}
	waiting, accepted := Known(path, "run", begun)
	if want := []Delivery{{2, 0}, {8, 0}}; !slices.Equal(waiting, want) {
		t.Errorf("%v wait, want %v", waiting, want)
	}
	if want := []Delivery{{1, 0}}; !slices.Equal(accepted, want) {
		t.Errorf("%v are accepted, want %v", accepted, want)
	}
}

// Many mark at once, and each mark is found; what has no mark, or only one of an earlier attempt, waits.
//
// Broken on purpose: with two marks written at the same place, nobody waited; with attempts compared the other way
// round, those that had started waited.
func TestMarks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "marks")
	f := create(t, path, "run")
	var callers sync.WaitGroup
	for c := range 8 {
		callers.Go(func() {
			for i := range 200 {
				d := Delivery{Sequence: int64(i*8 + c + 1), Attempts: i % 3}
				if err := f.Mark(d); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	last := int64(1)<<40 - 1
	for _, d := range []Delivery{{last, 1000}, {last - 1, 0}} {
		if err := f.Mark(d); err != nil {
			t.Fatal(err)
		}
	}
	var begun, want []Delivery
	for i := range 200 {
		began := Delivery{Sequence: int64(i*8 + 1), Attempts: i % 3}
		again := Delivery{Sequence: int64(i*8 + 2), Attempts: i%3 + 1}
		earlier := Delivery{Sequence: int64(i*8 + 3), Attempts: i%3 - 1} // a record that was brought back
		begun = append(begun, began, again, earlier)
		want = append(want, again)
	}
	never := Delivery{Sequence: 100_000}
	begun = append(begun, never, Delivery{last, 2000}, Delivery{last - 1, 300})
	want = append(want, never, Delivery{last - 1, 300})
	got := waitingAt(path, "run", begun)
	got = slices.DeleteFunc(got, func(d Delivery) bool { return d.Attempts < 0 }) // as many as none
	if !slices.Equal(got, want) {
		t.Errorf("%d wait, want %d: %v", len(got), len(want), got)
	}
	if got := waitingAt(path, "another run", begun); got != nil {
		t.Error("marks of another run tell who waits:", got)
	}
}

// A new run's marks are another file: what an older run still writes does not reach it. Removed marks tell nothing.
func TestMarksOfTwoRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "marks")
	old := create(t, path, "old")
	f := create(t, path, "new")
	if err := old.Mark(Delivery{Sequence: 1}); err != nil {
		t.Fatal(err)
	}
	begun := []Delivery{{Sequence: 1}, {Sequence: 2}}
	if got := waitingAt(path, "new", begun); !slices.Equal(got, begun) {
		t.Error(got)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if got := waitingAt(path, "new", begun); got != nil {
		t.Error(got)
	}
	if err := Remove(path); err != nil {
		t.Error("removed twice:", err)
	}
}

// Where there are no marks nothing is written, and nobody is said to wait.
func TestNoMarks(t *testing.T) {
	t.Parallel()
	var none *File
	for _, err := range []error{none.Mark(Delivery{Sequence: 1}), none.Close(), none.Remove()} {
		if err != nil {
			t.Error(err)
		}
	}
}

// Whatever is written over a file of marks, it is as it was, or nobody is said to wait.
func FuzzWaiting(f *testing.F) {
	f.Add([]byte{}, uint16(0), uint16(0))
	f.Add([]byte("mailshot"), uint16(3), uint16(0))
	f.Add(make([]byte, 64), uint16(headSize-8), uint16(0))
	f.Add(make([]byte, 8), uint16(headSize+24), uint16(0))
	f.Add([]byte{}, uint16(0), uint16(9))
	f.Fuzz(func(t *testing.T, over []byte, at, cut uint16) {
		path := filepath.Join(t.TempDir(), "marks")
		m := create(t, path, "run")
		for i := range int64(4) {
			if err := m.Mark(Delivery{Sequence: i + 1}); err != nil {
				t.Fatal(err)
			}
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.f.WriteAt(over, int64(at)); err != nil {
			t.Fatal(err)
		}
		if err := m.f.Truncate(int64(len(whole)) - int64(cut)); err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		begun := []Delivery{{Sequence: 1}, {Sequence: 5}}
		got := waitingAt(path, "run", begun)
		if same := bytes.Equal(whole, now); same != slices.Equal(got, begun[1:]) || !same && got != nil {
			t.Errorf("%d bytes at %d, %d less: %v", len(over), at, cut, got)
		}
	})
}

// More marks than a piece has room for are found, and a closed file takes none.
func TestManyMarks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "marks")
	f := create(t, path, "run")
	const many = 3*pieceSize/size + 5
	for i := range int64(many) {
		if err := f.Mark(Delivery{Sequence: i + 1}); err != nil {
			t.Fatal(err)
		}
	}
	begun := []Delivery{{Sequence: many}, {Sequence: many + 1}, {Sequence: pieceSize / size}}
	if got := waitingAt(path, "run", begun); !slices.Equal(got, begun[1:2]) {
		t.Error(got)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Mark(Delivery{Sequence: 1}); err == nil {
		t.Error("a closed file takes a mark")
	}
}
