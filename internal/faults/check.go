package faults

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailshot/campaign/ledger"
	"mailshot/internal/disk"
	"mailshot/internal/sink"
)

// Verdict is what a server's record and a ledger say together; see the package comment. Addresses are in the order of
// the list; those that no row has come last, in the order of the record.
type Verdict struct {
	Rows         int64                  // of the frozen list; 0 if nothing is planned yet
	Counts       map[ledger.State]int64 // states without deliveries are left out
	Attempted    int
	Acknowledged int
	Lost         []string
	Duplicated   []string
	Unexpected   []string
	Recovered    []string
	Unknown      []string                // as the ledger has them
	States       map[string]ledger.State // by address
}

// Check compares the records of a server with the campaign id in the state file. It reads a copy, so that a program
// that was killed finds its file as it left it. No program may be writing to the file. If the file is missing, or has
// no such campaign, nothing is planned.
func Check(ctx context.Context, state, id string, records []sink.Record) (*Verdict, error) {
	v := &Verdict{Counts: map[ledger.State]int64{}, States: map[string]ledger.State{}}
	arrived := map[string]int{}
	for _, r := range records {
		arrived[r.To[0]]++ // the others get copies
	}
	if err := v.read(ctx, state, id, arrived); err != nil {
		return nil, fmt.Errorf("check %s: %w", state, err)
	}
	for _, r := range records {
		if to := r.To[0]; arrived[to] > 0 {
			v.Unexpected = append(v.Unexpected, to) // no row has this address
			delete(arrived, to)
		}
	}
	return v, nil
}

// read judges each delivery of the ledger, and takes it off arrived.
func (v *Verdict) read(ctx context.Context, state, id string, arrived map[string]int) error {
	l, done, err := openCopy(state)
	if err != nil || l == nil {
		return err
	}
	defer done()
	v.Counts, v.Rows, err = l.Counts(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		v.Counts = map[ledger.State]int64{}
		return nil
	}
	if err != nil {
		return err
	}
	for d, err := range l.Deliveries(ctx, id, ledger.Filter{}) {
		if err != nil {
			return err
		}
		if d.State == ledger.Grouped {
			continue // it is in the message of another row, which has the same address
		}
		v.judge(d, arrived[d.Address])
		delete(arrived, d.Address)
	}
	return nil
}

// openCopy opens a copy of the state file as it is on the disk, with its log and its journals. done closes and
// removes the copy. The ledger is nil, and done too, if the file is missing.
func openCopy(state string) (l *ledger.Ledger, done func(), err error) {
	dir, err := os.MkdirTemp("", "mailshot-check-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { os.RemoveAll(dir) }
	path := filepath.Join(dir, "state.db")
	if err = copyState(state, path); err == nil {
		l, err = ledger.Open(path)
	}
	if err != nil {
		remove()
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, nil, err
	}
	return l, func() { l.Close(); remove() }, nil
}

// copyState copies a state file with its log and its journals. The error is fs.ErrNotExist if the file is missing.
func copyState(from, to string) error {
	for _, suffix := range []string{"", "-wal"} { // not -shm: it is an index of -wal, and is made anew
		err := disk.Copy(from+suffix, to+suffix)
		if err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	journals, err := disk.Names(from+".locks", func(name string) bool { return strings.HasSuffix(name, ".journal") })
	if err == nil && len(journals) > 0 {
		err = os.Mkdir(to+".locks", 0o700)
	}
	for _, name := range journals {
		err = errors.Join(err, disk.Copy(name, filepath.Join(to+".locks", filepath.Base(name))))
	}
	return err
}

// judge adds one delivery to the verdict. The server has its message n times.
func (v *Verdict) judge(d ledger.Record, n int) {
	v.States[d.Address] = d.State
	if d.Last != nil || d.State == ledger.Begun {
		v.Attempted++
	}
	// A person who resolves an unknown knows that the server may have had the message before.
	resolved := d.Manual != nil && d.Manual.Before == ledger.Unknown
	allowed := 1
	if resolved && d.Manual.After == ledger.Pending {
		allowed = 2
	}
	if n > allowed {
		v.Duplicated = append(v.Duplicated, d.Address)
	}
	switch d.State {
	case ledger.Sent, ledger.Bounced, ledger.Complained:
		v.Acknowledged++
		if n == 0 && !resolved {
			v.Lost = append(v.Lost, d.Address)
		}
	case ledger.Unknown, ledger.Begun:
		if d.State == ledger.Unknown {
			v.Unknown = append(v.Unknown, d.Address)
		}
		if n > 0 {
			v.Recovered = append(v.Recovered, d.Address)
		}
	default:
		if n > 0 && !resolved {
			v.Unexpected = append(v.Unexpected, d.Address)
		}
	}
}

// Err is nil if the promise holds: nothing lost, duplicated or unexpected, and the states add up to the rows.
func (v *Verdict) Err() error {
	var errs []error
	var total int64
	for _, n := range v.Counts {
		total += n
	}
	if total != v.Rows {
		errs = append(errs, fmt.Errorf("identity: the states add up to %d, the rows are %d: %v",
			total, v.Rows, v.Counts))
	}
	for _, f := range []struct {
		name string
		who  []string
	}{{"lost", v.Lost}, {"duplicated", v.Duplicated}, {"unexpected", v.Unexpected}} {
		if len(f.who) > 0 {
			errs = append(errs, fmt.Errorf("%d %s: %s", len(f.who), f.name, some(f.who)))
		}
	}
	return errors.Join(errs...)
}

// String is the verdict in one line of figures.
func (v *Verdict) String() string {
	s := fmt.Sprintf("attempted %d, acknowledged %d, lost %d, duplicated %d, unexpected %d, recovered %d; %d rows =",
		v.Attempted, v.Acknowledged, len(v.Lost), len(v.Duplicated), len(v.Unexpected), len(v.Recovered), v.Rows)
	sep := " "
	for _, state := range ledger.States() {
		if n := v.Counts[state]; n > 0 {
			s += fmt.Sprintf("%s%d %s", sep, n, state)
			sep = " + "
		}
	}
	return s
}

// some names the first few.
func some(who []string) string {
	const most = 5
	if len(who) <= most {
		return strings.Join(who, ", ")
	}
	return strings.Join(who[:most], ", ") + ", …"
}
