// Package meter keeps what the runs of a campaign put on the wire. [New] begins with a run, [Meter.Observe] takes the
// events of its connections, and [Meter.Close] ends it. [Read] returns the kept runs.
//
// The record is a JSON file beside the ledger, and does not depend on the ledger. It has servers and numbers, and names
// no person; it does not name recipients' own servers either. It is written whole, at most every half minute, and at
// the end of a run. If a process is killed, what it had not written is lost, and so are the connections that it left
// open. So the sums say how many messages they are for.
//
// A record that cannot be written does not disturb a run: Close says why, and the result of the run stays the same.
package meter

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mailshot/internal/disk"
	"mailshot/sender"
	"mailshot/sender/tally"
)

// Ending is the ending of the record's name beside a ledger.
const Ending = ".traffic"

const (
	pause   = 30 * time.Second // between two writings
	mostOf  = 100              // runs that are kept one by one
	version = 1
)

// Run is what went over the connections of a run, or of several.
type Run struct {
	Started time.Time `json:"started"` // the first of them
	Runs    int64     `json:"runs"`    // how many they are
	Parts   []Part    `json:"parts"`
}

// Part is what went over connections of one kind.
type Part struct {
	Kind
	tally.Tally
}

// Kind is a kind of connections.
type Kind struct {
	Server     string `json:"server"`     // its name in the campaign
	Security   string `json:"security"`   // none, implicit or starttls
	TLS        string `json:"tls"`        // the version, as 1.3; "" = none
	Pipelining bool   `json:"pipelining"` // what the server offers, whether it was used or not
	Chunking   bool   `json:"chunking"`   // the same
	IPv6       bool   `json:"ipv6"`
}

// record is the file.
type record struct {
	Version int   `json:"version"`
	Runs    []Run `json:"runs"` // the oldest first
}

// Meter counts for one run. It is safe for concurrent use.
type Meter struct {
	path    string
	started time.Time
	now     func() time.Time

	mu     sync.Mutex
	parts  map[Kind]*tally.Tally
	wrote  time.Time // when the last writing began
	before []Run     // the runs before this one, once they were read
	known  bool      // they were

	writing sync.Mutex     // held by who writes
	works   sync.WaitGroup // writings that nobody waits for yet
}

// New begins to count for a run. path is where the record is; nothing is read or written yet. Only one process at a
// time may count for a path. now is the clock; nil = time.Now.
func New(path string, now func() time.Time) *Meter {
	if now == nil {
		now = time.Now
	}
	begun := now() // with its monotonic reading, which a clock that is set back does not change
	return &Meter{path: path, started: begun.UTC().Truncate(time.Millisecond), now: now, parts: map[Kind]*tally.Tally{},
		wrote: begun}
}

// Observe returns an observer of a server's connections, which counts and then calls next. A nil next is not called.
func (m *Meter) Observe(server string, next func(sender.Event)) func(sender.Event) {
	return func(e sender.Event) {
		m.count(server, e.Traffic)
		if next != nil {
			next(e)
		}
	}
}

// count adds what went over a connection that was closed.
func (m *Meter) count(server string, t sender.Traffic) {
	if t.Sessions == 0 {
		return
	}
	k := Kind{Server: server, Security: "none", Pipelining: t.Pipelining, Chunking: t.Chunking, IPv6: t.IPv6}
	switch {
	case t.StartTLS:
		k.Security = "starttls"
	case t.TLS != 0:
		k.Security = "implicit"
	}
	switch t.TLS {
	case 0:
	case tls.VersionTLS12:
		k.TLS = "1.2"
	case tls.VersionTLS13:
		k.TLS = "1.3"
	default:
		k.TLS = fmt.Sprintf("%#x", t.TLS)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := m.parts[k]
	if sum == nil {
		sum = &tally.Tally{}
		m.parts[k] = sum
	}
	sum.Add(t.Tally)
	if now := m.now(); now.Sub(m.wrote) >= pause {
		m.wrote = now
		m.works.Go(func() { _ = m.write() }) // the next writing has it, too
	}
}

// Close writes the record of the run. Call it once all connections of the run are closed. A run without connections
// leaves no record. The error says why the record could not be written.
func (m *Meter) Close() error {
	m.works.Wait()
	return m.write()
}

// write writes the record anew, with this run after the earlier ones.
func (m *Meter) write() error {
	m.writing.Lock()
	defer m.writing.Unlock()
	mine := m.run()
	if len(mine.Parts) == 0 {
		return nil
	}
	if !m.known {
		before, err := Read(m.path)
		if err != nil && !errors.Is(err, errDamaged) { // what is damaged begins anew
			return err
		}
		m.before, m.known = before, true
	}
	if err := os.MkdirAll(filepath.Dir(m.path), 0o700); err != nil {
		return err
	}
	return disk.Replace(m.path, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(record{version, fold(append(slices.Clone(m.before), mine))})
	})
}

// run is what was counted so far, sorted.
func (m *Meter) run() Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Run{Started: m.started, Runs: 1}
	for k, t := range m.parts {
		r.Parts = append(r.Parts, Part{k, *t})
	}
	slices.SortFunc(r.Parts, Compare)
	return r
}

// fold joins the oldest runs into one if there are too many.
func fold(runs []Run) []Run {
	for len(runs) > mostOf {
		runs[1] = Sum(runs[:2])
		runs = runs[1:]
	}
	return runs
}

// Sum adds up several runs into one. Its parts are sorted.
func Sum(runs []Run) (all Run) {
	parts := map[Kind]*tally.Tally{}
	for i, r := range runs {
		if i == 0 {
			all.Started = r.Started
		}
		all.Runs += r.Runs
		for _, p := range r.Parts {
			if parts[p.Kind] == nil {
				parts[p.Kind] = &tally.Tally{}
			}
			parts[p.Kind].Add(p.Tally)
		}
	}
	for k, t := range parts {
		all.Parts = append(all.Parts, Part{k, *t})
	}
	slices.SortFunc(all.Parts, Compare)
	return all
}

// Compare orders parts by server, and then by the kind of their connections.
func Compare(a, b Part) int {
	number := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Server, b.Server), cmp.Compare(a.Security, b.Security), cmp.Compare(a.TLS, b.TLS),
		number(a.Chunking)-number(b.Chunking), number(a.Pipelining)-number(b.Pipelining), number(a.IPv6)-number(b.IPv6))
}

// Read returns the kept runs, the oldest first; none if there is no record.
func Read(path string) ([]Run, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var head struct {
		Version json.RawMessage `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	switch string(head.Version) {
	case fmt.Sprint(version):
	case "":
		return nil, fmt.Errorf("%s: %w: it has no version", path, errDamaged)
	default:
		return nil, fmt.Errorf("%s: written by another version of this program", path)
	}
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	return r.Runs, nil
}

// errDamaged is a record that no version of this program has written.
var errDamaged = errors.New("damaged")
