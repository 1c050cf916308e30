package definition

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/definition/attaching"
	"mailshot/campaign/definition/schema"
	"mailshot/templates"
	"mailshot/templates/layouts"
)

var update = flag.Bool("update", false, "write the expected files anew")

// The reference is a campaign file without a mistake, with every key at once.
func TestReferenceIsGood(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("# html:", "html:", "# text:", "text:", "# ca_file:", "ca_file:",
		"# delimiter:", "delimiter:",
		"# client_certificate:", "client_certificate:", "# client_key:", "client_key:").Replace(Reference())
	dir := t.TempDir()
	for _, name := range []string{
		"customers.xlsx", "body.md", "body.html", "body.txt", "logo.png", "confirmation.txt", "do-not-mail.csv", "ca.pem",
		"client.pem",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Parse("campaign.yaml", []byte(text), dir); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if _, err := Parse("campaign.yaml", []byte(Reference()), dir); err != nil {
		t.Fatal(err)
	}
}

// Every key of the table is in the reference, so that a new one cannot be forgotten.
func TestReferenceIsWhole(t *testing.T) {
	t.Parallel()
	text := Reference()
	var walk func(keys []schema.Key)
	walk = func(keys []schema.Key) {
		for _, k := range keys {
			if !k.Hidden && !strings.Contains(text, k.Name+":") {
				t.Errorf("%q is not in the reference", k.Name)
			}
			walk(k.Keys)
		}
	}
	walk(new(Definition).keys(Flags{}))
	walk(attaching.Keys(new(Attachment)))
}

// A campaign file may name exactly the layouts that exist.
func TestLayouts(t *testing.T) {
	t.Parallel()
	got, want := slices.Sorted(slices.Values(templates.Layouts())), slices.Sorted(slices.Values(layouts.Names()))
	if !slices.Equal(got, want) {
		t.Errorf("templates has the layouts %v, a campaign file may name %v", got, want)
	}
}

func TestReferenceDocument(t *testing.T) {
	t.Parallel()
	frame, err := os.ReadFile("testdata/campaign-file.md")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(string(frame), "{{reference}}\n", Reference(), 1)
	path := filepath.FromSlash("../../docs/campaign-file.md")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Error("docs/campaign-file.md is not what the table of keys says; " +
			"write it anew with go test ./campaign/definition -update")
	}
}
