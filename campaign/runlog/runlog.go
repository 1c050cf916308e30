// Package runlog keeps a log of runs for other programs: one JSON object a line, appended to a file. [Open] begins,
// [Log.Observe] takes the events of a run, [Log.Ended] says what it came to.
//
// A log is beside the run and never in its way: a log that cannot be written is said once, and the run goes on. It has
// places and keys of the list and the servers' words, and nothing of a message. What the ledger says is what holds.
//
// A file that has reached its size is renamed to FILE.1, and FILE.1 to FILE.2, so that no more than a fixed number of
// files is kept. Several runs may write to one file. Lines reach the system one by one, and the disk at the end of a
// run.
package runlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"mailshot/campaign/dispatch"
)

// The bounds of a log where Config gives none.
const (
	DefaultSize = 10 << 20
	DefaultKeep = 5
)

// Config says where a log is. Path is required.
type Config struct {
	Path     string
	Campaign string      // the id that each line has
	Size     int64       // bytes from which the file is rotated; 0 = DefaultSize
	Keep     int         // how many older files are kept; 0 = DefaultKeep
	Warn     func(error) // told once that the log cannot be written; nil = nobody
}

// Line is one line of a log. Fields that say nothing are left out.
type Line struct {
	Time     time.Time        `json:"time"`
	Campaign string           `json:"campaign"`
	Process  int              `json:"process"`
	Event    string           `json:"event"` // started, outcome, hold, out, stopping, uncopied, ended
	Place    string           `json:"place,omitempty"`
	Key      string           `json:"key,omitempty"`
	State    string           `json:"state,omitempty"`
	Code     int              `json:"code,omitempty"`     // the server's
	Enhanced string           `json:"enhanced,omitempty"` // the server's
	Server   string           `json:"server,omitempty"`   // of several
	Text     string           `json:"text,omitempty"`     // the server's words, or why
	Until    time.Time        `json:"until,omitzero"`
	Planned  int64            `json:"planned,omitempty"` // messages that the run set out to send
	Sent     int64            `json:"sent,omitempty"`    // by the run
	Counts   map[string]int64 `json:"counts,omitempty"`  // of the campaign, by state
	Exit     *int             `json:"exit,omitempty"`    // the exit code
}

// Log is an open log. It is safe for concurrent use.
type Log struct {
	c Config

	mu     sync.Mutex
	f      *os.File
	torn   bool // the last line may not be whole
	warned bool
	limit  int64 // from which the file is rotated
}

// Open begins a log. Nothing is written before the first event.
func Open(c Config) *Log {
	if c.Size <= 0 {
		c.Size = DefaultSize
	}
	if c.Keep <= 0 {
		c.Keep = DefaultKeep
	}
	return &Log{c: c, limit: c.Size}
}

// Name gives the log the campaign's id, which is known only when the campaign is open.
func (l *Log) Name(id string) {
	l.mu.Lock()
	l.c.Campaign = id
	l.mu.Unlock()
}

// Observe writes an event of a run.
func (l *Log) Observe(e dispatch.Event) {
	if e.Again {
		return // a run of a day under a cap of a minute would fill the log
	}
	line := Line{Time: e.Time, Event: string(e.Kind), Server: e.Server, Text: e.Text, Until: e.Until}
	switch e.Kind {
	case dispatch.Started:
		line.Planned, line.Counts = e.Planned, e.Counts()
	case dispatch.Draining:
		line.Event = "stopping"
	case dispatch.Hold, dispatch.Out:
	default:
		line.Event, line.State, line.Server = "outcome", string(e.Kind), ""
		line.Place, line.Key, line.Code, line.Enhanced = e.Place, e.Key, e.Code, e.Enhanced
	}
	l.write(line)
}

// Uncopied writes that a message that was sent has no copy in the Sent folder, or that nobody knows, and why.
func (l *Log) Uncopied(place, key, text string) {
	l.write(Line{Event: "uncopied", Place: place, Key: key, Text: text})
}

// Ended writes what a run came to, and puts all lines on the disk. line has what is known; the event is set here.
func (l *Log) Ended(line Line) {
	line.Event = "ended"
	l.write(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f != nil {
		l.warn(l.f.Sync())
	}
}

// Close closes the file. The log may be written to again.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.close()
}

func (l *Log) close() error {
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}

func (l *Log) write(line Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line.Time.IsZero() {
		line.Time = time.Now()
	}
	line.Time, line.Campaign, line.Process = line.Time.UTC().Round(time.Millisecond), l.c.Campaign, os.Getpid()
	b, err := json.Marshal(line)
	if err == nil {
		err = l.append(append(b, '\n'))
	}
	l.warn(err)
}

// append writes a line to the file that has the log's name now.
func (l *Log) append(b []byte) error {
	if err := l.ready(); err != nil {
		return err
	}
	if l.torn {
		b = append([]byte{'\n'}, b...)
	}
	n, err := l.f.Write(b)
	l.torn = n > 0 && err != nil || l.torn && n == 0
	return err
}

// ready opens the file, also anew if it was renamed by another process, and rotates it if it is large.
func (l *Log) ready() error {
	info, err := os.Stat(l.c.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if err == nil && info.Size() >= l.limit {
		if err := l.rotate(); err != nil {
			l.limit = info.Size() + l.c.Size/10 // the file goes on meanwhile
			l.warn(fmt.Errorf("rotate: %w", err))
		} else {
			l.limit, info = l.c.Size, nil
		}
	}
	if l.f != nil {
		if mine, err := l.f.Stat(); err == nil && info != nil && os.SameFile(mine, info) {
			return nil
		}
		l.warn(l.close())
	}
	l.f, err = os.OpenFile(l.c.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return err
}

// rotate renames the files. Only one process does so at a time, and only while the file is still large.
func (l *Log) rotate() error {
	lock := flock.New(l.c.Path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return err // another process is at it
	}
	defer lock.Close()
	if info, err := os.Stat(l.c.Path); err != nil || info.Size() < l.limit {
		return nil
	}
	if err := l.close(); err != nil { // some systems do not rename a file that is open
		return err
	}
	older := func(n int) string { return fmt.Sprintf("%s.%d", l.c.Path, n) }
	for n := l.c.Keep - 1; n > 0; n-- {
		if err := os.Rename(older(n), older(n+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(l.c.Path, older(1))
}

// warn tells the first error, and no other.
func (l *Log) warn(err error) {
	if err == nil || l.warned {
		return
	}
	l.warned = true
	if l.c.Warn != nil {
		l.c.Warn(err)
	}
}
