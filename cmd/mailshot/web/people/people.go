// Package people has the page of a campaign's list: what kind of file it is, what its columns are for, and the rows
// in which something is wrong, each mistake above its cell. A person mends the list in the program that it is from,
// and has it read again; only the lines of the campaign file that say how the list is read are written here.
//
// Nothing is judged here: package roster reads the list as inspect and a plan do. What it has read is kept, so that any
// page of a list of a million rows is there at once.
package people

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/roster"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
)

//go:embed *.html
var html embed.FS

var pages = frame.Load(html)

type people struct {
	*desk.Desk
	mu   sync.Mutex
	held map[string]*held // by campaign file
}

// Upload is the pattern of the request that brings a file, which may be of MostUploaded bytes.
const (
	Upload       = "POST /c/{file}/people/upload"
	MostUploaded = 4 << 30
)

// Routes are those of the list.
func Routes(d *desk.Desk) desk.Routes {
	p := &people{Desk: d, held: map[string]*held{}}
	d.OnClose(p.close)
	return desk.Routes{
		"GET /c/{file}/people":          p.show,
		"GET /c/{file}/people/events":   p.events,
		"POST /c/{file}/people/again":   p.again,
		"POST /c/{file}/people/columns": p.columns,
		"POST /c/{file}/people/reading": p.reading,
		Upload:                          p.upload,
		"POST /c/{file}/people/use":     p.use,
	}
}

// held is what was read of a campaign's list.
type held struct {
	turn   chan struct{} // whoever has put something into it may read and change the rest
	roster *roster.Roster
	how    string // how it was read
	disk   string // the files as they were
	at     time.Time
	used   time.Time
}

// mostHeld is how many lists are kept.
const mostHeld = 3

// take waits until nobody else reads or shows a campaign's list. The caller calls give.
func (p *people) take(ctx context.Context, file string) (*held, error) {
	p.mu.Lock()
	h := p.held[file]
	if h == nil {
		h = &held{turn: make(chan struct{}, 1)}
		p.held[file] = h
	}
	p.mu.Unlock()
	select {
	case h.turn <- struct{}{}:
		h.used = time.Now()
		return h, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *held) give() { <-h.turn }

func (h *held) forget() error {
	if h.roster == nil {
		return nil
	}
	err := h.roster.Close()
	h.roster = nil
	return err
}

// read reads the list, unless it was read and is to be read in the same way still. stale says that the files have
// changed since. The caller has the turn.
func (p *people) read(ctx context.Context, h *held, d *definition.Definition) (stale bool, err error) {
	how, disk := how(d), onDisk(d)
	if h.roster != nil && h.how == how {
		return h.disk != disk, nil
	}
	if err := h.forget(); err != nil {
		return false, err
	}
	p.makeRoom(h)
	if h.roster, err = roster.Read(ctx, d); err != nil {
		return false, err
	}
	h.how, h.disk, h.at = how, disk, time.Now()
	return onDisk(d) != disk, nil // it may have been written meanwhile
}

// makeRoom forgets the lists that were looked at longest ago, and are not looked at now.
func (p *people) makeRoom(but *held) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		n := 0
		var oldest *held
		for _, h := range p.held {
			if h == but {
				continue
			}
			select {
			case h.turn <- struct{}{}:
				if h.roster != nil {
					n++
					if oldest == nil || h.used.Before(oldest.used) {
						oldest = h
					}
				}
				h.give()
			default: // it is looked at
			}
		}
		if n < mostHeld {
			return
		}
		select {
		case oldest.turn <- struct{}{}:
			_ = oldest.forget() // the next sweep of working folders tries again
			oldest.give()
		default:
			return
		}
	}
}

// close gives back what all lists are kept in.
func (p *people) close() error {
	p.mu.Lock()
	all := slices.Collect(maps.Values(p.held))
	p.mu.Unlock()
	var errs []error
	for _, h := range all {
		h.turn <- struct{}{}
		errs = append(errs, h.forget())
		h.give()
	}
	return errors.Join(errs...)
}

// how is what decides how a list is read.
func how(d *definition.Definition) string {
	b, err := json.Marshal([]any{d.Recipients, d.Languages, d.Set, d.Body.Language, d.Dir})
	if err != nil {
		return time.Now().String() // it is read again each time
	}
	return string(b)
}

// names are the files of a list; none for a database elsewhere and for standard input.
func names(d *definition.Definition) []string {
	switch r := d.Recipients; {
	case len(r.Files) > 0:
		return r.Files
	case r.File != "" && r.File != definition.Stdin:
		return []string{r.File}
	}
	return nil
}

// onDisk says which versions the files of a list are.
func onDisk(d *definition.Definition) string {
	s := ""
	for _, name := range names(d) {
		info, err := os.Stat(filepath.Join(d.Dir, filepath.FromSlash(name)))
		if err != nil {
			s += "missing\n"
			continue
		}
		s += fmt.Sprintln(info.Size(), info.ModTime().UnixNano())
	}
	return s
}

// again reads the list again.
func (p *people) again(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	if err := p.forget(r.Context(), c); err != nil {
		p.Failed(w, r, err)
		return
	}
	http.Redirect(w, r, desk.Frame(c).Path("people"), http.StatusSeeOther)
}

// forget has the list read again when it is looked at next.
func (p *people) forget(ctx context.Context, c *shelf.Campaign) error {
	h, err := p.take(ctx, c.File)
	if err != nil {
		return err
	}
	defer h.give()
	return h.forget()
}

// How often the files are looked at while the page is open, and how long a stream of events is silent.
const (
	looks = 2 * time.Second
	alive = 15 * time.Second
)

// events is a stream of server-sent events: each says that the files of the list have changed on disk, or are again as
// they were read. The page as it was when the stream began is fresh or stale.
func (p *people) events(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	write := func(s string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(alive)) // not every ResponseWriter has one
		_, err := w.Write([]byte(s))
		return err == nil && out.Flush() == nil
	}
	if c.Def == nil || len(names(c.Def)) == 0 || !write("retry: 5000\n\n") {
		return
	}
	tick := time.NewTicker(looks)
	defer tick.Stop()
	was, last := r.URL.Query().Get("page"), time.Now()
	version, checking := survey.Version(c.Def), r.URL.Query().Get("checking") != ""
	for {
		news := ""
		if checking && p.checked(c, version) {
			checking, news = false, "event: changed\ndata: checked\n\n"
		}
		if is := p.state(c); is != "" && is != was {
			was, news = is, "event: changed\ndata: "+is+"\n\n"
		} else if news == "" && time.Since(last) > alive {
			news = ": here\n\n"
		}
		if news != "" {
			last = time.Now()
			if !write(news) {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// checked reports whether all messages have been looked through, unless the campaign has changed since.
func (p *people) checked(c *shelf.Campaign, version string) bool {
	sum, err := files.Sum(p.Shelf.Root, c.File)
	return err == nil && sum == c.Def.Digest && survey.Version(c.Def) == version &&
		p.Surveys.Of(c.File, version, p.Shelf.Options(c)).Done
}

// state says whether what was read is what is on disk: fresh or stale, and "" while it is read.
func (p *people) state(c *shelf.Campaign) string {
	p.mu.Lock()
	h := p.held[c.File]
	p.mu.Unlock()
	if h == nil {
		return ""
	}
	select {
	case h.turn <- struct{}{}:
		defer h.give()
	default:
		return ""
	}
	switch {
	case h.roster == nil:
		return ""
	case h.disk != onDisk(c.Def):
		return "stale"
	}
	return "fresh"
}
