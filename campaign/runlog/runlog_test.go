package runlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mailshot/campaign/dispatch"
)

// lines are the lines of some files; each has to be one JSON object.
func lines(t *testing.T, files ...string) (all []Line) {
	t.Helper()
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for text := range bytes.Lines(b) {
			var line Line
			if err := json.Unmarshal(text, &line); err != nil || text[len(text)-1] != '\n' {
				t.Fatalf("%s: %q: %v", name, text, err)
			}
			all = append(all, line)
		}
	}
	return all
}

func outcome(n int) dispatch.Event {
	return dispatch.Event{Kind: "sent", Key: fmt.Sprintf("key-%d", n), Place: "people.csv:2", Code: 250}
}

// A log has no more than its files, none much larger than its size, and the newest lines.
//
// Proven by renaming the file without the older ones before, and by never rotating.
func TestRotation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.log")
	l := Open(Config{Path: path, Campaign: "news", Size: 1000, Keep: 3, Warn: func(err error) { t.Error(err) }})
	for n := range 200 {
		l.Observe(outcome(n))
	}
	l.Ended(Line{Sent: 200})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + ".[0-9]*")
	files = append(files, path)
	if err != nil || len(files) != 4 {
		t.Errorf("%v, %v", files, err)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Size() > 1300 {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), err)
		}
	}
	all := lines(t, path+".3", path+".2", path+".1", path)
	for i, line := range all[:len(all)-1] {
		if want := fmt.Sprintf("key-%d", 200-len(all)+1+i); line.Key != want {
			t.Fatalf("line %d has %s, want %s", i, line.Key, want)
		}
	}
	if last := all[len(all)-1]; last.Event != "ended" || last.Sent != 200 || last.Campaign != "news" {
		t.Errorf("the last line: %+v", last)
	}
}

// Runs that share a file lose no line, also where one of them renames it.
//
// Proven by writing on to the file that was opened first: its lines came to be where no file is any more.
func TestShared(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.log")
	var runs sync.WaitGroup
	for range 4 {
		runs.Go(func() {
			l := Open(Config{Path: path, Size: 4000, Keep: 100, Warn: func(err error) { t.Error(err) }})
			for n := range 100 {
				l.Observe(outcome(n))
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	files, err := filepath.Glob(path + ".[0-9]*")
	files = append(files, path)
	if n := len(lines(t, files...)); n != 400 || err != nil || len(files) < 3 {
		t.Errorf("%d lines in %v, %v", n, files, err)
	}
}

// A log that cannot be written is said once, and goes on where it can.
//
// Proven by telling every error, and by giving up after the first.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "logs")
	warned := 0
	l := Open(Config{Path: filepath.Join(dir, "run.log"), Warn: func(error) { warned++ }})
	for n := range 5 {
		l.Observe(outcome(n))
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l.Observe(outcome(5))
	l.Observe(dispatch.Event{Kind: dispatch.Hold, Text: "cap 5/min"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if all := lines(t, l.c.Path); warned != 1 || len(all) != 2 || all[0].Key != "key-5" || all[1].Event != "hold" {
		t.Errorf("%d warnings, %+v", warned, all)
	}
	folder := Open(Config{Path: dir, Warn: func(error) { warned++ }})
	if folder.Observe(outcome(1)); warned != 2 {
		t.Error("a folder is taken for a log")
	}
}

// A folder knows its logs, with their older files, and a log tells whom it has lines about.
//
// Proven by finding key-1 in key-10.
func TestKnown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a [b] log")
	for range 2 {
		if err := Remember(dir, path); err != nil {
			t.Fatal(err)
		}
	}
	if got := Known(dir); len(got) != 0 {
		t.Errorf("%v are not there", got)
	}
	l := Open(Config{Path: path, Size: 1, Keep: 2})
	for n := range 2 {
		l.Observe(outcome(10 + n))
	}
	l.Observe(dispatch.Event{Kind: "refused", Key: "key-13", Text: "550 no such user Ann@example.com"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := Known(dir); len(got) != 3 || got[0] != path {
		t.Errorf("%q", got)
	}
	for who, want := range map[string]bool{"key-13": true, "KEY-13": true, "ann@example.com": true, "key-1": false,
		"n": false} {
		if got := Mentions(path, []string{who}); got != want {
			t.Errorf("%s: %v", who, got)
		}
	}
}
