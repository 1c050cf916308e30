package faults

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"mailshot/campaign/ledger"
)

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
	{"other accounts", 3, func(w *walk, _ *walked) { w.exchange() }},
	{"copy", 3, (*walk).keep},
	{"restore", 2, (*walk).restore},
	{"lose", 1, (*walk).lose},
	{"next campaign", 6, (*walk).next},
}

// shifts are how far off a clock may be, and when it is set so.
var shifts = []string{"60", "-60", "3600", "-3600", "172800", "-172800", "34560000", "172800@300", "-172800@300",
	"-34560000@500"}

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
	if w.log = append(w.log, fmt.Sprintf(format, args...)); len(w.log) > 400 {
		w.log = w.log[1:]
	}
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
		w.t.Errorf("%s ended with exit code %d\n%s%s", what, code, stdout, stderr)
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
			w.t.Errorf("%v", err)
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
			case <-time.After(2 * time.Minute): // a hang, and no slow machine
				w.t.Errorf("a send did not stop within two minutes of a signal")
				p.Kill()
			}
		}
	}
	w.Strike(Mark{}, nil)
	for i, p := range running {
		code := w.ended(p, strings.Join(flags, " ")+" "+campaigns[i].id())
		campaigns[i].refused = code == exitRefused
		if code >= 0 && code != exitRefused {
			campaigns[i].replaced = false
		}
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

// forget forgets somebody who has a row: of others nobody can see whether a killed forget had begun.
func (w *walk) forget(c *walked) {
	if c.forgetting = w.one(c, func(p *person) bool { return p.state != "" }); c.forgetting != "" {
		w.run(c, "forget", "--yes", c.forgetting, "campaign.yaml")
	}
}

// forgot looks whether a forget that may have been killed has erased the row. From then on the person is never
// mailed. Of a purged campaign that cannot be seen.
func (w *walk) forgot(c *walked, seen map[string]bool) {
	if to := c.forgetting; to != "" && !seen[to] && !c.purged {
		w.never(to)
		c.person(to).state = "" // who was sent to stays known: an older copy of the ledger brings the row back
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
	c.rows, c.purged, c.replaced = 0, false, true
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
