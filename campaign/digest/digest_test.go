package digest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/campaign/digest"
	"mailshot/campaign/digest/digesttest"
	"mailshot/render"
)

// parts loads a campaign file of the campaign's testdata/digests, with the secret whose digests digests.txt has.
func parts(t *testing.T, name string) []digest.Part {
	t.Helper()
	d, err := definition.Load(filepath.Join("../testdata/digests", name))
	if err != nil {
		t.Fatal(err)
	}
	secret := digest.Part{Name: "accounts.db", Value: render.OldToken([]byte("secret"), d.ID, "")}
	return append(digest.Inputs(d), secret)
}

// paths are where a later version may have a key more, by a file that has something there.
var paths = map[string]string{
	"later": "minimal.yaml", "recipients": "minimal.yaml", "body": "minimal.yaml", "attachments": "workbook.yaml",
	"headers": "campaign.yaml", "recipients.Postgres": "database.yaml",
}

// The digests of plans from before digests had versions are made again, bit by bit; also by a later version with more
// keys. Proven by counting all fields of a struct: the later version's were others.
func TestFirstDigests(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../testdata/digests/digests.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		name, want, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for _, later := range []bool{false, true} {
			all := parts(t, name)
			if later {
				all = digesttest.Later(all, "nowhere")
			}
			text := digest.New(all, 1).String()
			if got, _, _ := strings.Cut(text, " program="); got != want {
				t.Errorf("%s, of a later version %v:\n got %s\nwant %s", name, later, got, want)
			}
			if again := digest.Parse(text); again.Version != 1 || again.String() != text {
				t.Errorf("%s is read as %+v", text, again)
			}
		}
		n++
	}
	if n < 4 {
		t.Errorf("%d digests", n)
	}
}

// A key of a later version counts where a file gives it, in each version of the digests, and nowhere else.
func TestLaterKeys(t *testing.T) {
	t.Parallel()
	for at, file := range paths {
		for version := 1; version <= digest.Version; version++ {
			was := digest.New(parts(t, file), version)
			if got := digest.New(digesttest.Later(parts(t, file), "nowhere"), version); got.String() != was.String() {
				t.Errorf("version %d, %s: %s, and was %s", version, file, got, was)
			}
			is := digest.New(digesttest.Later(parts(t, file), at), version)
			part, _, _ := strings.Cut(at, ".")
			if got := is.Differing(was); !slices.Equal(got, []string{part}) {
				t.Errorf("version %d, %s given in %s: %v differ", version, at, file, got)
			}
			if got := was.Differing(is); !slices.Equal(got, []string{part}) {
				t.Errorf("version %d, %s taken out of %s: %v differ", version, at, file, got)
			}
		}
	}
}

// What a file does not give has no part in the digests of new plans. So a default of a new key that is not the zero
// value shows here: it would change the digests of every plan there is.
func TestSecondDigests(t *testing.T) {
	t.Parallel()
	const want = "digests=2 from=d381654b64f2e207 subject=185f8db32271fe25 recipients=d6f72c98f3106abb " +
		"body=4192ff53c324f796 accounts.db=d3001cf53dc4f9cb"
	text := digest.New(parts(t, "minimal.yaml"), 2).String()
	if got, _, _ := strings.Cut(text, " program="); got != want {
		t.Errorf("got %s", got)
	}
	if again := digest.Parse(text); again.Version != 2 || again.String() != text {
		t.Errorf("%s is read as %+v", text, again)
	}
	if digest.Parse("digests=5 from=1 program=x").Known() || digest.Parse("digests=many from=1").Known() {
		t.Error("a later version's digests are taken for known")
	}
}

// Plans of the first two versions keep their long Message-IDs, also where they are made anew; later ones have short
// ones. Proven by a Renewed that always is the latest version: "digests=2" became 3.
func TestForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		form    render.IDForm
		renewed int
	}{
		"from=1": {render.LongID, 2}, "digests=2 from=1": {render.LongID, 2}, "digests=3 from=1": {render.ShortID, 3},
		"digests=4 from=1": {render.ShortID, 4}, "digests=99 from=1": {render.ShortID,
			4}, "digests=many from=1": {render.ShortID, 4},
	} {
		if d := digest.Parse(text); d.IDs() != want.form || d.Renewed() != want.renewed {
			t.Errorf("%s: form %d, renewed as %d; want %+v", text, d.IDs(), d.Renewed(), want)
		}
	}
	if d := (digest.Digest{}); d.IDs() != render.ShortID || d.Renewed() != digest.Version {
		t.Error("a campaign without a plan is taken for an older version's")
	}
}

// Where mail comes back is not what a plan was made from: a change needs nobody's consent. Proven by making it a part.
func TestReturnsDoNotCount(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../testdata/digests/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	was := ""
	for _, returns := range []string{"", "returns: [{ mbox: /var/mail/ann }]\n", "returns: { words: act, soft: 1 }\n"} {
		d, err := definition.Parse("campaign.yaml", append(b, "\n"+returns...), "../testdata/digests")
		if err != nil {
			t.Fatal(err)
		}
		text := digest.New(digest.Inputs(d), digest.Version).String()
		if was != "" && text != was {
			t.Errorf("%s: %s, was %s", returns, text, was)
		}
		was = text
	}
}
