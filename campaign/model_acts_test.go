package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
	"mailshot/sender/reply"
)

// actions are what may happen, each as often as it stands here.
func (m *machine) actions() map[string]func(*rapid.T) {
	all := map[string]func(*rapid.T){"": m.check}
	for _, a := range []struct {
		name string
		n    int
		do   func(*rapid.T)
	}{
		{"take", 20, m.take}, {"answer", 30, m.answer}, {"later", 6, m.later},
		{"kill", 1, m.kill}, {"power cut", 1, m.powerCut}, {"stop", 1, m.stopped},
		{"return", 4, m.comesBack}, {"forget", 1, m.forget},
		{"suppress", 1, m.suppress}, {"person", 1, m.person}, {"edit", 1, m.edit}, {"swap", 1, m.swap},
	} {
		for i := range a.n {
			all[fmt.Sprint(a.name, " ", i)] = func(t *rapid.T) {
				m.t = t
				a.do(t)
			}
		}
	}
	return all
}

// take is a worker's turn to take a delivery; where no program runs one is started.
func (m *machine) take(t *rapid.T) {
	p := m.p
	switch {
	case p == nil && !m.over:
		m.start(rapid.Bool().Draw(t, "accept"))
		return
	case p != nil && p.taking.Err() != nil: // the run has ended itself
		m.stopped(t)
		return
	case p == nil, len(p.talks) == modelWorkers:
		m.later(t)
		return
	}
	m.meet()
	a, err := p.turns.Take(p.taking)
	m.must(err)
	if a == nil {
		_, err := p.turns.Left(p.taking)
		m.must(err)
		return
	}
	if s := m.states[a.Key()]; s != ledger.Pending && s != ledger.Deferred && s != ledger.Begun {
		t.Fatalf("%s is handed out, and it is %s", a.Key(), s)
	}
	m.launch(a)
}

// meet asks the server whether it is there, where that is due, as a worker does.
func (m *machine) meet() { m.p.turns.Meet(m.p.taking) }

// bodies is how many bodies are under way.
func (p *process) bodies() int {
	n := 0
	for _, f := range p.talks {
		if f.begun {
			n++
		}
	}
	return n
}

// ahead is how many wait for their turn and are begun.
func (p *process) ahead() int {
	n := 0
	for _, f := range p.talks {
		if f.ahead {
			n++
		}
	}
	return n
}

// answer lets the server answer one of those that wait; where none does, another may be taken.
func (m *machine) answer(t *rapid.T) {
	if m.p == nil || len(m.p.talks) == 0 {
		m.take(t)
		return
	}
	f := m.p.talks[rapid.IntRange(0, len(m.p.talks)-1).Draw(t, "talk")]
	if f.begun {
		m.finish(f, rapid.SampledFrom(afterDot).Draw(t, "reply"))
		return
	}
	if !f.ahead && m.p.ahead() < modelConnections && rapid.Bool().Draw(t, "ahead") {
		m.tell(f, answer{ahead: true})
		return
	}
	a := rapid.SampledFrom(beforeBody).Draw(t, "reply")
	if a.code == 354 && m.p.bodies() == modelConnections {
		t.Skip() // begin waits for a place
	}
	m.finish(f, a)
}

// finish gives an answer, and learns from it what the program learns: that a mailbox does not exist, once the server
// has accepted somebody else.
func (m *machine) finish(f *talk, a answer) {
	p := m.p
	m.tell(f, a)
	switch {
	case reply.Classify(a.stage, a.code, a.enhanced, a.text, "").Suppress:
		p.refused = append(p.refused, f.key)
	case a.stage == reply.End && a.code != 0:
		for _, key := range p.refused {
			m.truth[key].suppressed = true
		}
		p.refused = nil
	}
}

// later lets time pass.
func (m *machine) later(t *rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 15 * time.Minute, 70 * time.Minute,
		5 * time.Hour}).Draw(t, "time"))
}

// kill ends the program where it is; its disk stays as it is.
func (m *machine) kill(t *rapid.T) {
	if m.p == nil {
		t.Skip()
	}
	left, err := m.disk.read()
	m.must(err)
	m.reborn(left)
}

// powerCut ends the program in the middle of an act.
func (m *machine) powerCut(t *rapid.T) {
	lot := lot(t)
	was, err := m.disk.read()
	m.must(err)
	started := m.started()
	accounts, last := false, false // the cut comes while the accounts are written; they are written after the ledger
	switch {
	case m.p == nil && lot.IntN(2) == 0 && len(m.states) > 0:
		m.byHand(t)
	case m.p == nil:
		m.start(lot.IntN(2) == 0)
		accounts, last = lot.IntN(4) == 0, true
	case lot.IntN(8) == 0 && m.anyStored():
		again := m.comeBack(t)
		defer func() { again() }() // who collects has not noted it, and collects it again
	case lot.IntN(6) == 0:
		accounts = true
		before := map[string]bool{}
		for key, tr := range m.truth {
			before[key] = tr.suppressed
		}
		m.suppress(t)
		for key, is := range before { // nobody was told that it is so
			m.truth[key].suppressed = is
		}
	case len(m.p.talks) == 0:
		m.take(t)
		accounts = true
	default:
		m.answer(t)
		m.must(m.p.s.run.Flush(context.Background()))
	}
	left, err := m.disk.read()
	m.must(err)
	if journal, ok := cutJournal(was.journal, left.journal, lot); ok && !accounts && lot.IntN(3) == 0 &&
		started == m.started() {
		// A group is written before the database has any of it, and before a body leaves.
		left.state, left.stateLog, left.journal = was.state, was.stateLog, journal
	} else if log, ok := torn(was.accountsLog, left.accountsLog, lot); ok && accounts {
		left.accountsLog = log
	} else if log, ok := torn(was.stateLog, left.stateLog, lot); ok && !accounts {
		left.stateLog = log
		if last {
			left.accounts, left.accountsLog = was.accounts, was.accountsLog
		}
		if left.journal == nil { // it is removed when the database has everything
			left.journal = was.journal
		}
	}
	left.marks = nil
	m.reborn(left)
}

// started is how many have started.
func (m *machine) started() (n int) {
	for _, tr := range m.truth {
		if tr.started {
			n++
		}
	}
	return n
}

// stopped ends the run as an interrupt does, or two.
func (m *machine) stopped(t *rapid.T) {
	if m.p == nil {
		t.Skip()
	}
	p, twice := m.p, rapid.Bool().Draw(t, "twice")
	p.stop()
	for len(p.talks) > 0 {
		switch f := p.talks[0]; {
		case !f.begun, twice:
			m.tell(f, answer{stop: true})
		default:
			m.finish(f, rapid.SampledFrom(afterDot).Draw(t, "reply"))
		}
	}
	m.p = nil
	if rapid.Bool().Draw(t, "alone") {
		m.shut() // whoever closes a file last folds its log into it
	}
	m.must(errors.Join(p.s.run.Flush(context.Background()), p.s.close(), p.c.Close()))
}

// suppress puts somebody on the user's list, from another process.
func (m *machine) suppress(t *rapid.T) {
	if len(m.states) == 0 {
		t.Skip()
	}
	key := rapid.SampledFrom(m.list).Draw(t, "who")
	if m.truth[key] == nil {
		t.Skip()
	}
	a, err := accounts.Open(m.disk.accounts())
	m.must(err)
	m.must(a.Suppress(context.Background(), accounts.Entry{Domain: "example.org", Key: addressOf(key), Reason: "asked",
		Time: m.now}))
	m.must(a.Close())
	m.truth[key].suppressed = true
}

// person changes states by hand.
func (m *machine) person(t *rapid.T) {
	if len(m.states) == 0 {
		t.Skip()
	}
	m.byHand(t)
}

func (m *machine) byHand(t *rapid.T) {
	ctx, l := context.Background(), m.byOthers()
	what := rapid.SampledFrom([]string{"retry", "sent", "refused", "resend", "cancel"}).Draw(t, "hand")
	var f ledger.Filter
	if rapid.Bool().Draw(t, "one") {
		f.Keys = []string{rapid.SampledFrom(m.list).Draw(t, "who")}
	}
	var err error
	switch what {
	case "retry":
		_, _, err = l.Retry(ctx, modelID, f)
	case "sent":
		_, err = l.Resolve(ctx, modelID, f, ledger.Sent)
	case "refused":
		_, err = l.Resolve(ctx, modelID, f, ledger.Refused)
	case "resend":
		_, err = l.Resolve(ctx, modelID, f, ledger.Pending)
	case "cancel":
		_, err = l.Cancel(ctx, modelID)
	}
	var locked *ledger.LockedError
	if running := m.p != nil; running != errors.As(err, &locked) {
		t.Fatalf("%s while it runs=%v: %v", what, running, err)
	} else if !running {
		m.must(err)
		m.act, m.over = byPerson, false
	}
}

// edit changes the list file, which a run never reads.
func (m *machine) edit(t *rapid.T) {
	i := rapid.IntRange(0, len(m.list)-1).Draw(t, "row")
	switch rapid.SampledFrom([]string{"edit", "add", "remove", "reorder"}).Draw(t, "edit") {
	case "edit":
		m.edits[m.list[i]]++
	case "add":
		if len(m.list) > 25 {
			t.Skip()
		}
		m.addRow()
	case "remove":
		if len(m.list) == 1 {
			t.Skip()
		}
		m.list = slices.Delete(m.list, i, i+1)
	case "reorder":
		slices.Reverse(m.list)
	}
	m.writeList()
	m.over = false
}

// swap puts other bytes into the attachment of one, or the planned ones back.
func (m *machine) swap(t *rapid.T) {
	key := rapid.SampledFrom(m.list).Draw(t, "whose")
	m.write("files/"+key+".txt", rapid.SampledFrom([]string{"for " + key, "other"}).Draw(t, "bytes"))
}

// drain brings the campaign to its end with a server that takes everything, and looks whether anybody was lost.
func (m *machine) drain(t *rapid.T) {
	m.t = t
	for turn := 0; ; turn++ {
		if turn > 2000 {
			t.Fatalf("it does not end: %v", m.states)
		}
		m.check(t)
		if m.p == nil {
			m.start(true)
			m.check(t)
		}
		if m.p == nil {
			break
		}
		if len(m.p.talks) > 0 {
			// Bodies first: another begin may wait for the place of one.
			f, next := m.p.talks[0], goAhead
			if i := slices.IndexFunc(m.p.talks, func(f *talk) bool { return f.begun }); i >= 0 {
				f, next = m.p.talks[i], taken
			}
			m.finish(f, next)
			continue
		}
		if m.p.taking.Err() != nil {
			m.drop()
			continue
		}
		m.meet()
		a, err := m.p.turns.Take(m.p.taking)
		m.must(err)
		if a != nil {
			m.launch(a)
			continue
		}
		left, err := m.p.turns.Left(m.p.taking)
		m.must(err)
		if left == 0 {
			m.drop()
		}
		m.pass(30 * time.Minute)
	}
	for key, s := range m.states {
		if s == ledger.Pending || s == ledger.Deferred || s == ledger.Begun {
			t.Fatalf("%s is left %s", key, s)
		}
	}
	m.shut()
	faults, err := repair.Examine(context.Background(), m.disk.state())
	if m.must(err); len(faults) > 0 {
		t.Fatalf("the ledger contradicts itself: %v", faults)
	}
}
