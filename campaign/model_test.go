package campaign

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mailshot/campaign/definition"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
)

// machine is the model: one campaign, the program that may be running it, its disk, its server, and what is true of
// each person whatever the ledger says. It runs the program's own code but for two parts that it has in its hand: the
// server (wire), and the workers' loop, whose turns it takes one at a time.
type machine struct {
	t     *rapid.T
	base  string
	def   *definition.Definition
	now   time.Time  // passes by pass
	clock sync.Mutex // held by pass, and by the accounts, which read the clock in a goroutine of their own
	cap   int64      // in an hour; 0: none
	eager bool       // runs use a journal
	steps int

	lives  int
	disk   disk
	ledger *ledger.Ledger // another process's, for what a person does; nil until it is needed
	file   *sql.DB        // to look at what is on the disk; nil until it is needed
	query  *sql.Stmt
	p      *process // nil: nothing runs
	over   bool     // the last run found nothing to do, and nothing came up since

	list  []string // the list file's keys, in its order
	next  int
	edits map[string]int // how often a row was edited

	truth  map[string]*truth
	names  map[int64]string        // the keys of rows, also of those that were forgotten
	states map[string]ledger.State // as of the last check
	ran    int64                   // how often the campaign was run, as of then
	act    act                     // what may have changed them since
	uses   []time.Time             // of the cap, by the server's clock
}

// truth is what is so of one person.
type truth struct {
	stored     int  // messages that the server took
	allowed    int  // how many it may: one, and one for each time that a person asked to send again
	started    bool // the body has begun to leave, as far as the last begun is concerned
	open       bool // the server took one and no person has decided about it since
	doubt      bool // a person said "refused" of what may have been taken
	said       bool // a person said "sent"
	suppressed bool // must not be mailed: the list of the user has it, durably

	came      ledger.State // what came back and holds: bounced or complained
	delivered bool         // it came back that the message was delivered
	returns   []ledger.Return
}

// process is the running program.
type process struct {
	c      *Campaign
	s      *sending
	turns  *dispatch.Turns
	taking context.Context
	stop   context.CancelFunc
	talks  []*talk

	refused []string // whose mailbox the server said does not exist, since it last accepted somebody
}

const modelID = "model"

// connections is how many bodies can be under way at once in the model.
const modelConnections = 2

// modelWorkers is how many workers those connections have.
const modelWorkers = 3 * modelConnections

func newMachine(t *rapid.T, base string, empty image) *machine {
	m := &machine{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), edits: map[string]int{},
		truth: map[string]*truth{}, states: map[string]ledger.State{}, names: map[int64]string{}}
	var err error
	if m.base, err = os.MkdirTemp(base, "c"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.end)
	m.disk = disk{dir: filepath.Join(m.base, "life0")}
	m.must(m.disk.write(empty))
	m.cap = int64(rapid.SampledFrom([]int{0, 0, 3, 8}).Draw(t, "cap"))
	m.eager = rapid.Bool().Draw(t, "journal")
	caps := ""
	if m.cap > 0 {
		caps = fmt.Sprintf("  caps: [%d/1h]\n", m.cap)
	}
	for range rapid.IntRange(2, 20).Draw(t, "rows") {
		m.addRow()
	}
	m.write("campaign.yaml", fmt.Sprintf(`id: model
from: Sender <sender@example.org>
subject: "Hello {{.name}}"
recipients: { file: people.csv, key: id }
body: { text: body.txt }
attachments: [{ file: "files/{{.id}}.txt" }]
server: { host: localhost, port: 2525, tls: none }
limits:
  connections: %d
  retry: { first: 1m, max: 10m, give_up: 2h }
%s`, modelConnections, caps))
	m.write("body.txt", "Dear {{.name}}\n")
	m.writeList()
	m.def, err = definition.Load(filepath.Join(m.base, "campaign.yaml"))
	m.must(err)
	return m
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) write(name, text string) {
	path := filepath.Join(m.base, name)
	m.must(os.MkdirAll(filepath.Dir(path), 0o700))
	m.must(os.WriteFile(path, []byte(text), 0o600))
}

// end throws everything away.
func (m *machine) end() {
	m.drop()
	m.shut()
	_ = os.RemoveAll(m.base)
}

func (m *machine) addRow() {
	m.next++
	key := fmt.Sprint("k", m.next)
	m.list = append(m.list, key)
	m.write("files/"+key+".txt", "for "+key)
}

// text is the list file.
func (m *machine) text() string {
	var b strings.Builder
	b.WriteString("id,email,name\n")
	for _, key := range m.list {
		fmt.Fprintf(&b, "%s,%s,Person %s %d\n", key, addressOf(key), key, m.edits[key])
	}
	return b.String()
}

// addressOf is the address of a key, which is its identity for suppression too.
func addressOf(key string) string { return key + "@d" + key[len(key)-1:] + ".example" }

func (m *machine) writeList() { m.write("people.csv", m.text()) }

// byOthers is the ledger on the disk in the hands of a person.
func (m *machine) byOthers() *ledger.Ledger {
	if m.ledger == nil {
		var err error
		m.ledger, err = ledger.Open(m.disk.state())
		m.must(err)
	}
	return m.ledger
}

// look is what stands on the disk, read past the program's own code.
type look struct {
	planned bool
	runs    int64
	rows    int64
	list    string // digest of the list
	states  map[string]ledger.State
}

func (m *machine) look() look {
	m.fold()
	if m.file == nil {
		var err error
		m.file, err = sql.Open("sqlite", "file:"+m.disk.state()+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
		m.must(err)
		m.file.SetMaxOpenConns(1)
		m.query, err = m.file.Prepare(`SELECT c.rows, c.turn, c.list, r.id, r.key, s.name FROM campaigns c
			JOIN rows r ON r.campaign = c.no LEFT JOIN deliveries d ON d.id = r.id LEFT JOIN states s ON s.no = d.state
			WHERE c.frozen = 1`)
		m.must(err)
	}
	l := look{states: map[string]ledger.State{}}
	rows, err := m.query.Query()
	m.must(err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		var key string
		var state ledger.State
		m.must(rows.Scan(&l.rows, &l.runs, &l.list, &id, &key, &state)) // a row without a delivery is an error
		if key == "" {                                                  // of somebody who was forgotten
			key = m.names[id]
		}
		m.names[id] = key
		if l.states[key] != "" {
			m.t.Fatalf("%s has two deliveries", key)
		}
		l.planned, l.states[key] = true, state
	}
	m.must(rows.Err())
	return l
}

// shut closes what was opened to look at the disk.
func (m *machine) shut() {
	if m.file != nil {
		m.must(errors.Join(m.query.Close(), m.file.Close()))
	}
	if m.ledger != nil {
		m.must(m.ledger.Close())
	}
	m.file, m.query, m.ledger = nil, nil, nil
}

// open opens the campaign on the disk.
func (m *machine) open() *Campaign {
	c, err := Open(context.Background(), Options{Definition: m.def, State: m.disk.state(), Accounts: m.disk.accounts(),
		Now: func() time.Time {
			m.clock.Lock()
			defer m.clock.Unlock()
			return m.now
		}})
	m.must(err)
	return c
}

// pass lets time pass.
func (m *machine) pass(d time.Duration) {
	m.clock.Lock()
	defer m.clock.Unlock()
	m.now = m.now.Add(d)
}

// start plans or resumes and begins a run, as send does. What changed is refused unless accept.
func (m *machine) start(accept bool) {
	m.act = byStart
	was, list := m.look(), sha256.Sum256([]byte(m.text()))
	other := was.planned && was.list != hex.EncodeToString(list[:])
	c := m.open()
	_, err := c.Plan(context.Background(), PlanOptions{AcceptChanges: accept})
	var changed *ChangedError
	if errors.As(err, &changed) {
		if accept || !other {
			m.t.Fatalf("refused though nothing changed or it was accepted: %v", err)
		}
		m.must(c.Close())
		return
	}
	m.must(err)
	if other && !accept && was.runs > 0 {
		m.t.Fatal("another list was taken without a word")
	}
	c.ledger.Eager = m.eager
	s, err := c.openSending(context.Background(), RunOptions{})
	m.must(err)
	if m.over = s.left.Left == 0; m.over {
		m.must(errors.Join(s.close(), c.Close()))
		return
	}
	s.Servers[0].Transport = wire{m}
	m.p = &process{c: c, s: s}
	m.p.taking, m.p.stop = context.WithCancel(context.Background())
	m.p.turns = dispatch.New(s.Config, s.left).Turns(m.p.stop)
}

// drop ends the program's goroutines and closes its files without a thought for what becomes of its disk.
func (m *machine) drop() {
	p := m.p
	if p == nil {
		return
	}
	for len(p.talks) > 0 {
		m.tell(p.talks[0], answer{dead: true})
	}
	m.p = nil
	p.stop()
	_ = p.s.close()
	_ = p.c.Close()
}

// reborn leaves the old disk to the dead program and goes on with what the crash left of it.
func (m *machine) reborn(left image) {
	m.drop()
	m.shut()
	old := m.disk
	m.lives++
	m.disk = disk{dir: filepath.Join(m.base, fmt.Sprint("life", m.lives))}
	m.must(m.disk.write(left))
	m.must(os.RemoveAll(old.dir))
}

// used notes that the server was told of a recipient.
func (m *machine) used() {
	m.uses = append(m.uses, m.now)
	n := int64(0)
	for _, at := range m.uses {
		if at.After(m.now.Add(-time.Hour)) {
			n++
		}
	}
	if m.cap > 0 && n > m.cap {
		m.t.Errorf("%d uses within an hour, the cap is %d", n, m.cap)
	}
}

// bodyBegins notes that the first byte of a body leaves.
func (m *machine) bodyBegins(key string) {
	m.truth[key].started = true
	if m.truth[key].suppressed {
		m.t.Errorf("%s is mailed after it was suppressed", key)
	}
}

// stores notes that the server has taken the message.
func (m *machine) stores(key string) {
	tr := m.truth[key]
	tr.stored++
	tr.open = true
	if tr.stored > tr.allowed {
		m.t.Errorf("%s was mailed %d times, and may be %d times", key, tr.stored, tr.allowed)
	}
}

// check holds the promises against the disk.
func (m *machine) check(t *rapid.T) {
	m.t = t
	m.steps++
	now := m.look()
	if !now.planned && m.ran > 0 {
		t.Fatal("the campaign is gone")
	}
	if int64(len(now.states)) != now.rows {
		t.Fatalf("%d rows, and %d have a state", now.rows, len(now.states))
	}
	begun := 0
	for key, s := range now.states {
		if !slices.Contains(ledger.States(), s) {
			t.Fatalf("%s is %q", key, s)
		}
		if s == ledger.Begun {
			begun++
		}
	}
	if begun > 2*modelConnections { // one on the wire, and one ahead
		t.Fatalf("%d are begun at once", begun)
	}
	if m.p != nil {
		live := int64(0)
		for _, n := range m.p.s.run.Counts() {
			live += n
		}
		if live != now.rows {
			t.Fatalf("%d rows, the run counts %d", now.rows, live)
		}
	}
	for key := range m.states {
		if now.states[key] == "" && (m.truth[key].stored > 0 || m.ran > 0) {
			t.Fatalf("%s is lost", key)
		}
	}
	for key, is := range now.states {
		m.holds(key, is)
	}
	m.states, m.ran, m.act = now.states, now.runs, byRun
}

// holds checks one person's state against what it was and what is true.
func (m *machine) holds(key string, is ledger.State) {
	tr := m.truth[key]
	if tr == nil {
		tr = &truth{allowed: 1}
		m.truth[key] = tr
	}
	was, known := m.states[key]
	if known && is != was {
		if !slices.Contains(may[m.act][was], is) && !(was == ledger.Begun && !tr.started && unbegun(is)) {
			m.t.Fatalf("%s went from %s to %s by %s", key, was, is, m.act)
		}
		if m.act == byPerson {
			tr.decided(was, is)
		}
	}
	if is != ledger.Begun { // also if a power cut took the begin back
		tr.started = false
	}
	taken := slices.Contains([]ledger.State{ledger.Begun, ledger.Sent, ledger.Unknown, ledger.Bounced, ledger.Complained}, is)
	if tr.open && !taken {
		m.t.Fatalf("the server took the message for %s, which is %s", key, is)
	}
	if is == ledger.Sent && !tr.open && !tr.said {
		m.t.Fatalf("%s is sent, and the server has nothing", key)
	}
	m.returned(key, is)
}

// unbegun reports whether a delivery may be in this state after it was begun ahead, and nothing of its body has left.
func unbegun(is ledger.State) bool {
	return slices.Contains([]ledger.State{ledger.Pending, ledger.Deferred, ledger.Suppressed, ledger.Cancelled}, is)
}

// decided notes what a person said of a delivery.
func (tr *truth) decided(was, is ledger.State) {
	if was == ledger.Begun { // of a run that died
		was = ledger.Unknown
	}
	switch {
	case was == ledger.Unknown && is == ledger.Pending, was == ledger.Refused && is == ledger.Pending && tr.doubt:
		tr.allowed = tr.stored + 1
		tr.open, tr.doubt = false, false
	case was == ledger.Unknown && is == ledger.Refused:
		tr.open, tr.doubt = false, true
	case was == ledger.Unknown && is == ledger.Sent:
		tr.said = true
	case (was == ledger.Bounced || was == ledger.Complained) && is == ledger.Sent:
		tr.came, tr.said = "", true
	}
}

// lot is a source of chance that rapid holds in its hand.
func lot(t *rapid.T) *rand.Rand {
	return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "lot"), 0))
}

// TestModel draws campaigns, what happens to them, and crashes, and holds the promises against the disk after each
// step. A failure names the seed, and is shortened first. More of it: go test ./campaign -run TestModel -v -timeout 0
// -rapid.steps=100 -rapid.checks=4400 -rapid.seed=20261122
//
// Broken on purpose, it said: of a run that leaves what it finds begun as it is, "3 are begun at once"; of one that
// makes it pending, "k1 went from begun to pending by start"; with sent settled before the reply, "k1 is sent, and the
// server has nothing"; with nobody asked in Begin, "k2 is mailed after it was suppressed"; with what a dead process had
// reserved thrown away, "4 uses within an hour, the cap is 3"; of a fold that does not apply what waits, "k1 is sent, and
// bounced came back"; of a recovery that does not, "k1 is unknown, and complained came
// back".
func TestModel(t *testing.T) {
	// One seed where none is named: CI says the same of the same code. Others are for long runs.
	if seed := flag.Lookup("rapid.seed").Value; seed.String() == "0" {
		if err := seed.Set("20261128"); err != nil {
			t.Fatal(err)
		}
	}
	base := memory(t)
	empty := blank(t, base)
	steps := 0
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t, base, empty)
		t.Repeat(m.actions())
		m.drain(t)
		steps += m.steps
	})
	t.Logf("%d steps", steps)
}
