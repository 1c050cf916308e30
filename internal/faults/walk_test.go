package faults

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
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

// begin makes the folder's next campaign.
func (w *walk) begin(c *walked) {
	c.generation++
	c.people, c.rows, c.accounts, c.purged, c.copied = map[string]*person{}, 0, map[string]bool{}, false, ""
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

// act is one thing that a user does to a campaign.
type act struct {
	name   string
	weight int
	do     func(*walk, *walked)
}

var acts = []act{
	{"send", 40, func(w *walk, c *walked) { w.send(c) }},
	{"send both", 10, func(w *walk, c *walked) { w.send(w.campaigns...) }},
	{"edit", 8, (*walk).edit},
	{"retry", 6, func(w *walk, c *walked) { w.run(c, "retry", "campaign.yaml") }},
	{"retry one", 5, (*walk).retryOne},
	{"resolve", 10, (*walk).resolve},
	{"cancel", 2, func(w *walk, c *walked) { w.run(c, "cancel", "campaign.yaml") }},
	{"retry cancelled", 3, func(w *walk, c *walked) { w.run(c, "retry", "--in", "cancelled", "campaign.yaml") }},
	{"forget", 3, (*walk).forget},
	{"suppress", 2, (*walk).suppress},
	{"purge", 4, func(w *walk, c *walked) { w.run(c, "purge", "--yes", "--older-than", "1h", "campaign.yaml") }},
	{"repair", 3, func(w *walk, c *walked) { w.run(c, "state", "repair", "--yes", "campaign.yaml") }},
	{"other accounts", 3, func(w *walk, _ *walked) { w.use([]string{"first", "first", "second"}[w.random.IntN(3)]) }},
	{"copy", 3, (*walk).keep},
	{"restore", 2, (*walk).restore},
	{"lose", 1, (*walk).lose},
	{"next campaign", 6, (*walk).next},
}

// shifts are how far off a clock may be, and when it is set so.
var shifts = []string{"60", "-60", "3600", "-3600", "172800", "-172800", "34560000", "172800@300", "-172800@300", "-34560000@500"}

// step does one act at random and looks at what became of it.
func (w *walk) step() {
	sum := 0
	for _, a := range acts {
		sum += a.weight
	}
	n := w.random.IntN(sum)
	a := acts[slices.IndexFunc(acts, func(a act) bool { n -= a.weight; return n < 0 })]
	c := w.campaigns[w.random.IntN(len(w.campaigns))]
	w.shift, w.calm = "", w.steps/25%2 == 1
	w.steps++
	if w.binary != binary && w.random.IntN(4) == 0 {
		w.shift = shifts[w.random.IntN(len(shifts))]
	}
	w.note("%s %s with %s, clock %q", a.name, c.id(), w.now, w.shift)
	w.did[a.name]++
	a.do(w, c)
	w.look()
}

// note remembers what was done, for a failure's story.
func (w *walk) note(format string, args ...any) {
	if w.log = append(w.log, fmt.Sprintf(format, args...)); len(w.log) > 60 {
		w.log = w.log[1:]
	}
}

func (w *walk) failf(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf(format, args...)
}

// command is a call of the program in a campaign's folder, with the accounts and the clock of this step.
func (w *walk) command(c *walked, args ...string) *exec.Cmd {
	cmd := exec.Command(w.binary, args...)
	cmd.Dir = c.folder
	cmd.Env = append(os.Environ(), "MAILSHOT_STATE="+c.state(), "MAILSHOT_ACCOUNTS="+w.accounts, ClockVariable+"="+w.shift)
	return cmd
}

// run runs a command that sends nothing; every third is killed on its way.
func (w *walk) run(c *walked, args ...string) (code int) {
	p, err := Start(w.command(c, args...))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.random.IntN(3) == 0 {
		defer time.AfterFunc(time.Duration(w.random.Float64()*float64(120*time.Millisecond)), p.Kill).Stop()
	}
	return w.ended(p, strings.Join(args, " "))
}

// exitRefused is the exit code of a send that would be wrong unless a person says otherwise.
const exitRefused = 3

// nothingToDo is what a command says that finds nothing to do, and fails with exit code 1.
var nothingToDo = []string{"there is nothing to", "has not been sent yet", "there is no ledger"}

// ended waits for a process, and wants one of the exit codes that are not failures.
func (w *walk) ended(p *Process, what string) int {
	code, err := p.Wait()
	if err != nil {
		w.t.Fatal(err)
	}
	stdout, stderr := p.Output()
	w.note("  %s: exit %d: %s", what, code, last(stdout+stderr))
	switch code {
	case -1:
		w.kills++
	case 0, 3, 4, 5, 75:
	default:
		if said := stdout + stderr; code == 1 && slices.ContainsFunc(nothingToDo, func(s string) bool {
			return strings.Contains(said, s)
		}) {
			break
		}
		w.failf("%s ended with exit code %d\n%s%s", what, code, stdout, stderr)
	}
	return code
}

// last is the end of what a program said, in one line.
func last(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[max(0, len(text)-300):]
}

// send sends campaigns side by side, and ends each by chance: by itself, a kill or a signal.
func (w *walk) send(campaigns ...*walked) {
	flags := []string{"send", "--yes"}
	refused := slices.ContainsFunc(campaigns, func(c *walked) bool { return c.refused })
	switch n := w.random.IntN(6); {
	case refused && n < 3: // what it was told to type next
		flags = append(flags, "--accept-changes", "--accept-copy")
	case n == 0:
		flags = append(flags, fmt.Sprintf("--limit=%d", 1+w.random.IntN(30)))
	case n == 1:
		flags = append(flags, "--accept-copy")
	case n == 2:
		flags = append(flags, "--skip-errors")
	}
	w.sendAs(flags, campaigns...)
}

func (w *walk) sendAs(flags []string, campaigns ...*walked) {
	var running []*Process
	for _, c := range campaigns {
		p, err := Start(w.command(c, append(flags, "campaign.yaml")...))
		if err != nil {
			w.t.Fatal(err)
		}
		c.accounts[w.now] = true
		running = append(running, p)
	}
	end := func(p *Process) {
		if !w.calm && w.random.IntN(4) > 0 {
			p.Kill()
		} else if err := p.Signal(syscall.SIGTERM); err != nil {
			w.failf("%v", err)
		}
	}
	switch victim := running[w.random.IntN(len(running))]; {
	case w.calm && w.random.IntN(8) > 0:
	case w.random.IntN(3) == 0:
		points := Points()
		w.Strike(Mark{Point: points[w.random.IntN(len(points))], N: 1 + w.random.IntN(40), Byte: 30}, victim.Kill)
	default:
		defer time.AfterFunc(time.Duration(w.random.Float64()*float64(3*time.Second)), victim.Kill).Stop()
	}
	// Nothing waits for a cap for long: the walk goes on elsewhere.
	patience := time.NewTimer(2500 * time.Millisecond)
	defer patience.Stop()
	for _, p := range running {
		select {
		case <-p.Ended():
		case <-patience.C:
			patience.Reset(0)
			end(p)
			select {
			case <-p.Ended():
			case <-time.After(20 * time.Second):
				w.failf("a send did not stop within 20 s of a signal")
				p.Kill()
			}
		}
	}
	w.Strike(Mark{}, nil)
	for i, p := range running {
		campaigns[i].refused = exitRefused == w.ended(p, strings.Join(flags, " ")+" "+campaigns[i].id())
	}
}

// edit changes a list or the template, and has it accepted.
func (w *walk) edit(c *walked) {
	if w.random.IntN(3) == 0 {
		c.words = 1 - c.words
	} else {
		c.list = slices.DeleteFunc(c.list, func(string) bool { return w.random.IntN(30) == 0 })
		for range w.random.IntN(20) {
			if to := fmt.Sprintf("%s%d", c.name[:1], w.random.IntN(3*walkPeople)); !slices.Contains(c.list, to) {
				c.list = append(c.list, to)
			}
		}
	}
	w.write(c)
	w.sendAs([]string{"send", "--yes", "--accept-changes"}, c)
}

// one draws the address of a row, "" if there is none.
func (w *walk) one(c *walked, is func(*person) bool) string {
	var all []string
	for _, to := range slices.Sorted(maps.Keys(c.people)) {
		if is(c.people[to]) {
			all = append(all, to)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return all[w.random.IntN(len(all))]
}

// retryOne names a row that may be retried: a person knows what they do.
func (w *walk) retryOne(c *walked) {
	to := w.one(c, func(p *person) bool {
		return p.state == ledger.Refused || p.state == ledger.Cancelled || p.state == ledger.GaveUp || p.state == ledger.Held
	})
	if to != "" {
		p := c.people[to]
		if w.run(c, "retry", "campaign.yaml", to); p.doubtful {
			p.allowed = p.arrived + 1
		}
	}
}

// resolve decides about one who is unknown, or all.
func (w *walk) resolve(c *walked) {
	unknown := func(p *person) bool { return p.state == ledger.Unknown }
	to := w.one(c, unknown)
	if to == "" {
		return
	}
	as := []string{"sent", "refused", "resend"}[w.random.IntN(3)]
	who := to
	if w.random.IntN(2) == 0 {
		who = "--all"
	}
	w.run(c, "resolve", "--as", as, "campaign.yaml", who)
	for to, p := range c.people {
		if unknown(p) && (who == "--all" || who == to) {
			p.manual = true
			if as == "resend" {
				p.allowed = p.arrived + 1
			}
		}
	}
}

func (w *walk) forget(c *walked) {
	if c.forgetting = w.one(c, func(*person) bool { return true }); c.forgetting != "" {
		w.run(c, "forget", "--yes", c.forgetting, "campaign.yaml")
	}
}

// forgot looks whether a forget that may have been killed has erased the row. From then on the person is never mailed.
func (w *walk) forgot(c *walked, seen map[string]bool) {
	if to := c.forgetting; to != "" && !seen[to] {
		w.never(to)
		delete(c.people, to)
	}
	c.forgetting = ""
}

func (w *walk) suppress(c *walked) {
	to := c.list[w.random.IntN(len(c.list))] + "@example.com"
	if w.run(c, "suppress", "add", to) == 0 {
		w.never(to)
	}
}

// never remembers that an address is not to be mailed with these accounts.
func (w *walk) never(to string) {
	if w.forgotten[w.now] == nil {
		w.forgotten[w.now] = map[string]bool{}
	}
	w.forgotten[w.now][to] = true
}

// known reports whether the accounts in use know everything that the campaign has sent.
func (w *walk) known(c *walked) bool { return len(c.accounts) == 1 && c.accounts[w.now] }

// keep copies the ledger, as a backup does.
func (w *walk) keep(c *walked) {
	to := filepath.Join(w.dir, fmt.Sprintf("%s-%d.db", c.id(), w.random.Uint32()))
	switch err := copyState(c.state(), to); {
	case err == nil:
		c.copied = to
	case !errors.Is(err, fs.ErrNotExist):
		w.t.Fatal(err)
	}
}

// restore puts an older ledger in the place of the ledger. Accounts that know of all sends notice.
func (w *walk) restore(c *walked) {
	if c.copied == "" || !w.known(c) {
		return
	}
	w.remove(c)
	if err := copyState(c.copied, c.state()); err != nil {
		w.t.Fatal(err)
	}
	w.again(c)
}

// lose deletes the ledger.
func (w *walk) lose(c *walked) {
	if w.known(c) {
		w.remove(c)
		w.again(c)
	}
}

func (w *walk) remove(c *walked) {
	if err := os.RemoveAll(filepath.Dir(c.state())); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(c.state()), 0o700); err != nil {
		w.t.Fatal(err)
	}
}

// again begins to look at a ledger that is not the one of before: what states it has is not known, what arrived is.
func (w *walk) again(c *walked) {
	c.rows, c.purged = 0, false
	for _, p := range c.people {
		p.state, p.doubtful = "", p.doubtful || p.arrived > 0
	}
}

// next begins another campaign in the folder, where this one has ended or a person has lost patience.
func (w *walk) next(c *walked) {
	for _, p := range c.people {
		if (p.state == ledger.Pending || p.state == ledger.Deferred) && w.random.IntN(100) > 0 {
			return
		}
	}
	if c.rows > 0 {
		w.begin(c)
	}
}

// look compares what the server has with what the ledgers say.
func (w *walk) look() {
	select {
	case <-w.Quiet():
	case <-time.After(30 * time.Second):
		w.failf("connections of dead programs stay open")
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
			w.failf("%s is on the suppression list, and got a message of %s", to, id)
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
		w.failf("%s: %v", c.id(), err)
	}
	if l == nil {
		return
	}
	defer done()
	counts, rows, err := l.Counts(w.t.Context(), c.id())
	if errors.Is(err, ledger.ErrNotFound) {
		if c.rows > 0 {
			w.failf("%s had %d rows, and is gone", c.id(), c.rows)
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
		w.failf("%s: the states add up to %d, the rows are %d, and were %d: %v", c.id(), sum, rows, c.rows, counts)
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
			w.failf("%s: %s was %s, and has no row any more", c.id(), to, p.state)
		}
		if p.arrived > p.allowed {
			w.failf("%s: %s has %d messages, and may have %d", c.id(), to, p.arrived, p.allowed)
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
		w.failf("%s: %s is sent, and the server does not have it", c.id(), d.Address)
	case d.State != ledger.Sent && d.State != ledger.Unknown && d.State != ledger.Begun && p.arrived > 0 && !p.doubtful:
		w.failf("%s: %s is %s, and the server has %d", c.id(), d.Address, d.State, p.arrived)
	}
}

// caps looks whether more came in a window than the cap allows.
func (w *walk) caps() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, all := range w.starts {
		for i := walkCap; i < len(all); i++ {
			if apart := all[i].Sub(all[i-walkCap]); apart < walkWindow {
				w.failf("%d messages with the accounts %q within %v, want at most %d in %v",
					walkCap+1, name, apart, walkCap, walkWindow)
				break
			}
		}
		w.starts[name] = all[max(0, len(all)-walkCap):]
	}
}

// A user who does at random what users do, to two campaigns with one account, while programs are killed and clocks are
// wrong: nobody is lost, nobody gets a message twice unless a person took that upon themself, and no cap is exceeded.
func TestWalk(t *testing.T) {
	if testing.Short() {
		t.Skip("a walk of sixty steps takes a while")
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
	for began := time.Now(); *walkFor == 0 && w.steps < 60 || time.Since(began) < *walkFor; {
		w.step()
	}
	t.Logf("%d steps, %d kills, %d messages: %v", w.steps, w.kills, w.Accepted(), w.did)
}
