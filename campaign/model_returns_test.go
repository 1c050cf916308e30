package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// stored are the keys of those whose message the server has, and about whom no person has decided since.
func (m *machine) stored() (keys []string) {
	for key, tr := range m.truth {
		if tr.open {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (m *machine) anyStored() bool { return len(m.stored()) > 0 }

// comesBack has something come back about somebody whose message the server has, and another process record it.
func (m *machine) comesBack(t *rapid.T) {
	if !m.anyStored() {
		t.Skip()
	}
	m.comeBack(t)
}

// comeBack is comesBack. again records the same once more.
func (m *machine) comeBack(t *rapid.T) (again func()) {
	key := rapid.SampledFrom(m.stored()).Draw(t, "whose")
	tr := m.truth[key]
	to := rapid.SampledFrom([]ledger.State{ledger.Bounced, ledger.Bounced, ledger.Complained, ledger.Sent, ""}).Draw(t, "what")
	r := ledger.Return{ID: fmt.Sprint(key, " ", len(tr.returns)), Kind: "bounce", Line: "550 no such user " + addressOf(key),
		Matched: "return path", Verified: true, To: to}
	for id, name := range m.names {
		if name == key {
			r.Delivery = id
		}
	}
	if len(tr.returns) > 0 && rapid.IntRange(0, 3).Draw(t, "known") == 0 {
		r = rapid.SampledFrom(tr.returns).Draw(t, "again") // the same message, read again
		m.record(key, r)
		return func() { m.record(key, r) }
	}
	tr.returns = append(tr.returns, r)
	switch {
	case r.To == ledger.Bounced && tr.came == "", r.To == ledger.Complained:
		tr.came = r.To
	case r.To == ledger.Sent:
		tr.delivered = true
	}
	m.record(key, r)
	return func() { m.record(key, r) }
}

// record has another process record what came back.
func (m *machine) record(key string, r ledger.Return) {
	res, err := m.byOthers().Return(context.Background(), modelID, []ledger.Return{r})
	if m.must(err); res[0].Missing {
		m.t.Fatalf("%s: nothing is there about which %v could come back", key, r)
	}
	m.act = byReturn
}

// returned checks that what came back about a person holds, and nothing that did not.
func (m *machine) returned(key string, is ledger.State) {
	tr := m.truth[key]
	back := is == ledger.Bounced || is == ledger.Complained
	if back && is != tr.came {
		m.t.Fatalf("%s is %s, and %q came back", key, is, tr.came)
	}
	if is == ledger.Begun || !tr.open && !back {
		return
	}
	if tr.came != "" && is != tr.came {
		m.t.Fatalf("%s is %s, and %s came back", key, is, tr.came)
	}
	if tr.delivered && is == ledger.Unknown {
		m.t.Fatalf("%s is unknown, and was delivered", key)
	}
}

// forget erases somebody, from another process.
func (m *machine) forget(t *rapid.T) {
	if len(m.states) == 0 {
		t.Skip()
	}
	key := rapid.SampledFrom(m.list).Draw(t, "who")
	if m.truth[key] == nil {
		t.Skip()
	}
	m.shut() // who reads the file keeps it from being written anew
	ctx := context.Background()
	a, err := accounts.Open(m.disk.accounts())
	m.must(err)
	l := m.byOthers()
	l.KeyHash, err = a.KeyHash(ctx)
	m.must(err)
	fresh, err := a.Hide(ctx, addressOf(key))
	m.must(err)
	var locked *ledger.LockedError
	_, err = l.Forget(ctx, addressOf(key))
	switch running := m.p != nil; {
	case running != errors.As(err, &locked):
		t.Fatalf("forget while it runs=%v: %v", running, err)
	case running && fresh: // nothing was erased
		m.must(a.Unhide(ctx, addressOf(key)))
	case !running:
		m.must(err)
		m.act, m.over, m.truth[key].suppressed = byPerson, false, true
	}
	m.must(a.Close())
	m.shut()
}
