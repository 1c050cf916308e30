// Package survey looks at all messages of a campaign in the background, so that a person who looks at one of them
// knows how many there are, which ones are odd, and what is wrong with any. Call [Surveys.Of] for what is known now:
// it begins the work if the campaign's inputs have changed since. [Surveys.Close] ends all work and waits for it.
//
// The messages are made and checked by the pass of mailshot check, and none of them is kept. A survey is as large as a
// few hundred findings, however long the list is; the latest surveys of a few campaigns are kept. One is at work at a
// time.
package survey

import (
	"context"
	"errors"
	"slices"
	"sync"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/cmd/mailshot/web/tape"
)

// Kind says in what a row is odd.
type Kind string

// The kinds, in the order in which a person is told of them.
const (
	Longest  Kind = "longest"  // text of a message
	Shortest Kind = "shortest" //
	Empty    Kind = "empty"    // the first row whose cell in a column is empty
	Right    Kind = "rtl"      // the first row with letters that are written from right to left, where not all have some
	Files    Kind = "files"    // the most attachments, or as many and larger ones
	Without  Kind = "without"  // the first row that gets no message
	Wrong    Kind = "finding"  // the first row of a finding
)

// Odd is one row that is worth a look.
type Odd struct {
	Kind   Kind
	Detail string // the column of Empty, the text of Wrong, the reason of Without; else ""
	Row    int64
}

// Survey is what is known about all messages of a campaign. It does not change.
type Survey struct {
	Version  string // of the inputs that it is about
	Done     bool
	Counted  bool  // Rows is that of the whole list
	Rows     int64 // of the list
	Made     int64 // rows whose message was made and checked so far
	Odd      []Odd // in the order of the rows
	Findings []check.Finding
	Columns  []string // of the list; nil before Counted
	Err      error    // why there is no more
}

// mostKept is how many campaigns' surveys are kept.
const mostKept = 8

// Surveys are those of a window. The zero value is ready; its methods may be called at the same time.
type Surveys struct {
	mu    sync.Mutex
	by    map[string]*work // by campaign file
	order []string
	all   sync.WaitGroup
	turn  sync.Mutex // held by the one at work
	over  bool
}

// work is a survey that is being made.
type work struct {
	stop context.CancelFunc
	rows rowsKept

	mu  sync.Mutex
	now Survey
}

// end ends the work, and gives back what it has kept.
func (w *work) end() {
	w.stop()
	w.rows.drop()
}

func (w *work) snapshot() Survey {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.now
	s.Odd, s.Findings = slices.Clone(s.Odd), slices.Clone(s.Findings)
	return s
}

func (w *work) change(how func(*Survey)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	how(&w.now)
}

// Of is what is known about a campaign whose inputs have this version (see [Version]). It begins a survey if there is
// none of it, and ends one of an older version. The work goes on when the caller's request is over.
func (s *Surveys) Of(file, version string, o campaign.Options) Survey {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.by[file]
	if was != nil && was.snapshot().Version == version {
		return was.snapshot()
	}
	if s.over {
		return Survey{Version: version}
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &work{stop: stop, now: Survey{Version: version},
		rows: rowsKept{tape: tape.Tape{Home: o.Definition.Home(), What: "messages"}}}
	if s.by == nil {
		s.by = map[string]*work{}
	}
	if was != nil {
		was.end()
		s.order = slices.DeleteFunc(s.order, func(f string) bool { return f == file })
	}
	s.by[file], s.order = w, append(s.order, file)
	if len(s.order) > mostKept {
		s.by[s.order[0]].end()
		delete(s.by, s.order[0])
		s.order = s.order[1:]
	}
	s.all.Go(func() {
		defer stop()
		s.turn.Lock()
		defer s.turn.Unlock()
		err := survey(ctx, w, o)
		w.change(func(now *Survey) {
			now.Done = true
			if now.Err = err; errors.Is(err, context.Canceled) {
				now.Version = "" // the next who asks begins it anew
			}
		})
	})
	return w.snapshot()
}

// Close ends all work and waits for it. Nothing is begun after it.
func (s *Surveys) Close() {
	s.mu.Lock()
	s.over = true
	for _, w := range s.by {
		w.stop()
	}
	s.mu.Unlock()
	s.all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.by {
		w.rows.drop()
	}
}
