package amend_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mailshot/cmd/mailshot/web/amend"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/textfile"
)

const campaign = "id: a\nfrom: a@example.com\nsubject: s\nrecipients: { file: people.csv } # ours\nbody: { text: body.txt }\n" +
	"server: { host: smtp.example.com }\ncolour: red\n"

// folder is a folder with a campaign that has one mistake, and a link to its file.
func folder(t *testing.T) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": campaign, "people.csv": "email\n", "body.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.yaml", filepath.Join(dir, "link.yaml")); err != nil {
		t.Skip(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// A change is written unless the file would have a mistake that it does not have now, or is another one than was seen,
// or its name is a link. Seen to fail where mistakes are only counted: one in place of another is written.
func TestPrepare(t *testing.T) {
	t.Parallel()
	root := folder(t)
	prepare := func(name, was string, changes ...amend.Change) error {
		edit, err := amend.Prepare(root, name, root.Name(), was, changes...)
		if err == nil {
			err = edit.Write()
		}
		return err
	}
	var refused *amend.RefusedError
	var newer *textfile.NewerError
	var link *textfile.LinkError
	bad := []amend.Change{remove("colour"), set("blue", "server", "hue")}
	if err := prepare("a.yaml", "", bad...); !errors.As(err, &refused) || len(refused.Found) != 1 {
		t.Errorf("one mistake in place of another: %v", err)
	}
	if err := prepare("a.yaml", "", set("gone.csv", "recipients", "file")); !errors.As(err, &refused) {
		t.Errorf("a list that is not there: %v", err)
	}
	if err := prepare("a.yaml", files.SumOf([]byte("else")), set("body.txt", "recipients", "file")); !errors.As(err,
		&newer) {
		t.Errorf("another version: %v", err)
	}
	if err := prepare("link.yaml", "", set("body.txt", "recipients", "file")); !errors.As(err, &link) {
		t.Errorf("a link: %v", err)
	}
	if err := prepare("a.yaml", "", set("b, c", "recipients", "file", "x")); !errors.Is(err, amend.ErrUnsafe) {
		t.Errorf("a text as a section: %v", err)
	}
	before, err := root.Stat("a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare("a.yaml", files.SumOf([]byte(campaign)), set("people.csv", "recipients", "file")); err != nil {
		t.Error(err)
	}
	if after, err := root.Stat("a.yaml"); err != nil || !os.SameFile(before, after) {
		t.Errorf("a file that stays as it is was written: %v", err)
	}
	// A form that comes twice is written once, and is not told that somebody else has changed the file.
	for range 2 {
		if err := prepare("a.yaml", files.SumOf([]byte(campaign)), set("Ann <a@example.com>", "from")); err != nil {
			t.Error(err)
		}
	}
	edit, err := amend.Prepare(root, "a.yaml", root.Name(), "", set("email", "recipients", "address"))
	if err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile("a.yaml", []byte(campaign+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := edit.Write(); !errors.As(err, &newer) {
		t.Errorf("a file that was changed between: %v", err)
	}
	if b, err := root.ReadFile("a.yaml"); err != nil || string(b) != campaign+"\n" {
		t.Errorf("%s %v", b, err)
	}
}
