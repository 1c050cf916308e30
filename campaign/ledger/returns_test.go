package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
)

// What moves deliveries by what came back is the table of states, and the numbers in queries are those of the constants.
func TestReturnsMoveByTheTable(t *testing.T) {
	for _, from := range states() {
		for _, to := range states() {
			if returned.Moves(from.code(), to.code()) != legal(byReturn, from, to) {
				t.Errorf("%s → %s: the table says %t", from, to, legal(byReturn, from, to))
			}
		}
	}
	for text, n := range map[string]int{returned.SQLWaits: returned.Waits, returned.SQLLed: returned.Led,
		returned.SQLUndone: returned.Undone} {
		if text != fmt.Sprint(n) {
			t.Errorf("%d is %s in queries", n, text)
		}
	}
	if int(EffectWaits) != returned.Waits || int(EffectLed) != returned.Led || int(EffectNone) != returned.Noted ||
		int(EffectUndone) != returned.Undone {
		t.Error("the effects are not those of the file")
	}
}

// came is what came back about a delivery.
func came(d int64, id string, to State) Return {
	return Return{Delivery: d, ID: id, Time: t0, Kind: "bounce", Reason: "hard", Enhanced: "5.1.1", Detail: "failed",
		Line: "Diagnostic-Code: smtp; 550 5.1.1 <person1@lane1.example> unknown", Until: "2026-12-07",
		Source: "maildir:/var/mail/b", Matched: "return path", Verified: true, To: to}
}

// back records what came back, and returns what became of it.
func back(t testing.TB, l *Ledger, list ...Return) []ReturnResult {
	t.Helper()
	res, err := l.Return(t.Context(), "c", list)
	if err != nil || len(res) != len(list) {
		t.Fatal(res, err)
	}
	return res
}

// sound checks that no record of the file contradicts another.
func sound(t testing.TB, l *Ledger) {
	t.Helper()
	for _, r := range schema.Rules() {
		var id, place string
		if l.db.Reading.QueryRow(r.Query()+" LIMIT 1").Scan(&id, &place) == nil {
			t.Errorf("%s, %s: %s", id, place, r.Text)
		}
	}
	keysClaimed(t, l)
}

// byNumber are the campaign's deliveries by the number of their row.
func byNumber(t testing.TB, l *Ledger) map[int64]Record {
	t.Helper()
	all := map[int64]Record{}
	for r, err := range l.Deliveries(context.Background(), "c", Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all[r.Number] = r
	}
	return all
}

// ends makes a campaign of which each row has come to the state given.
func ends(t testing.TB, l *Ledger, all ...State) map[int64]Record {
	t.Helper()
	plan(t, l, "c", rowsOf(len(all)))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	var left []*Delivery
	for range all {
		d := next(t, r, t0)
		switch s := all[d.Number-1]; s {
		case Pending:
			left = append(left, d)
		case Held, Suppressed, Cancelled:
			if err := r.Settle(t.Context(), d, Result{State: s, Text: "for a reason"}); err != nil {
				t.Fatal(err)
			}
		default:
			begin(t, r, d)
			settle(t, r, d, s)
		}
	}
	for _, d := range left {
		r.PutBack(d)
	}
	if err := errors.Join(r.Close(), k.Close()); err != nil {
		t.Fatal(err)
	}
	return byNumber(t, l)
}

// A return moves its delivery by the table, and is read back as it was given. The same one again changes nothing, and
// one that leads nowhere is a record alone. The attempts stay as they are. Broken on purpose: Moves that lets refused go to
// bounced; an INSERT without OR IGNORE.
func TestReturn(t *testing.T) {
	t.Parallel()
	l := open1(t)
	starts := []State{Sent, Sent, Sent, Unknown, Unknown, Unknown, Refused, GaveUp, Held, Cancelled, Suppressed, Sent, Sent}
	to := []State{Bounced, Complained, Sent, Bounced, Complained, Sent, Bounced, Bounced, Complained, Bounced, Complained, "",
		Bounced}
	want := []State{Bounced, Complained, Sent, Bounced, Complained, Sent, Refused, GaveUp, Held, Cancelled, Suppressed, Sent,
		Bounced}
	was := ends(t, l, starts...)
	var list []Return
	for i, s := range to {
		list = append(list, came(was[int64(i+1)].ID, fmt.Sprint("m", i), s))
	}
	for i, r := range back(t, l, list...) {
		if r.Before != starts[i] || r.After != want[i] || r.Known || r.Missing || r.Waits {
			t.Errorf("row %d: %+v", i+1, r)
		}
	}
	for i, r := range back(t, l, list...) {
		if r.Before != want[i] || r.After != want[i] || !r.Known {
			t.Errorf("row %d again: %+v", i+1, r)
		}
	}
	is := byNumber(t, l)
	for i, s := range want {
		r := is[int64(i+1)]
		if r.State != s || r.Attempts != was[r.Number].Attempts || !r.First.Equal(was[r.Number].First) {
			t.Errorf("row %d is %s with %d attempts, want %s", i+1, r.State, r.Attempts, s)
		}
		got, err := l.ReturnsOf(t.Context(), r.ID)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		exp := list[i]
		exp.ID, exp.Noted, exp.Effect, exp.Time = "", got[0].Noted, EffectNone, got[0].Time
		if returned.Moves(starts[i].code(), to[i].code()) {
			exp.Effect = EffectLed
		}
		if got[0] != exp || !got[0].Time.Equal(t0) || got[0].Noted.IsZero() || *r.Returned != got[0] {
			t.Errorf("row %d: %+v, want %+v", i+1, got[0], exp)
		}
	}
	// A complaint follows a bounce, and nothing follows a complaint.
	for i, r := range back(t, l, came(was[1].ID, "c", Complained), came(was[2].ID, "c", Bounced),
		came(was[13].ID, "c", Sent), came(99, "c", Bounced)) {
		if exp := []State{Complained, Complained, Bounced, ""}[i]; r.After != exp || r.Missing != (i == 3) {
			t.Errorf("%+v, want %s", r, exp)
		}
	}
	n := 0
	for r, err := range l.Returns(t.Context(), "c", Filter{States: []State{Complained}}) {
		if n++; err != nil || r.Line == "" {
			t.Error(r, err)
		}
	}
	if n != 5 {
		t.Errorf("%d came back about people who complained", n)
	}
	sound(t, l)
	if err := l.Verify(t.Context(), "c"); err != nil {
		t.Error(err)
	}
}

// While a run goes on in another process, what is sent and not in the file yet keeps its state there. What came back
// waits, and holds as soon as the outcome is in the file. The run's own counts are not disturbed. Broken on purpose:
// WriteGroup without Apply, and Add that moves what is pending.
func TestReturnWhileARunGoesOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	l.Eager = true
	plan(t, l, "c", rowsOf(6))
	was := byNumber(t, l)
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	other := openAt(t, path)
	outcome := map[int64]State{1: Sent, 2: Sent, 3: Unknown, 4: Refused, 5: Sent, 6: Sent}
	for range outcome {
		d := next(t, r, t0)
		begin(t, r, d)
		settle(t, r, d, outcome[d.Number])
	}
	var list []Return
	for n, s := range []State{Bounced, Complained, Bounced, Bounced, "", Sent} {
		list = append(list, came(was[int64(n+1)].ID, "m", s))
	}
	for i, res := range back(t, other, list...) {
		if res.Before != res.After || res.After == Bounced || res.Waits != (list[i].To != "" && res.Before != Sent) {
			t.Errorf("row %d: %+v", i+1, res)
		}
	}
	identity(t, other, "c")
	if n, err := other.ApplyReturns(t.Context(), "c"); n > 1 || err != nil {
		t.Error(n, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[State]int64{Bounced: 2, Complained: 1, Refused: 1, Sent: 2}
	if got := identity(t, other, "c"); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, res := range back(t, other, list...) {
		if !res.Known || res.Waits {
			t.Errorf("again: %+v", res)
		}
	}
	sound(t, other)
}

// What a run that died left begun is unknown to the next one, and what came back about it holds then: it bounced. So it
// does for what the journal of a dead run has. Broken on purpose: recovery that recounts without Apply.
func TestReturnOfADeadRun(t *testing.T) {
	t.Parallel()
	path, _ := journaled(t)
	l := openAt(t, path)
	n := int64(0)
	var list []Return
	for _, r := range byNumber(t, l) {
		list = append(list, came(r.ID, "m", Bounced))
	}
	for _, r := range back(t, l, list...) {
		if r.Waits {
			n++
		}
	}
	if n != 7 { // what is begun or pending; deferred and tried before means that it is about that try
		t.Errorf("%d wait", n)
	}
	lock(t, l, "c")
	if err := run(t, l, "c", RunOptions{}).Close(); err != nil {
		t.Fatal(err)
	}
	got := identity(t, l, "c")
	if got[Begun]+got[Unknown] != 0 || got[Bounced] != 4 || got[Deferred] != 1 || got[Refused] != 1 {
		t.Error(got)
	}
	sound(t, l)
}

// What came back about an earlier try of what is to be sent again does not hold for the next one. Broken on purpose:
// earlier is always false, and the message that was sent again is bounced.
func TestReturnAboutAnEarlierTry(t *testing.T) {
	t.Parallel()
	l := open1(t)
	was := ends(t, l, Unknown, Sent)
	if n, err := l.Resolve(t.Context(), "c", Filter{}, Pending); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if r := back(t, l, came(was[1].ID, "m", Bounced))[0]; r.Waits || r.After != Pending {
		t.Errorf("%+v", r)
	}
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	d := next(t, r, t0)
	begin(t, r, d)
	settle(t, r, d, Sent)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := identity(t, l, "c"); got[Sent] != 2 {
		t.Error(got)
	}
	sound(t, l)
}

// Retry leaves what came back alone. Resolve as sent takes it back one by one, and says who did; it never does so
// unasked, and what was taken back does not hold again. Broken on purpose: Resolve of all takes sources(byResolve, Sent).
func TestReturnTakenBack(t *testing.T) {
	t.Parallel()
	l := open1(t)
	was := ends(t, l, Sent, Sent, Unknown, Sent)
	list := []Return{came(was[1].ID, "m", Bounced), came(was[2].ID, "m", Complained), came(was[4].ID, "m", Bounced)}
	back(t, l, list...)
	for _, f := range []Filter{{}, {Keys: []string{"key-1", "key-2"}}, {Addresses: []string{was[2].AddressKey}}} {
		if n, _, err := l.Retry(t.Context(), "c", f); n != 0 || err != nil {
			t.Errorf("%d taken up, %v", n, err)
		}
	}
	for _, s := range []State{Bounced, Complained} {
		if _, _, err := l.Retry(t.Context(), "c", Filter{States: []State{s}}); !errors.Is(err, ErrState) {
			t.Errorf("retry of %s: %v", s, err)
		}
		if n, err := l.Resolve(t.Context(), "c", Filter{Keys: []string{"key-1", "key-2"}}, Pending); n != 0 || err != nil {
			t.Errorf("%d resolved as pending, %v", n, err)
		}
	}
	if n, err := l.Resolve(t.Context(), "c", Filter{}, Sent); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got := identity(t, l, "c"); !maps.Equal(got, map[State]int64{Bounced: 2, Complained: 1, Sent: 1}) {
		t.Fatal(got)
	}
	if n, err := l.Resolve(t.Context(), "c", Filter{Keys: []string{"key-1", "key-2"}}, Sent); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	for _, r := range back(t, l, list[:2]...) {
		if !r.Known || r.After != Sent {
			t.Errorf("%+v", r)
		}
	}
	if n, err := l.ApplyReturns(t.Context(), "c"); n != 0 || err != nil {
		t.Error(n, err)
	}
	got := byNumber(t, l)
	if got[1].State != Sent || got[2].State != Sent || got[4].State != Bounced || got[2].Manual.Before != Complained ||
		got[2].Returned.Effect != EffectUndone {
		t.Errorf("%+v", got)
	}
	// Another message is another matter.
	if r := back(t, l, came(was[1].ID, "m2", Bounced))[0]; r.After != Bounced {
		t.Errorf("%+v", r)
	}
	sound(t, l)
}

// A return of a state that nothing leads to, or without an ID, is refused as a whole; so is a campaign that is not
// there.
func TestReturnRefused(t *testing.T) {
	t.Parallel()
	l := open1(t)
	was := ends(t, l, Sent)
	nameless := came(was[1].ID, "", Bounced)
	for _, bad := range []Return{came(was[1].ID, "m", Pending), came(was[1].ID, "m", Refused), nameless} {
		if _, err := l.Return(t.Context(), "c", []Return{came(was[1].ID, "ok", Bounced), bad}); !errors.Is(err, ErrState) {
			t.Errorf("%q: %v", bad.To, err)
		}
	}
	if _, err := l.Return(t.Context(), "x", nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if got := identity(t, l, "c"); got[Sent] != 1 {
		t.Error(got)
	}
}

// A line is one line, of at most 300 bytes, without controls, and whole characters.
func TestReturnLine(t *testing.T) {
	t.Parallel()
	l := open1(t)
	was := ends(t, l, Sent)
	r := came(was[1].ID, "m", Bounced)
	r.Line = " a\r\n\x1b[31mb\x00\xff " + strings.Repeat("é", 400)
	back(t, l, r)
	got, err := l.ReturnsOf(t.Context(), was[1].ID)
	if err != nil || !strings.HasPrefix(got[0].Line, "a [31mb \uFFFD éé") || len(got[0].Line) > 300 || len(got[0].Line) < 298 ||
		strings.Contains(got[0].Line[20:], "\uFFFD") {
		t.Errorf("%+v %v", got, err)
	}
}

// Forget erases a person from what came back about them, and from the lines about others that name them. The records
// stay, and the same message read again is still the same. Broken on purpose: forgetRow without returned.Forget.
func TestReturnsAreForgotten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	l.KeyHash = func(campaign, key string) []byte {
		h := schema.HashKey("secret" + campaign + key)
		return h[:]
	}
	was := ends(t, l, Sent, Sent, Pending, Unknown)
	list := []Return{came(was[1].ID, "m person1@lane1.example", Bounced), came(was[2].ID, "m", Complained),
		came(was[3].ID, "m", Bounced)}
	list[1].Until, list[1].Detail = "", "abuse"
	back(t, l, list...)
	for _, n := range []int64{1, 3} {
		if _, err := l.Forget(t.Context(), was[n].AddressKey); err != nil {
			t.Fatal(err)
		}
	}
	is := byNumber(t, l)
	if is[1].State != Bounced || is[3].State != Suppressed || is[2].State != Complained {
		t.Errorf("%v", is)
	}
	for n, r := range is {
		if b := r.Returned; b != nil && (b.Line != "" || n != 2 && b.Detail+b.Until != "" || b.Kind != "bounce") {
			t.Errorf("row %d: %+v", n, b)
		}
	}
	absent(t, filepath.Dir(path), "person1@", "person3@", "550 5.1.1 <person1")
	for i, r := range back(t, l, list...) {
		if !r.Known {
			t.Errorf("row %d: %+v", i+1, r)
		}
	}
	more := came(was[1].ID, "another", Complained)
	if r := back(t, l, more)[0]; r.After != Complained {
		t.Errorf("%+v", r)
	}
	absent(t, filepath.Dir(path), "550 5.1.1 <person1")
	if got := byNumber(t, l)[1].Returned; got.Line+got.Detail+got.Until != "" {
		t.Errorf("%+v", got)
	}
	sound(t, l)
}

// Purge erases what came back, keeps the numbers of the states, and waits for a campaign about which something came
// back lately.
func TestReturnsArePurged(t *testing.T) {
	t.Parallel()
	l := open1(t)
	was := ends(t, l, Sent, Sent)
	before := time.Now()
	back(t, l, came(was[1].ID, "m", Bounced))
	if done, err := l.Purge(t.Context(), before); len(done) != 0 || err != nil {
		t.Fatal(done, err)
	}
	if done, err := l.Purge(t.Context(), time.Now()); len(done) != 1 || err != nil {
		t.Fatal(done, err)
	}
	if got := identity(t, l, "c"); !maps.Equal(got, map[State]int64{Bounced: 1, Sent: 1}) {
		t.Error(got)
	}
	if r := back(t, l, came(was[2].ID, "m", Bounced))[0]; !r.Missing {
		t.Errorf("%+v", r)
	}
	for r, err := range l.Returns(t.Context(), "c", Filter{}) {
		t.Error(r, err)
	}
	sound(t, l)
}
