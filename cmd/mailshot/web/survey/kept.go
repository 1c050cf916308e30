package survey

import (
	"slices"
	"sync"

	"mailshot/campaign/recipients"
	"mailshot/cmd/mailshot/web/tape"
)

// Row is a row as a survey has kept it, for campaign.Chosen.
type Row struct {
	Place string
	Cells []byte // as recipients.Row.Encode gives them
}

// apart is how many rows lie between two whose places on the tape are remembered.
const apart = 64

// rowsKept are the rows of a list, for whoever asks for one of them far down. Rows that get no message, and those with
// faults, are not among them: only the list says what is wrong with them.
type rowsKept struct {
	mu     sync.Mutex
	tape   tape.Tape
	marks  []rowMark
	n      int
	buffer tape.Put
	whole  bool // all rows are there
	over   bool // no more are kept, and none is given
}

// rowMark is where a row begins on the tape.
type rowMark struct{ number, at int64 }

// add keeps a row. Where there is no room for it, none is kept: the list has them all.
func (k *rowsKept) add(r *recipients.Row) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over || r.Filtered || len(r.Faults) > 0 {
		return
	}
	b := k.buffer[:0]
	b.Number(r.Number)
	b.Text(r.Place)
	b.Text(string(r.Encode()))
	at, err := k.tape.Add(b)
	if err != nil {
		k.end()
		return
	}
	if k.n%apart == 0 {
		k.marks = append(k.marks, rowMark{r.Number, at})
	}
	k.n++
	k.buffer = b
}

// finish is called after the last row.
func (k *rowsKept) finish() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return
	}
	if k.tape.End() != nil {
		k.end()
		return
	}
	k.whole = true
}

// drop gives back what the rows are kept in.
func (k *rowsKept) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.over {
		k.end()
	}
}

func (k *rowsKept) end() {
	k.over, k.marks, k.buffer = true, nil, nil
	_ = k.tape.Close() // what is left of it, the next command below this folder takes away
}

// row gives the row with a number.
func (k *rowsKept) row(number int64) (r Row, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.whole || k.over {
		return r, false
	}
	i, there := slices.BinarySearchFunc(k.marks, number, func(m rowMark, n int64) int { return int(min(1, max(-1, m.number-n))) })
	if !there {
		i--
	}
	if i < 0 {
		return r, false
	}
	to := int64(0)
	if i+1 < len(k.marks) {
		to = k.marks[i+1].at
	}
	b, err := k.tape.Read(k.marks[i].at, to)
	for t := (&tape.Take{Rest: b, Err: err}); t.Err == nil && len(t.Rest) > 0; {
		n, place, cells := t.Number(), t.Text(), t.Text()
		if t.Err == nil && n == number {
			return Row{place, []byte(cells)}, true
		}
	}
	return r, false
}

// Row gives a row of a campaign's list, if a survey of this version of its inputs has gone past it and it gets a
// message.
func (s *Surveys) Row(file, version string, number int64) (Row, bool) {
	s.mu.Lock()
	w := s.by[file]
	s.mu.Unlock()
	if w == nil || w.snapshot().Version != version {
		return Row{}, false
	}
	return w.rows.row(number)
}
