// Package filing puts copies of sent messages into a folder of an IMAP server while the sending goes on. [New] returns
// a [Filer], [Filer.Keep] takes a copy and never waits for the server, and [Filer.Finish] waits until all copies are
// filed.
//
// Waiting copies are in memory up to a limit, and then in files of a working folder up to another limit. Copies beyond
// that are not filed. So a server that is slow or away neither delays the sending nor fills the memory.
//
// A copy is appended again only if it is not in the folder. If no answer came to a whole message, the folder is first
// searched for its Message-ID. While the server cannot be reached, the copies wait, and the pause between two tries
// doubles. If the server refuses something for good, such as the login, the filing ends, because many tries may lock an
// account.
package filing

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"mailshot/internal/inbox/imap"
	"mailshot/internal/scratch"
)

// Config says which folder, and how much may wait. Only IMAP is required.
type Config struct {
	IMAP        imap.Config // Folder "": the account's own folder for sent mail
	Connections int         // 2
	Memory      int64       // octets of copies that wait in memory; 16 MiB
	Disk        int64       // octets of copies that wait in files; 1 GiB
	Home        string      // where the working folder is made, as in scratch.New; "" = the system's temporary folder
	Tries       int         // how often a copy is tried if the server puts it off, or does not answer; 5
	// Pause is the first pause after trouble with the server; 2 s. The longest is five minutes, and ten seconds while
	// Finish waits.
	Pause time.Duration
	// Tell is called, from any goroutine, with words when copies begin to wait, and when they are filed again; nil = it
	// is not called. It is called at most once a minute: what has passed by then is not reported.
	Tell func(text string)
}

// The longest pauses.
const (
	longest = 5 * time.Minute
	hurried = 10 * time.Second
)

// quiet is how long Tell is not called after it was told that copies wait, or that they are filed again.
const quiet = time.Minute

const (
	mostNamed   = 1000    // copies that a Result names
	mostWaiting = 100_000 // copies that wait, however small they are
)

// Item is a copy to file. Body writes the same Size octets each time until Keep returns.
type Item struct {
	Place, Key, Address string // of its row, for reports
	Size                int64
	Body                io.WriterTo
	Time                time.Time // when the message was sent
}

// Failure is a copy that was not filed, or that may not have been filed.
type Failure struct{ Place, Key, Address, Text string }

// Result is what became of the copies.
type Result struct {
	Folder string // as a URL, without a secret
	Filed  int64
	Failed int64
	Named  []Failure // the first 1,000 of those that failed
}

// Filer files copies. It is safe for concurrent use.
type Filer struct {
	cfg  Config
	life context.Context // ends when nothing more may be tried
	end  context.CancelFunc

	workers sync.WaitGroup

	mu           sync.Mutex
	news         chan struct{}    // closed, and made anew, when something changes
	idle         []*imap.Appender // that no worker has
	queue        []*waiting       // the oldest first
	again        []*waiting       // that were tried, the oldest first
	busy         int              // copies that workers have
	memory, disk int64            // octets that wait
	dir          *scratch.Folder
	files        int
	trouble      int       // how often in a row the server could not be reached
	until        time.Time // when it may be tried again
	last         error     // the last trouble
	broken       error     // why nothing can be filed any more
	ending       bool      // Finish was called
	slow         bool      // it was told that copies wait in files
	waits        bool      // it was told last that copies wait
	told         time.Time // when that was told, or that they are filed again
	result       Result
}

// waiting is a copy that waits.
type waiting struct {
	Item
	text  []byte // nil: it is in the file
	file  string
	tried bool
	tries int  // that were about this copy
	doubt bool // no answer came to the whole copy: it may be in the folder
}

// New checks the configuration. It connects to nothing and starts nothing before the first copy.
func New(c Config) (*Filer, error) {
	c.IMAP.Folder = cmp.Or(c.IMAP.Folder, imap.Sent)
	c.IMAP.Timeouts.Answer = cmp.Or(c.IMAP.Timeouts.Answer, time.Minute)
	c.Connections = cmp.Or(max(c.Connections, 0), 2)
	c.Memory, c.Disk = cmp.Or(c.Memory, 16<<20), cmp.Or(c.Disk, 1<<30)
	c.Tries, c.Pause = cmp.Or(c.Tries, 5), cmp.Or(c.Pause, 2*time.Second)
	if c.Tell == nil {
		c.Tell = func(string) {}
	}
	f := &Filer{cfg: c, news: make(chan struct{})}
	for range c.Connections {
		a, err := imap.NewAppender(c.IMAP)
		if err != nil {
			return nil, err
		}
		f.idle, f.result.Folder = append(f.idle, a), a.Name()
	}
	f.life, f.end = context.WithCancel(context.Background())
	return f, nil
}

// Keep takes a copy to file. It reads the body before it returns, and waits for no server. A copy that cannot be taken
// counts as failed.
func (f *Filer) Keep(i Item) {
	w := &waiting{Item: i}
	p, slow, err := f.room(w)
	if slow {
		f.cfg.Tell("copies are filed more slowly than messages are sent: those that wait are in files now")
	}
	switch p {
	case inMemory:
		b := bytes.NewBuffer(make([]byte, 0, i.Size))
		_, err = i.Body.WriteTo(b)
		w.text = b.Bytes()
		if err == nil && int64(len(w.text)) != i.Size {
			err = errSize
		}
	case inFile:
		err = f.write(w)
	}
	w.Body = nil // it is the caller's again
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && f.broken != nil {
		err = w.because(f.broken)
	}
	if err != nil {
		f.leave(w, p)
		f.failed(w, err)
		return
	}
	f.queue = append(f.queue, w)
	if n := len(f.idle); n > 0 {
		a := f.idle[n-1]
		f.idle = f.idle[:n-1]
		f.workers.Go(func() { f.work(a) })
	}
	f.tell()
}

var (
	errSize = errors.New("the message has another size than was said")
	errFull = errors.New("the server takes copies too slowly, and too many wait")
	errOver = errors.New("the run has ended before the copy was filed")
)

// place is where a copy waits.
type place int

const (
	nowhere place = iota
	inMemory
	inFile
)

// room reserves room for a copy. slow is true the first time that there is no room in memory.
func (f *Filer) room(w *waiting) (p place, slow bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.broken != nil:
		return nowhere, false, w.because(f.broken)
	case f.ending:
		return nowhere, false, errOver
	case len(f.queue)+len(f.again)+f.busy >= mostWaiting:
		return nowhere, false, errFull
	case f.memory+w.Size <= f.cfg.Memory:
		f.memory += w.Size
		return inMemory, false, nil
	case f.disk+w.Size <= f.cfg.Disk:
		f.disk += w.Size
		slow, f.slow = !f.slow, true
		return inFile, slow, nil
	}
	return nowhere, false, errFull
}

// leave gives the room of a copy back, and removes its file. f.mu is held.
func (f *Filer) leave(w *waiting, p place) {
	switch p {
	case inMemory:
		f.memory -= w.Size
	case inFile:
		f.disk -= w.Size
		if w.file != "" {
			_ = os.Remove(w.file)
		}
	}
	w.text = nil
}

// where says where a copy waits after it was taken.
func (w *waiting) where() place {
	if w.file != "" {
		return inFile
	}
	return inMemory
}

// write writes a copy to a file of its own.
func (f *Filer) write(w *waiting) error {
	name, err := f.name()
	if err != nil {
		return err
	}
	w.file = name
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := w.Body.WriteTo(file)
	if err == nil && n != w.Size {
		err = errSize
	}
	return errors.Join(err, file.Close())
}

// name is the path of a new file.
func (f *Filer) name() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == nil {
		dir, err := scratch.New(f.cfg.Home, "copies")
		if err != nil {
			return "", err
		}
		f.dir = dir
	}
	f.files++
	return f.dir.Name(strconv.Itoa(f.files) + ".eml"), nil
}

// failed counts a copy that is not filed. f.mu is held.
func (f *Filer) failed(w *waiting, err error) {
	f.result.Failed++
	if len(f.result.Named) < mostNamed {
		f.result.Named = append(f.result.Named, Failure{w.Place, w.Key, w.Address, err.Error()})
	}
}

// tell wakes whoever waits for something to change. f.mu is held.
func (f *Filer) tell() {
	close(f.news)
	f.news = make(chan struct{})
}

// Waiting is how many copies are not filed yet.
func (f *Filer) Waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queue) + len(f.again) + f.busy
}

// Finish takes nothing more, waits until all copies are filed or have failed, and removes the working folder. Call it
// once, when no Keep runs. If the server cannot be reached, a few more tries follow, each within a minute or two. The
// end of ctx ends the tries: copies that are left then have failed. The error is about the working folder.
func (f *Filer) Finish(ctx context.Context) (Result, error) {
	f.mu.Lock()
	f.ending = true
	f.trouble = min(f.trouble, f.cfg.Tries)
	f.until = earlier(f.until, time.Now().Add(f.cfg.Pause))
	f.tell()
	f.mu.Unlock()
	stop := context.AfterFunc(ctx, f.end)
	f.workers.Wait()
	stop()
	f.end()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.broken != nil:
		f.abandon(f.broken)
	case f.trouble > 0:
		f.abandon(f.last)
	default:
		f.abandon(errOver)
	}
	if f.dir != nil {
		return f.result, f.dir.Close()
	}
	return f.result, nil
}

// abandon lets go of all that waits. f.mu is held.
func (f *Filer) abandon(why error) {
	for _, list := range [...]*[]*waiting{&f.again, &f.queue} {
		for _, w := range *list {
			f.leave(w, w.where())
			f.failed(w, w.because(why))
		}
		*list = nil
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
