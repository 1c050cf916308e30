package ledger

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/ledger/internal/claims"
	"mailshot/campaign/ledger/internal/merge"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/repair"
	"mailshot/internal/sqlite"
)

// TestClaims draws lists with few keys and holds what a draft makes of them against a map, whether the claims gather or
// go into the table all the time.
//
// It guards "never twice". Proven by breaking: with the table not asked, "UNIQUE constraint failed: claims.campaign,
// claims.hash"; with slot stopping at the first one in use, "keys "key-464" and "key-947" have the same hash".
func TestClaims(t *testing.T) {
	t.Parallel()
	for _, gather := range []int{1, 40, claims.Most} {
		for _, first := range []bool{false, true} {
			t.Run(fmt.Sprint(gather, first), func(t *testing.T) {
				t.Parallel()
				seed := rand.Uint64()
				t.Log("seed", seed)
				lot := rand.New(rand.NewPCG(seed, 0))
				l := open1(t)
				d, err := l.Draft(t.Context(), Campaign{ID: "c", DuplicatesFirst: first})
				if err != nil {
					t.Fatal(err)
				}
				d.gather = gather
				owner := map[string]Row{}
				want := map[string]State{} // by place
				conflicts := map[string]string{}
				for n := 0; n < 3000; {
					rows := make([]Row, lot.IntN(120))
					for i := range rows {
						n++
						r := row(lot.IntN(1000))
						r.Number, r.Place, r.Digest = int64(n), fmt.Sprint("row ", n), []byte{"ab"[lot.IntN(2)]}
						switch lot.IntN(10) {
						case 0:
							r.State, r.Reason = Invalid, "bad"
						case 1:
							r.State, r.Reason = Suppressed, "asked"
						}
						rows[i] = r
						o, taken := owner[r.Key]
						want[r.Place] = r.State
						switch {
						case r.State == Invalid:
						case !taken:
							owner[r.Key] = r
						case first || string(o.Digest) == string(r.Digest):
							want[r.Place] = Duplicate
						default:
							conflicts[r.Place] = o.Place
							delete(want, r.Place)
						}
					}
					got, err := d.Add(t.Context(), rows)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range got {
						if conflicts[c.Row.Place] != c.First {
							t.Fatalf("%s is in conflict with %q, want %q", c.Row.Place, c.First, conflicts[c.Row.Place])
						}
						delete(conflicts, c.Row.Place)
					}
					if len(conflicts) > 0 {
						t.Fatalf("no conflict: %v", conflicts)
					}
				}
				if err := d.Freeze(t.Context(), Campaign{ID: "c"}); err != nil {
					t.Fatal(err)
				}
				for r, err := range l.Deliveries(t.Context(), "c", Filter{}) {
					if err != nil {
						t.Fatal(err)
					}
					if want[r.Place] != r.State {
						t.Fatalf("%s (%s as %s) is %s, want %s", r.Place, r.Key, r.Digest, r.State, want[r.Place])
					}
					if r.State == Duplicate && r.Reason != "same key as "+owner[r.Key].Place {
						t.Fatalf("%s: %q, want %s", r.Place, r.Reason, owner[r.Key].Place)
					}
					delete(want, r.Place)
				}
				if len(want) > 0 {
					t.Fatalf("%d rows are lost", len(want))
				}
			})
		}
	}
}

// TestClaimedTwice: were a draft to forget that a key is claimed, the file would refuse the second claim, and nothing
// would be frozen.
func TestClaimedTwice(t *testing.T) {
	t.Parallel()
	l := open1(t)
	d, err := l.Draft(t.Context(), Campaign{ID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := d.Add(t.Context(), rowsOf(3)); err != nil {
			t.Fatal(err)
		}
		if err := d.claim(); err != nil {
			if !strings.Contains(err.Error(), "UNIQUE constraint failed: claims") {
				t.Fatal(err)
			}
			break
		}
		d.tabled = false // forgotten
	}
	if err := d.Freeze(t.Context(), Campaign{ID: "c"}); err == nil ||
		!strings.Contains(err.Error(), "UNIQUE constraint failed: claims") {
		t.Fatal(err)
	}
	if _, err := d.Add(t.Context(), []Row{row(7)}); err == nil {
		t.Error("a draft that does not know its claims takes a row")
	}
	if err := d.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan(t, l, "c", rowsOf(3))
}

// ended is a ledger with a campaign of n rows, of which the first ones were sent. It returns the file, which is closed.
func ended(t *testing.T, n, sent int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".mailshot", "state.db")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	plan(t, l, "c", rowsOf(n))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(t.Context(), "c", RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range sent {
		d := next(t, r, t0)
		begin(t, r, d)
		settle(t, r, d, Sent)
	}
	if err := errors.Join(r.Close(), k.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// meddle changes a file past the program.
func meddle(t *testing.T, path string, statements ...string) {
	t.Helper()
	s, err := sql.Open("sqlite", sqlite.Name(path))
	if err != nil {
		t.Fatal(err)
	}
	s.SetMaxOpenConns(1)
	for _, q := range statements {
		if _, err := s.Exec(q); err != nil {
			t.Fatal(q, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLostClaim: a key whose claim is lost would be new to a re-plan, and who was mailed would be mailed again. It has
// failed: key-2 was sent and pending.
func TestLostClaim(t *testing.T) {
	t.Parallel()
	path := ended(t, 3, 3)
	meddle(t, path, "DELETE FROM claims WHERE row & 0xff = 2")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Replan(t.Context(), Campaign{ID: "c"}); !strings.Contains(asFile(t, err).Error(),
		"people.csv:3: "+schema.UnclaimedText) {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) != 1 ||
		faults[0].Text != schema.UnclaimedText {
		t.Error(faults, err)
	}
	if _, err := repair.File(t.Context(), path, false); err != nil {
		t.Fatal(err)
	}
	l = openAt(t, path)
	p, err := l.Replan(t.Context(), Campaign{ID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Add(t.Context(), rowsOf(3)); err != nil {
		t.Fatal(err)
	}
	if c, err := p.Counts(t.Context()); err != nil || c != (Changes{Untouched: 3}) {
		t.Error(c, err)
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestTwoRowsOneKey: of two rows with one key, which only damage makes, a repair believes the one that was mailed; the
// other is not. It has failed: the first row won, which was pending, and was mailed again.
func TestTwoRowsOneKey(t *testing.T) {
	t.Parallel()
	path := ended(t, 3, 0)
	// The third row is sent, and gets the key of the first, which is pending.
	meddle(t, path, "UPDATE deliveries SET state = "+fmt.Sprint(Sent.code())+
		", attempts = 1, first = 1, turn = 1 WHERE id & 0xff = 3",
		schema.InsertAttempt+"SELECT id, 1, state, 'dot', 250, '', 'ok', 'mx' FROM deliveries WHERE id & 0xff = 3",
		"DELETE FROM claims WHERE row & 0xff = 3",
		"UPDATE rows SET (key, hash) = (SELECT key, hash FROM rows WHERE id & 0xff = 1) WHERE id & 0xff = 3",
		"DELETE FROM counts", schema.CountAll)
	if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) != 1 ||
		faults[0].Text != schema.UnclaimedText {
		t.Error(faults, err)
	}
	if _, err := repair.File(t.Context(), path, false); err != nil {
		t.Fatal(err)
	}
	l := openAt(t, path)
	want := "lost  held what was to be sent was lost when the file was repaired\n" +
		"people.csv:3 key-2 pending\npeople.csv:4 key-1 sent"
	if got := list(t, l, "c", Filter{}); got != want {
		t.Errorf("got\n%s", got)
	}
}

// older makes a file of version 2 with a campaign of three rows.
func older(t *testing.T) string {
	t.Helper()
	path, err := sqlite.Prepare(filepath.Join(t.TempDir(), ".mailshot", "state.db"), schema.Use(true))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), path, schema.Versions[:2])
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(func(tx *sqlite.Tx) error {
		err := tx.Script("INSERT INTO campaigns" +
			"(no, id, frozen, created, definition, templates, list, sender, first, run, turn, rows) " +
			"VALUES (1, 'c', 1, 1, 'd', '', '', '', 0, 'r', 0, 3);" +
			"INSERT INTO lanes(no, campaign, name) VALUES (1, 1, 'lane')")
		for i := range 3 {
			r, id := row(i+1), int64(1<<schema.SequenceBits+i+1)
			h := schema.HashKey(r.Key)
			_, e := tx.Exec("INSERT INTO rows VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)", id, h[:], i+1, r.Place, r.Key,
				r.Address, r.AddressKey, r.Fields)
			_, f := tx.Exec("INSERT INTO deliveries VALUES (?, ?, 1, 0, 0, 0, 0, ?, '')", id, Pending.code(), r.Digest)
			err = errors.Join(err, e, f)
		}
		return err
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOlderDamaged: a damaged file of an older version says what to do, and is repaired. It has failed: with pages that
// the repair need not have touched damaged, "nothing can be saved without guessing"; of two rows with one key "UNIQUE
// constraint failed", and no more.
func TestOlderDamaged(t *testing.T) {
	t.Parallel()
	path := older(t)
	meddle(t, path, "CREATE TABLE junk(x)",
		"INSERT INTO junk WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000)"+
			" SELECT randomblob(500) FROM c", "DROP TABLE junk")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size, trunk := int(binary.BigEndian.Uint16(b[16:])), int(binary.BigEndian.Uint32(b[32:]))
	for i := range size { // the head of the list of free pages
		b[(trunk-1)*size+i] = 0xff
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	two := older(t)
	meddle(t, two, "DROP INDEX rows_key",
		"UPDATE rows SET (key, hash) = (SELECT key, hash FROM rows WHERE id & 0xff = 1) WHERE id & 0xff = 3",
		"CREATE INDEX rows_key ON rows(campaign, hash) WHERE hash IS NOT NULL", "PRAGMA writable_schema = ON",
		"UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX rows_key ON rows(campaign, hash) WHERE hash IS NOT NULL'"+
			" WHERE name = 'rows_key'")
	for path, pending := range map[string]int64{path: 3, two: 2} {
		if _, err := Open(path); asFile(t, err).Hint != sqlite.DamageHint ||
			strings.Count(err.Error(), sqlite.DamageHint) != 1 {
			t.Error(err)
		}
		if _, err := repair.File(t.Context(), path, false); err != nil {
			t.Fatal(err)
		}
		if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) > 0 {
			t.Error(faults, err)
		}
		if got := identity(t, openAt(t, path), "c"); got[Pending] != pending || got[Held] != 3-pending {
			t.Error(got)
		}
	}
}

// TestAnalysed: a file that some other tool has analysed is read in the order that is quick all the same: for each key
// one look at each table, and none at all deliveries. It has failed: 6,000 rows took half a minute.
func TestAnalysed(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(3000))
	if err := l.db.Write(func(tx *sqlite.Tx) error { return tx.Script("ANALYZE") }); err != nil {
		t.Fatal(err)
	}
	p, err := l.Replan(t.Context(), Campaign{ID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Add(t.Context(), rowsOf(3000)); err != nil {
		t.Fatal(err)
	}
	if err := p.draft.claim(); err != nil {
		t.Fatal(err)
	}
	first, end := schema.Span(p.into)
	ranges, loops := 0, 0
	err = l.db.Write(func(tx *sqlite.Tx) error {
		rows, err := tx.Query("EXPLAIN QUERY PLAN SELECT count(*) "+merge.Edited, p.args(first, end)...)
		return sqlite.Each(rows, err, func(rows *sql.Rows) error {
			var id, parent, unused int
			var step string
			err := rows.Scan(&id, &parent, &unused, &step)
			if loops++; !strings.Contains(step, "(rowid=?)") && !strings.Contains(step, "hash=?") {
				ranges++
			}
			return err
		})
	})
	if err != nil || ranges != 1 || loops != 5 {
		t.Errorf("%d loops, %d of them over many records, %v", loops, ranges, err)
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestFreezeAfterDiscard: a draft that is over claims nothing, or the next with its number could not.
func TestFreezeAfterDiscard(t *testing.T) {
	t.Parallel()
	l := open1(t)
	d, err := l.Draft(t.Context(), Campaign{ID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Add(t.Context(), rowsOf(3)); err != nil {
		t.Fatal(err)
	}
	if err := d.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Freeze(t.Context(), Campaign{ID: "c"}); err == nil {
		t.Error("frozen")
	}
	plan(t, l, "c", rowsOf(3))
}
