package repair_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/repair"
	"mailshot/campaign/statefile"
	"mailshot/internal/disk"
	"mailshot/internal/sqlite"
)

var damages = flag.Int("mailshot.damages", 40, "how many random damages TestDamage does")

// lived is a state file in which deliveries are in every state, closed and folded, with the truth about each.
func lived(t *testing.T) (path string, truth map[int64]ledger.State) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s", "state.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(240)
	for i := range rows {
		switch {
		case i%40 == 7:
			rows[i].State, rows[i].Reason = ledger.Invalid, "no @"
		case i%40 == 8:
			rows[i].State, rows[i].Reason = ledger.Suppressed, "asked"
		}
	}
	plan(t, l, "c", rows)
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(t.Context(), "c", ledger.RunOptions{Now: func() time.Time { return t0 }})
	if err != nil {
		t.Fatal(err)
	}
	ends := []ledger.State{ledger.Sent, ledger.Sent, ledger.Sent, ledger.Refused, ledger.Deferred, ledger.Unknown,
		ledger.GaveUp, ledger.Sent}
	for i := range 160 {
		d := next(t, r, t0)
		begin(t, r, d)
		if i < 156 {
			settle(t, r, d, ends[i%len(ends)])
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Retry(t.Context(), "c", ledger.Filter{States: []ledger.State{ledger.GaveUp}}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(k.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	return path, statesAt(t, path)
}

// statesAt are the states of the campaign's deliveries, whose sum is right.
func statesAt(t *testing.T, path string) map[int64]ledger.State {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	identity(t, l, "c")
	got := map[int64]ledger.State{}
	for r, err := range l.Deliveries(t.Context(), "c", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got[r.ID] = r.State
	}
	return got
}

// neverTwice checks that nothing is to be sent that was not to be sent in truth.
func neverTwice(t *testing.T, truth, now map[int64]ledger.State) {
	t.Helper()
	for id, s := range now {
		if was := truth[id]; (s == ledger.Pending || s == ledger.Deferred) && was != ledger.Pending &&
			was != ledger.Deferred {
			t.Errorf("delivery %d was %s and is %s: it would be sent again", id, was, s)
		}
	}
}

func copied(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "s", "state.db")
	if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		if err := disk.Copy(path+suffix, to+suffix); err != nil && suffix == "" {
			t.Fatal(err)
		}
	}
	return to
}

// Whatever is damaged in the middle of the file, a bit or a page: it is seen, or it is nothing that matters; and what a
// repair saves adds up to the rows, and sends nothing again. The seed is printed. TestVerify proves the repair.
func TestDamage(t *testing.T) {
	t.Parallel()
	path, truth := lived(t)
	if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	seen, hopeless := 0, 0
	for n := range *damages {
		at, what := random.IntN(len(whole)), ""
		broken := bytes.Clone(whole)
		switch n % 4 {
		case 0:
			at = at / 4096 * 4096
			clear(broken[at : at+4096])
			what = "zero page"
		case 1:
			broken = broken[:at]
			what = "cut"
		default:
			broken[at] ^= 1 << random.IntN(8)
			what = "bit"
		}
		to := copied(t, path)
		if err := os.WriteFile(to, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s at byte %d", what, at)
		faults, err := repair.Examine(t.Context(), to)
		if err == nil && len(faults) == 0 {
			neverTwice(t, truth, statesAt(t, to))
			continue
		}
		seen++
		r, err := repair.File(t.Context(), to, false)
		var f *statefile.Error
		if errors.As(err, &f) {
			hopeless++
			continue
		}
		if err != nil {
			t.Errorf("repair: %v", err)
			continue
		}
		now := statesAt(t, to)
		// There may be one more. A delivery with a damaged number is kept under that, without a row, so that nothing of
		// it can be sent; and where the walk leaps over others behind it, so that the sum does not tell, its row counts
		// as one that lost its delivery, and is unknown: "241 deliveries of 240".
		if len(now) < len(truth) {
			t.Errorf("%d deliveries of %d", len(now), len(truth))
		}
		neverTwice(t, truth, now)
		if kept, err := os.ReadFile(r.Aside); err != nil || !bytes.Equal(kept, broken) {
			t.Errorf("the damaged file is not kept: %v", err)
		}
		if faults, err := repair.Examine(t.Context(), to); err != nil || len(faults) > 0 {
			t.Error(faults, err)
		}
	}
	t.Logf("of %d damages %d were seen, %d of them not to be repaired", *damages, seen, hopeless)
}

// A table's page that is gone takes its records along, and no others: those are unknown, and the damaged file is kept.
func TestRepairSavesTheRest(t *testing.T) {
	t.Parallel()
	path, truth := lived(t)
	s, err := sqlite.Open(t.Context(), path, schema.Versions)
	if err != nil {
		t.Fatal(err)
	}
	// Which page is a leaf of the deliveries? One whose zeroing leaves the other tables alone; SQLite says where the
	// root is.
	var root int64
	if err := s.Reading.QueryRowContext(t.Context(),
		"SELECT rootpage FROM sqlite_schema WHERE name = 'deliveries'").Scan(&root); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := b[(root-1)*4096:]
	if page[0] != 5 {
		t.Fatalf("the root of the deliveries is not an interior page: %d", page[0])
	}
	cell := int(page[12])<<8 | int(page[13]) // the first child
	leaf := int64(page[cell])<<24 | int64(page[cell+1])<<16 | int64(page[cell+2])<<8 | int64(page[cell+3])
	clear(b[(leaf-1)*4096 : leaf*4096])
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	faults, err := repair.Examine(t.Context(), path)
	if err != nil || len(faults) == 0 || !strings.Contains(fmt.Sprint(faults), fmt.Sprint(leaf)) {
		t.Errorf("faults %v %v, want page %d", faults, err, leaf)
	}
	tried, err := repair.File(t.Context(), path, true)
	if err != nil || tried.Aside != "" || tried.Unknown == 0 {
		t.Fatalf("%+v %v", tried, err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, b) {
		t.Error("a repair that was only tried changed the file")
	}
	r, err := repair.File(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	now, lost := statesAt(t, path), int64(0)
	for id, s := range now {
		if s == truth[id] {
			continue
		}
		lost++
		if s != ledger.Unknown && (s != ledger.Invalid || truth[id] != ledger.Invalid) {
			t.Errorf("%d was %s, is %s", id, truth[id], s)
		}
	}
	if lost == 0 || lost > 150 || lost > r.Unknown {
		t.Errorf("%d lost, %d unknown", lost, r.Unknown)
	}
	l := openAt(t, path)
	acts, err := l.Audit(t.Context(), "c")
	if err != nil || len(acts) < 2 || acts[len(acts)-1].Act != "repair" {
		t.Errorf("%+v %v", acts, err)
	}
}

// A campaign whose id or mark of being frozen is damaged is not planned anew, which would mail everybody again, nor
// repaired by guessing. Proven by a Draft that does not look: "planned anew"; and by a repair that does not: it gave no
// error.
func TestDamagedCampaign(t *testing.T) {
	t.Parallel()
	const id = "invoices-2026-11"
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	plan(t, l, id, rowsOf(3))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var bits []int
	for at := 0; ; at++ {
		n := bytes.Index(whole[at:], []byte(id))
		if n < 0 {
			break
		}
		at += n
		bits = append(bits, at+3)
	}
	// In the table's record the lengths come first: of the number, of the id, and 9, which stands for 1. 8 stands for
	// 0.
	frozen := bytes.Index(whole, []byte{0, 13 + 2*byte(len(id)), 9})
	if frozen < 0 || len(bits) < 2 {
		t.Fatalf("the records are not where they should be: %d, %v", frozen, bits)
	}
	seen := 0
	for _, at := range append(bits, frozen+2) {
		p := copied(t, path)
		broken := bytes.Clone(whole)
		broken[at] ^= 1
		if err := os.WriteFile(p, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		faults, err := repair.Examine(t.Context(), p)
		if err != nil {
			t.Error(err)
		}
		if len(faults) > 0 { // else it was what is left of the draft's record
			seen++
			_, err := repair.File(t.Context(), p, false)
			if f := asFile(t, err); f.Path != p || !strings.Contains(f.Hint, "backup") {
				t.Errorf("byte %d: %v", at, err)
			}
		}
		l, err := ledger.Open(p)
		if err != nil {
			continue
		}
		lock(t, l, id)
		if _, err := l.Draft(t.Context(), ledger.Campaign{ID: id}); err == nil {
			t.Errorf("byte %d: planned anew", at)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if seen != 3 {
		t.Errorf("%d damages of the record and the index were seen, want 3", seen)
	}
}

// A repair that was interrupted after the damaged file was moved, and whose new file is lost, leaves no empty ledger
// behind.
func TestLostRepair(t *testing.T) {
	t.Parallel()
	path, _ := lived(t)
	if err := errors.Join(os.Rename(path, path+".damaged-1"),
		os.WriteFile(path+sqlite.Repairing, []byte(path+".gone\n"+path+".damaged-1\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := repair.File(t.Context(), path, false)
		if f := asFile(t, err); !strings.Contains(f.Hint, path+".damaged-1") {
			t.Error(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Fatal("an empty ledger was made")
		}
	}
}

// What a killed repair was working on is removed by the next one: it has the list in it. A file that it had not noted
// yet is written anew. (Breakage: the folder was called repair-* and had no lock, so it stayed for good.)
func TestKilledRepair(t *testing.T) {
	t.Parallel()
	path, _ := lived(t)
	dir := filepath.Dir(path)
	left := filepath.Join(dir, "tmp", "repair-1-1")
	if err := errors.Join(os.MkdirAll(left, 0o700), disk.Copy(path, filepath.Join(left, "damaged.db")),
		os.WriteFile(filepath.Join(left, "in-use.lock"), nil, 0o600), disk.Copy(path, path+".repaired")); err != nil {
		t.Fatal(err)
	}
	for _, try := range []bool{true, false} {
		if _, err := repair.File(t.Context(), path, try); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "tmp")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("working folders are left: %v", err)
		}
	}
	if _, err := os.Stat(path + ".repaired"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s.repaired is left: %v", path, err)
	}
}

// An interrupted repair is finished by the next, and until then nobody opens the file.
func TestInterruptedRepair(t *testing.T) {
	t.Parallel()
	path, truth := lived(t)
	for moved := range 3 {
		p := copied(t, path)
		dir := filepath.Join(filepath.Dir(p), "repair-1")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		fresh, aside := filepath.Join(dir, "state.db"), p+".damaged-1"
		if err := errors.Join(disk.Copy(p, fresh),
			os.WriteFile(p+sqlite.Repairing, []byte(fresh+"\n"+aside+"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
		if moved > 0 {
			if err := os.Rename(p, aside); err != nil {
				t.Fatal(err)
			}
		}
		if moved > 1 {
			if err := os.Rename(fresh, p); err != nil {
				t.Fatal(err)
			}
		}
		if l, err := ledger.Open(p); err == nil {
			l.Close()
			t.Error("opened in the middle of a repair")
		} else if !strings.Contains(err.Error(), "state repair finishes it") {
			t.Error(err)
		}
		if _, err := repair.File(t.Context(), p, true); err != nil {
			t.Fatal(err)
		}
		if now := statesAt(t, p); len(now) != len(truth) {
			t.Errorf("%d deliveries", len(now))
		}
		if _, err := os.Stat(aside); err != nil {
			t.Error(err)
		}
	}
}

// Records that contradict each other are not gone on with, and a repair makes them unknown. Proven by a repair that
// trusts the state of a delivery against its log: "the repaired records still contradict each other, so nothing was
// changed".
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ change, want string }{
		{"UPDATE deliveries SET state = 3 WHERE state = 7", "deferred, and its last attempt says otherwise"},
		{"UPDATE deliveries SET state = 1, attempts = 0, first = 0 WHERE state = 4",
			"pending, and it was tried before"},
		{"UPDATE deliveries SET digest = x'00' WHERE state = 1", "its digest, key or fields are missing"},
		{"DELETE FROM deliveries WHERE state = 4", "do not add up"},
	} {
		path, truth := lived(t)
		l, err := ledger.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Verify(t.Context(), "c"); err != nil {
			t.Error(err)
		}
		meddle(t, path, c.change)
		if err := l.Verify(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "state repair") {
			t.Errorf("%s: %v", c.change, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := repair.File(t.Context(), path, false); err != nil {
			t.Errorf("%s: %v", c.change, err)
		}
		neverTwice(t, truth, statesAt(t, path))
	}
}
