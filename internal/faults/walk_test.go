package faults

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

var walkFor = flag.Duration("faults.walk", 0, "how long the random walk goes on; 0: 60 steps")

// The caps of a walk: all campaigns of one accounts file together.
const (
	walkCap    = 60
	walkWindow = 20 * time.Second
	walkPeople = 200 // of a campaign's first list
)

// person is what the walk knows of one row of one campaign.
type person struct {
	state    ledger.State
	arrived  int  // how often the server has its message
	allowed  int  // how often it may: once, and once more for each time that a person took the doubt upon themself
	doubtful bool // it was unknown or begun at some time
	manual   bool // a person decided about it last
}

// walked is one campaign's folder, with one campaign after the other.
type walked struct {
	name, folder string
	generation   int
	list         []string           // local parts
	words        int                // of the template: how often it was edited
	people       map[string]*person // by address, of the campaign that is sent now
	rows         int64
	accounts     map[string]bool // the accounts files that the campaign was sent with
	purged       bool
	refused      bool   // by its last send
	forgetting   string // whom the last step was to forget
	replaced     bool   // its ledger was lost or is an older one, and no send has gone on from there yet
	copied       string // of the ledger, when nothing ran; "" if there is none of this campaign
}

func (c *walked) id() string    { return fmt.Sprintf("%s-%d", c.name, c.generation) }
func (c *walked) state() string { return filepath.Join(c.folder, ".mailshot", "state.db") }

// walk is a user with two campaigns and two accounts files, and a server.
type walk struct {
	*Sink
	t         *testing.T
	dir       string
	binary    string
	random    *rand.Rand
	campaigns []*walked
	accounts  string                     // the file that is used now
	shift     string                     // of the clock in this step
	forgotten map[string]map[string]bool // by accounts file, the addresses that are not to be mailed
	read      int64                      // bytes of the record
	log       []string                   // the last steps, for a failure
	did       map[string]int             // how often each act was done
	steps     int
	kills     int
	// What a killed program had reserved of a cap counts for half a minute more. So times with many kills, in which
	// little is sent, alternate with calm ones, in which the caps are used up.
	calm bool

	mu     sync.Mutex
	now    string                 // the accounts file that MAIL counts for
	starts map[string][]time.Time // by accounts file, when MAIL came
}

func newWalk(t *testing.T, program string) *walk {
	t.Helper()
	w := &walk{t: t, dir: t.TempDir(), binary: program, random: rand.New(rand.NewPCG(*seed, 1)),
		forgotten: map[string]map[string]bool{}, starts: map[string][]time.Time{}, did: map[string]int{}}
	var err error
	w.Sink, err = StartSink(filepath.Join(w.dir, "record.jsonl"), SinkOptions{Seed: *seed, Rules: []string{
		"rcpt:3%:451 4.3.0 try again", "rcpt:2%:550 5.1.1 no such user", "dot:1%:drop", "dot:1%:store-drop",
		"dot:1%:554 5.6.0 not this",
	}, Observe: func(e sink.Event) {
		if e.Kind == string(Mail) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.starts[w.now] = append(w.starts[w.now], time.Now())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	w.use("first")
	for _, name := range []string{"north", "south"} {
		c := &walked{name: name, folder: filepath.Join(w.dir, name)}
		if err := os.MkdirAll(c.folder, 0o700); err != nil {
			t.Fatal(err)
		}
		w.campaigns = append(w.campaigns, c)
		w.begin(c)
	}
	return w
}

// use makes an accounts file the one that is used.
func (w *walk) use(name string) {
	w.accounts = filepath.Join(w.dir, name, "accounts.db")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = name
}

// exchange takes the other accounts file. Where a ledger has just been lost, only the file in use knows of it.
func (w *walk) exchange() {
	if !slices.ContainsFunc(w.campaigns, func(c *walked) bool { return c.replaced }) {
		w.use([]string{"first", "first", "second"}[w.random.IntN(3)])
	}
}

// begin makes the folder's next campaign.
func (w *walk) begin(c *walked) {
	c.generation++
	c.people, c.rows, c.accounts = map[string]*person{}, 0, map[string]bool{}
	c.purged, c.replaced, c.copied = false, false, ""
	c.list = nil
	for i := range walkPeople {
		c.list = append(c.list, fmt.Sprintf("%s%d", c.name[:1], i))
	}
	w.write(c)
}

// write writes the campaign's files.
func (w *walk) write(c *walked) {
	for name, text := range map[string]string{
		"people.csv": "email\n" + strings.Join(c.list, "@example.com\n") + "@example.com\n",
		"body.txt":   "Hello {{.email}}!\n" + strings.Repeat("More of it.\n", 1+c.words),
		"campaign.yaml": fmt.Sprintf(`id: %s
from: Club <club@example.org>
subject: %s for {{.email}}
recipients: {file: people.csv}
body: {text: body.txt}
server: {host: %s, port: %d, tls: none}
limits:
  connections: 2
  caps: [%d/%s]
  retry: {first: 1s, max: 2s, give_up: 48h}
  stop_loss: {refused: 90%%, deferred: 90%%, unknown: 90%%, unknown_in_a_row: 20}
`, c.id(), c.id(), w.Host(), w.Port(), walkCap, walkWindow),
	} {
		if err := os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}

// look compares what the server has with what the ledgers say.
func (w *walk) look() {
	select {
	case <-w.Quiet():
	case <-time.After(2 * time.Minute): // a hang, and no slow machine
		w.t.Errorf("connections of dead programs stay open")
	}
	w.arrivals()
	for _, c := range w.campaigns {
		w.judge(c)
	}
	w.caps()
	if w.t.Failed() {
		w.t.Fatalf("-faults.seed %d; the last steps:\n%s", *seed, strings.Join(w.log, "\n"))
	}
}

// arrivals reads what is new in the record.
func (w *walk) arrivals() {
	f, err := os.Open(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	section := io.NewSectionReader(f, w.read, 1<<40)
	records, err := sink.ReadRecords(section)
	if err != nil {
		w.t.Fatal(err)
	}
	w.read, _ = f.Seek(0, io.SeekEnd)
	for _, r := range records {
		id, _, _ := strings.Cut(r.Subject, " ")
		to := r.To[0]
		if w.forgotten[w.now][to] {
			w.t.Errorf("%s is on the suppression list, and got a message of %s", to, id)
		}
		for _, c := range w.campaigns {
			if c.id() == id {
				c.person(to).arrived++
			}
		}
	}
}

func (c *walked) person(to string) *person {
	p := c.people[to]
	if p == nil {
		p = &person{allowed: 1}
		c.people[to] = p
	}
	return p
}

// judge compares one campaign.
func (w *walk) judge(c *walked) {
	l, done, err := openCopy(c.state())
	if err != nil {
		w.t.Errorf("%s: %v", c.id(), err)
	}
	if l == nil {
		return
	}
	defer done()
	counts, rows, err := l.Counts(w.t.Context(), c.id())
	if errors.Is(err, ledger.ErrNotFound) {
		if c.rows > 0 {
			w.t.Errorf("%s had %d rows, and is gone", c.id(), c.rows)
		}
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	sum := int64(0)
	for _, n := range counts {
		sum += n
	}
	if sum != rows || rows < c.rows {
		w.t.Errorf("%s: the states add up to %d, the rows are %d, and were %d: %v", c.id(), sum, rows, c.rows, counts)
	}
	c.rows = rows
	seen := map[string]bool{}
	for d, err := range l.Deliveries(w.t.Context(), c.id(), ledger.Filter{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if d.Address == "" {
			continue // erased
		}
		seen[d.Address] = true
		p := c.person(d.Address)
		w.row(c, d, p)
	}
	if len(seen) == 0 && sum > 0 {
		c.purged = true
	}
	w.forgot(c, seen)
	for to, p := range c.people {
		if !seen[to] && !c.purged && p.state != "" && !w.erased(to) {
			w.t.Errorf("%s: %s was %s, and has no row any more", c.id(), to, p.state)
		}
		if p.arrived > p.allowed {
			w.t.Errorf("%s: %s has %d messages, and may have %d", c.id(), to, p.arrived, p.allowed)
		}
	}
}

// erased reports whether somebody asked to be forgotten.
func (w *walk) erased(to string) bool {
	return w.forgotten["first"][to] || w.forgotten["second"][to]
}

// row compares one row with the person.
func (w *walk) row(c *walked, d ledger.Record, p *person) {
	p.state = d.State
	p.doubtful = p.doubtful || d.State == ledger.Unknown || d.State == ledger.Begun
	p.manual = p.manual || d.Manual != nil
	switch {
	case d.State == ledger.Sent && p.arrived == 0 && !p.manual:
		w.t.Errorf("%s: %s is sent, and the server does not have it", c.id(), d.Address)
	case d.State != ledger.Sent && d.State != ledger.Unknown && d.State != ledger.Begun && p.arrived > 0 && !p.doubtful:
		w.t.Errorf("%s: %s is %s, and the server has %d", c.id(), d.Address, d.State, p.arrived)
	}
}

// caps looks whether more came in a window than the cap allows.
func (w *walk) caps() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, all := range w.starts {
		for i := walkCap; i < len(all); i++ {
			if apart := all[i].Sub(all[i-walkCap]); apart < walkWindow {
				w.t.Errorf("%d messages with the accounts %q within %v, want at most %d in %v",
					walkCap+1, name, apart, walkCap, walkWindow)
				break
			}
		}
		w.starts[name] = all[max(0, len(all)-walkCap):]
	}
}

// A user who does at random what users do, to two campaigns with one account, while programs are killed and clocks are
// wrong: nobody is lost, nobody gets a message twice unless a person took that upon themself, nobody who is on the
// suppression list is mailed, and no cap is exceeded.
//
// It found a forget that erased the rows before it put the person on the suppression list: "s102@example.com is on the
// suppression list, and got a message of south-2". Proven by that, and by the walk's own mistakes: with another
// accounts.db taken right after the ledger was lost, seven people had two messages.
func TestWalk(t *testing.T) {
	steps := 60
	if testing.Short() {
		steps = 25
	}
	program := binary
	if *walkFor > 0 {
		var err error
		if program, err = BuildMovable(t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("-faults.seed %d", *seed)
	w := newWalk(t, program)
	for began := time.Now(); *walkFor == 0 && w.steps < steps || time.Since(began) < *walkFor; {
		w.step()
	}
	t.Logf("%d steps, %d kills, %d messages: %v", w.steps, w.kills, w.Accepted(), w.did)
}
