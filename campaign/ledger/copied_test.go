package ledger

import (
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"mailshot/campaign/ledger/repair"
)

// withCopies is a result with two copies: one that the server took, and one that it put off.
func withCopies(s State, n int) Result {
	return Result{State: s, Stage: "dot", Code: 250, Text: "ok", Server: "mx.example", Copies: []Copied{
		{Address: "Carla@copies.example", AddressKey: "carla@copies.example", Accepted: true, Code: 250, Stage: "rcpt",
			Text: fmt.Sprint("taken ", n)},
		{Address: "books@copies.example", AddressKey: "books@copies.example", Blind: true, Code: 450, Stage: "rcpt",
			Enhanced: "4.2.1", Text: "books are full"},
	}}
}

// What was said about copies is beside its attempt and no other, whether the group went by the journal or not; it moves
// no state. Whoever is forgotten as a copy is in no byte of the file, and whose copies they were still has the rest.
// A purge takes all of it. Proven without cc.Forget ("still has carla"), without cc.ForgetDelivery (3 rows, not 2),
// without the DELETE in purgePiece ("still has books@copies"), and with min instead of max in cc.Add: the first attempt
// had the copies of the second one too, and the second had none.
func TestCopied(t *testing.T) {
	t.Parallel()
	for name, eager := range map[string]bool{"transactions": false, "journal": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _, _ := forgetful(t)
			l.Eager = eager
			ctx := t.Context()
			plan(t, l, "c", append(rowsOf(3), personal(4, "W")))
			lock(t, l, "c")
			r := run(t, l, "c", RunOptions{})
			var first []Copied
			for n := range 4 {
				d := next(t, r, t0)
				begin(t, r, d)
				res := withCopies(Sent, n)
				if n == 0 {
					res = withCopies(Deferred, n)
					res.Due = t0.Add(time.Minute)
					first = res.Copies
				}
				if d.Key == "key-2" && n > 0 {
					res.Copies = nil
				}
				if err := r.Settle(ctx, d, res); err != nil {
					t.Fatal(err)
				}
			}
			none(t, r, t0)
			d := next(t, r, t0.Add(time.Hour))
			begin(t, r, d)
			if err := r.Settle(ctx, d, withCopies(Sent, 9)); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if got := identity(t, l, "c"); got[Sent] != 4 {
				t.Error(got)
			}
			tried, _, err := l.Story(ctx, d.ID)
			if err != nil || len(tried) != 2 || !reflect.DeepEqual(tried[0].Copies, first) ||
				!reflect.DeepEqual(tried[1].Copies, withCopies(Sent, 9).Copies) {
				t.Errorf("%+v %v", tried, err)
			}
			said := 0
			for rec, err := range l.Deliveries(ctx, "c", Filter{}) {
				if err != nil {
					t.Fatal(err)
				}
				if len(rec.Last.Copies) == 2 {
					said++
				}
			}
			if said < 3 {
				t.Errorf("%d deliveries have copies", said)
			}
			if rows, err := l.Copied(ctx, "carla@copies.example"); err != nil || len(rows) != said {
				t.Errorf("%d rows of others, %v", len(rows), err)
			}
			if _, err := l.Forget(ctx, "carla@copies.example"); err != nil {
				t.Fatal(err)
			}
			absent(t, filepath.Dir(l.db.Path), "carla", "taken 9")
			tried, _, err = l.Story(ctx, d.ID)
			if err != nil || len(tried[1].Copies) != 2 || tried[1].Copies[0].Code != 250 || tried[1].Copies[0].Address != "" ||
				tried[1].Copies[1].Address != "books@copies.example" {
				t.Errorf("%+v %v", tried, err)
			}
			if _, err := l.Forget(ctx, "wanda@secret.example"); err != nil {
				t.Fatal(err)
			}
			if rows, err := l.Copied(ctx, "books@copies.example"); err != nil || len(rows) != said-1 {
				t.Errorf("%d rows, %v", len(rows), err)
			}
			if faults, err := repair.Examine(ctx, l.db.Path); err != nil || len(faults) > 0 {
				t.Error(faults, err)
			}
			if done, err := l.Purge(ctx, time.Now().Add(time.Hour)); err != nil || len(done) != 1 {
				t.Fatal(done, err)
			}
			absent(t, filepath.Dir(l.db.Path), "books@copies")
		})
	}
}
