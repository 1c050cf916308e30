package list

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/definition"
)

// A digest that was read ahead is the one that is read at once. It is of the file as it was when Ahead began, until the
// end; what is read after the end is of the file as it is then.
func TestAhead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "people.csv")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := &definition.Definition{Dir: dir}
	d.Recipients.File = "people.csv"
	read := func(g *Digest) string {
		sum, err := g.Read(t.Context(), d, nil)
		if err != nil || len(sum) != 64 {
			t.Fatal(sum, err)
		}
		return sum
	}
	write("email\nann@example.com\n")
	var ahead, now Digest
	end := ahead.Ahead(t.Context(), d)
	was := read(&ahead)
	if sum := read(&now); sum != was {
		t.Errorf("%s ahead, %s at once", was, sum)
	}
	write("email\nbob@example.com\n")
	if read(&ahead) != was || read(&now) == was {
		t.Error("the digest is not of the moment when it was begun")
	}
	end()
	if read(&ahead) != read(&now) {
		t.Error("a digest was kept after its end")
	}
}

// What is not a file on a disk is not read ahead: standard input is read when it is asked for, and a pipe holds nobody
// up. A list that cannot be read is an error when it is asked for.
func TestNotAhead(t *testing.T) {
	t.Parallel()
	d := &definition.Definition{Dir: t.TempDir()}
	for _, name := range []string{"-", "", "nothing.csv", "."} {
		var g Digest
		d.Recipients.File = name
		end := g.Ahead(t.Context(), d)
		if g.begun != nil {
			t.Errorf("%q was read ahead", name)
		}
		if _, err := g.Read(t.Context(), d, strings.NewReader("email\na@example.com\n")); (err == nil) != (name == "-") {
			t.Errorf("%q: %v", name, err)
		}
		end()
	}
	d.Recipients.File = "people.csv"
	if err := os.WriteFile(filepath.Join(d.Dir, "people.csv"), []byte("email\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var g Digest
	defer g.Ahead(ctx, d)()
	if _, err := g.Read(t.Context(), d, nil); err == nil {
		t.Error("it was read after its context had ended")
	}
}
