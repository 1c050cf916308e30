package artifacts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailshot/internal/disk"
	"mailshot/render"
)

// counting is a source whose files are others each time.
type counting struct {
	shared bool
	runs   atomic.Int32
	fail   error
}

func (c *counting) Recipe(to render.Recipient) ([]string, error) {
	if c.shared {
		return []string{"all"}, nil
	}
	return []string{"for", to.Key}, nil
}

func (c *counting) Run(_ context.Context, recipe []string) ([]byte, error) {
	return fmt.Appendf(nil, "%s, run %d", recipe, c.runs.Add(1)), c.fail
}

// open opens the store of a folder, as each process does.
func open(t testing.TB, dir string) *Store {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return Open(Config{Home: filepath.Join(dir, ".mailshot"), Root: root, Skip: []string{"campaign.yaml", "sent"}})
}

func put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// kept lists the files that were made.
func kept(t testing.TB, dir string) (all []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, ".mailshot", "made", "*", "*-*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func get(t testing.TB, s *Store, source *counting, key, edition string) string {
	t.Helper()
	to := render.Recipient{Key: key, Person: key + "@example.org", Edition: edition}
	b, err := (&File{Store: s, Source: source, Kind: "make"}).Make(to)
	if fault := (*render.Fault)(nil); errors.As(err, &fault) {
		return fault.Code
	} else if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A file is made once for as long as the folder is as it was, by whichever process. What the campaign file says, what
// is hidden and what is archived is not the folder's. What was made before a change stays for the plan that needs it,
// and for no other reason.
//
// Seen to fail with looks that has no times, and with prune that asks for no plan.
func TestEditions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := &counting{}
	put(t, filepath.Join(dir, "letter.typ"), "a")
	first := open(t, dir)
	for range 2 {
		if got := get(t, first, source, "1", ""); got != "[for 1], run 1" {
			t.Fatal(got)
		}
	}
	if err := first.Keep("news"); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "campaign.yaml"), "x")
	put(t, filepath.Join(dir, ".git", "x"), "x")
	put(t, filepath.Join(dir, "sent", "x"), "x")
	second := open(t, dir)
	if got := get(t, second, source, "1", ""); got != "[for 1], run 1" {
		t.Error(got)
	}
	if got := get(t, second, source, "2", ""); got != "[for 2], run 2" {
		t.Error(got)
	}
	put(t, filepath.Join(dir, "letter.typ"), "b")
	if err := os.Chtimes(filepath.Join(dir, "letter.typ"), time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	third := open(t, dir)
	if got := get(t, third, source, "1", ""); got != "[for 1], run 3" {
		t.Error(got)
	}
	editions := open(t, dir).Editions()
	if len(editions) != 2 {
		t.Fatal(editions)
	}
	found := map[string]bool{}
	for _, e := range editions {
		found[get(t, open(t, dir), source, "1", e)] = true
		found[get(t, open(t, dir), source, "3", e)] = true // nothing is made in an edition that was
	}
	if !found["[for 1], run 1"] || !found["[for 1], run 3"] || !found[Gone] || source.runs.Load() != 3 {
		t.Error(found, source.runs.Load())
	}

	old := time.Now().Add(-2 * unneeded)
	for _, e := range editions {
		if err := os.Chtimes(filepath.Join(dir, ".mailshot", "made", e), old, old); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "other.typ"), "b")
	if got := get(t, open(t, dir), source, "1", ""); got != "[for 1], run 4" {
		t.Error(got)
	}
	if got := open(t, dir).Editions(); len(got) != 2 {
		t.Errorf("%q: that of the plan and the newest stay", got)
	}
}

// One file is made once, however many ask for it at once; also where it cannot be made, if it is the same for all.
func TestOnce(t *testing.T) {
	t.Parallel()
	for _, fail := range []error{nil, &render.Fault{Code: "make-failed"}} {
		s, source := open(t, t.TempDir()), &counting{shared: true, fail: fail}
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				f := &File{Store: s, Source: source, Kind: "make", Shared: true}
				if _, err := f.Make(render.Recipient{Key: fmt.Sprint(i)}); (err != nil) != (fail != nil) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := source.runs.Load(); n != 1 {
			t.Errorf("%d runs", n)
		}
	}
}

// Two processes that make one file at the same time, as the window and a send do, get one and the same: that of the
// first. Seen to fail with a file that replaces the other's: what the one had planned was gone.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := &counting{}
	first, second := open(t, dir), open(t, dir)
	late := &during{counting: source, then: func() {
		if got := get(t, first, source, "1", ""); got != "[for 1], run 1" {
			t.Error(got)
		}
	}}
	b, err := (&File{Store: second, Source: late, Kind: "make"}).Make(render.Recipient{Key: "1", Person: "1@example.org"})
	if err != nil || string(b) != "[for 1], run 1" || source.runs.Load() != 2 {
		t.Errorf("%q %v, %d runs", b, err, source.runs.Load())
	}
	if got := get(t, open(t, dir), source, "1", ""); got != "[for 1], run 1" {
		t.Error(got)
	}
}

// during is a source during whose run something else happens.
type during struct {
	*counting
	then func()
}

func (d *during) Run(ctx context.Context, recipe []string) ([]byte, error) {
	d.then()
	return d.counting.Run(ctx, recipe)
}

// A file that is damaged, half, empty or another person's is not taken for the one that was made. Seen to fail without
// the sum.
func TestDamage(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, mine, other string){
		"half": func(t *testing.T, mine, _ string) {
			if err := os.Truncate(mine, 10); err != nil {
				t.Fatal(err)
			}
		},
		"empty":   func(t *testing.T, mine, _ string) { put(t, mine, "") },
		"altered": func(t *testing.T, mine, _ string) { put(t, mine, strings.Repeat("x", 100)) },
		"another's": func(t *testing.T, mine, other string) {
			b, err := os.ReadFile(other)
			if err != nil {
				t.Fatal(err)
			}
			put(t, mine, string(b))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			source := &counting{}
			get(t, open(t, dir), source, "1", "")
			mine := kept(t, dir)[0]
			get(t, open(t, dir), source, "2", "")
			other := kept(t, dir)[0]
			if other == mine {
				other = kept(t, dir)[1]
			}
			damage(t, mine, other)
			s := open(t, dir)
			if got := get(t, s, source, "1", s.Editions()[0]); got != Gone {
				t.Error(got)
			}
			if got := get(t, s, source, "1", ""); got != "[for 1], run 3" {
				t.Error(got)
			}
		})
	}
}

// Programs that hang do not hold up a plan for as long as there are rows.
func TestPatience(t *testing.T) {
	t.Parallel()
	s, source := open(t, t.TempDir()), &counting{fail: &render.Fault{Code: "make-timeout"}}
	for i := range 100 {
		if got := get(t, s, source, fmt.Sprint(i), ""); got != "make-timeout" {
			t.Fatal(got)
		}
	}
	if n := source.runs.Load(); n != patience {
		t.Errorf("%d runs", n)
	}
}

// A person is known by the key of the row or by the address, whichever the list has for a key. Seen to fail with the
// key alone: what a check had made for somebody whom no plan had stayed.
func TestForgetByAddress(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"7", "7@example.org"} {
		dir := t.TempDir()
		s, source := open(t, dir), &counting{}
		get(t, s, source, "7", "")
		get(t, s, source, "71", "")
		n, err := Forget(filepath.Join(dir, ".mailshot"), []string{"7@example.com", name})
		if left := len(kept(t, dir)); n != 1 || err != nil || left != 1 {
			t.Error(name, n, err, left)
		}
	}
}

// What a person's files are is in no name, and Forget removes them and no others. Purge removes those of a campaign
// when no other plan needs them.
func TestErase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	home := filepath.Join(dir, ".mailshot")
	source := &counting{}
	s := open(t, dir)
	for _, key := range []string{"ann@example.com", "bob@example.com"} {
		get(t, s, source, key, "")
	}
	for _, id := range []string{"a", "b"} {
		if err := s.Keep(id); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := Forget(home, []string{"ann@example.com", "cat@example.com"}); n != 1 || err != nil {
		t.Error(n, err)
	}
	s = open(t, dir)
	of := s.Editions()[0]
	if a, b := get(t, s, source, "ann@example.com", of), get(t, s, source, "bob@example.com", of); a != Gone || b == Gone {
		t.Error(a, b)
	}
	for _, c := range []struct {
		ids  []string
		left int
	}{{[]string{"a", "c"}, 1}, {[]string{"b"}, 0}} {
		if err := Purge(home, c.ids); err != nil {
			t.Error(err)
		}
		n := 0
		for _, path := range kept(t, dir) {
			if !strings.HasPrefix(filepath.Base(path), marker) {
				n++
			}
			if strings.Contains(path, "ann") || strings.Contains(path, "bob") {
				t.Error(path)
			}
		}
		if n != c.left {
			t.Errorf("after %q: %d files, want %d", c.ids, n, c.left)
		}
	}
	if n, err := Forget(filepath.Join(dir, "nothing"), []string{"a"}); n != 0 || err != nil {
		t.Error(n, err)
	}
}

// What a kill has left of a file that was not whole is removed: that of a person who is forgotten at once, and all when
// the next process makes files, unless somebody may be writing it. Seen to fail with temporary names that say nothing, and
// without the look of prune.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	home, source := filepath.Join(dir, ".mailshot"), &counting{}
	s := open(t, dir)
	half := map[string]string{} // by person
	for _, who := range []string{"ann@example.com", "bob@example.com", "cat@example.com"} {
		get(t, s, source, who, "")
		for _, path := range kept(t, dir) {
			if _, known := half[path]; known || disk.Unfinished(filepath.Base(path)) {
				continue
			}
			half[path] = who
			if _, err := disk.New(path); err != nil { // a process begins it, and is killed
				t.Fatal(err)
			}
		}
	}
	left := func() (who []string) {
		names, _ := filepath.Glob(filepath.Join(home, "made", "*", ".mailshot-*"))
		for _, name := range names {
			for path, of := range half {
				if strings.Contains(name, filepath.Base(path)) {
					who = append(who, of)
				}
			}
		}
		slices.Sort(who)
		return who
	}
	if _, err := Forget(home, []string{"ann@example.com"}); err != nil {
		t.Fatal(err)
	}
	if got := left(); !slices.Equal(got, []string{"bob@example.com", "cat@example.com"}) {
		t.Fatal(got)
	}
	names, _ := filepath.Glob(filepath.Join(home, "made", "*", ".mailshot-*"))
	for path, who := range half {
		if i := slices.IndexFunc(names, func(n string) bool { return strings.Contains(n, filepath.Base(path)) }); who[0] == 'b' {
			old := time.Now().Add(-2 * unneeded)
			if err := os.Chtimes(names[i], old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	get(t, open(t, dir), source, "dan@example.com", "")
	if got := left(); !slices.Equal(got, []string{"cat@example.com"}) {
		t.Error(got)
	}
}

// Folders and files are for their user alone.
func TestModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	get(t, open(t, dir), &counting{}, "1", "")
	err := filepath.Walk(filepath.Join(dir, ".mailshot"), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
