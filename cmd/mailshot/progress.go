package main

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/textwidth"
	"mailshot/sender"
)

// How often progress is shown: a terminal gets the bar again, anything else another line.
const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 5 * time.Second
)

// mostTold is how many rows that went wrong a run names.
const mostTold = 20

// mostReasons is of how many reasons a run says that there are no copies, the commonest first.
const mostReasons = 5

// progress shows how a run is going. It gets events from the run and draws from a ticker; both may come at any time.
type progress struct {
	screen screen
	say    func(format string, args ...any)

	mu      sync.Mutex
	started time.Time
	last    dispatch.Event
	hold    dispatch.Event // why nothing goes, while that lasts
	drawn   bool           // a bar is on the screen
	told    int            // rows named
	said    string         // the counts of the last plain line
	columns int            // of the bar and its line on the screen

	zone *time.Location // of the times that it says
	ends time.Time      // when the last message may go at the earliest, as the plan foresees; zero = as fast as it goes
}

func newProgress(s screen, say func(string, ...any)) *progress {
	return &progress{screen: s, say: say, zone: time.Local}
}

// observe takes note of an event, and says at once what a person must know at once.
func (p *progress) observe(e dispatch.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started.IsZero() {
		p.started = e.Time
	}
	if e.Planned > 0 {
		p.last = e
	}
	switch e.Kind {
	case dispatch.Hold:
		whose := ""
		if e.Server == "" {
			p.hold = e
		} else {
			whose = report.Clean(e.Server) + " "
		}
		if e.Again {
			break // the status line shows the moment
		}
		p.talk("%swaiting until %s: %s", whose, human.Point(e.Until, e.Time.In(p.zone)), report.CleanLines(e.Text))
	case dispatch.Out:
		p.talk("%s is out; the other servers continue: %s", report.Clean(e.Server), report.CleanLines(e.Text))
	case dispatch.Draining:
		p.talk("stopping: %s", draining(e.Begun))
	case "refused", "gave_up", "held", "unknown":
		if !p.screen.terminal {
			return
		}
		if p.told++; p.told <= mostTold {
			p.talk("%s %s %s: %s", report.Clean(e.Place), report.Clean(e.Address),
				p.screen.state(string(e.Kind), string(e.Kind)),
				report.Clean(e.Text))
		} else if p.told == mostTold+1 {
			p.talk("and more; mailshot report has them all")
		}
	}
}

// connection says that a server keeps everybody waiting. The rest of what happens to connections shows in the run's
// events.
func (p *progress) connection(e sender.Event) {
	if e.Kind != sender.Silent {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.talk("%s", silent(e))
}

// copies says how the filing of copies goes.
func (p *progress) copies(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.talk("%s", report.Clean(text))
}

// silent says in words that a server has said nothing for a while.
func silent(e sender.Event) string {
	return fmt.Sprintf("%s has said nothing for 5 s and is waited for: %s", report.Clean(e.Server), report.Clean(e.Text))
}

// draining says what a second interrupt would do.
func draining(begun int) string {
	if begun == 0 {
		return "nothing is on the wire"
	}
	return fmt.Sprintf("waiting for %s, up to 10 min; press again to leave %d unknown",
		human.Plural(int64(begun), "reply", "replies"), begun)
}

// talk says something above the bar. p.mu is held.
func (p *progress) talk(format string, args ...any) {
	p.clear()
	p.say(format, args...)
}

func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.screen.w, p.start()+"\x1b[K")
		p.drawn = false
	}
}

// start goes to where the bar begins. A window that became narrower since shows it on several lines.
func (p *progress) start() string {
	above := 0
	if p.drawn && p.columns > 0 {
		above = (p.columns - 1) / p.screen.columns()
	}
	if above == 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", above)
}

// show draws until finished is called, which removes the bar and waits for the drawing to end.
func (p *progress) show() (finished func()) {
	every := lineEvery
	if p.screen.terminal {
		every = barEvery
	}
	ticker := time.NewTicker(every)
	done := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		for {
			select {
			case <-done:
				return
			case now := <-ticker.C:
				p.tick(now)
			}
		}
	})
	return sync.OnceFunc(func() {
		ticker.Stop()
		close(done)
		drawing.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.clear()
	})
}

// tick shows where the run is: the bar on a terminal; elsewhere a line, when there is news.
func (p *progress) tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.Planned == 0 {
		return
	}
	if p.screen.terminal {
		line := p.line(now)
		columns := p.screen.columns() - 1
		bar := bar(p.last.Done, p.last.Planned, min(30, max(0, columns-textwidth.Of(line)-1)))
		line = textwidth.Fit(line, columns-textwidth.Of(bar))
		fmt.Fprintf(p.screen.w, "%s%s%s\x1b[K", p.start(), bar, line)
		p.drawn, p.columns = true, textwidth.Of(bar)+textwidth.Of(line)
		return
	}
	if news := fmt.Sprint(p.last.Done, p.last.Counts()); news != p.said {
		p.said = news
		p.say("%s", p.line(now))
	}
}

// line is the state of the run in words: how far it is, the rate since the start, the states that need attention, and
// the time left.
func (p *progress) line(now time.Time) string {
	e := p.last
	parts := []string{fmt.Sprintf("%d of %d", e.Done, e.Planned)}
	elapsed := now.Sub(p.started)
	if e.Done > 0 && elapsed > 0 {
		rate := float64(e.Done) / elapsed.Seconds()
		parts = append(parts, rateWords(rate))
		counts := e.Counts()
		for _, s := range ledger.States() {
			switch s {
			case ledger.Sent, ledger.Bounced, ledger.Complained, ledger.Refused, ledger.Deferred, ledger.GaveUp, ledger.Unknown, ledger.Held:
				if n := counts[string(s)]; n > 0 {
					parts = append(parts, fmt.Sprintf("%d %s", n, s))
				}
			}
		}
		if left := e.Planned - e.Done; left > 0 {
			parts = append(parts, p.rest(now, float64(left)/rate))
		}
	}
	if now.Before(p.hold.Until) {
		parts = append(parts, "waiting until "+human.Point(p.hold.Until, now.In(p.zone)))
	}
	return strings.Join(parts, " · ")
}

// rest is how long the run goes on, by its rate so far in seconds; until the plan's end if that is later, for caps and
// hours make the rate fall.
func (p *progress) rest(now time.Time, seconds float64) string {
	if p.ends.Sub(now).Seconds() > seconds+1 {
		return "until " + human.Point(p.ends, now.In(p.zone)) + " at the earliest"
	}
	return timeLeft(seconds) + " left"
}

// timeLeft is the estimated rest of a run in words, without fractions of a second.
func timeLeft(seconds float64) string {
	if seconds < 60 {
		return fmt.Sprintf("%.0f s", math.Ceil(seconds))
	}
	return human.Duration(time.Duration(seconds * float64(time.Second)))
}

func rateWords(perSecond float64) string {
	switch {
	case perSecond >= 10:
		return fmt.Sprintf("%.0f/s", perSecond)
	case perSecond >= 1:
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return fmt.Sprintf("%.0f/min", perSecond*60)
}

// bar is a bar of that many columns, a blank included; "" if there is no room for one.
func bar(done, planned int64, width int) string {
	if width < 7 {
		return ""
	}
	inner := width - 2
	full := min(inner, int(int64(inner)*done/planned))
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", inner-full) + "] "
}
