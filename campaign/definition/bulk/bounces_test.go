package bulk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/render/token"
)

// bounces reads a campaign file with this envelope sender.
func bounces(t *testing.T, value string) (*definition.Definition, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "body.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return definition.Parse("campaign.yaml", []byte("id: one\nfrom: Club <club@example.org>\nsubject: News\n"+
		"recipients: { file: '-' }\nbody: { text: body.txt }\nbounces: "+value+"\n"), dir)
}

// An envelope sender is one address, or has a token that fits beside what is written before it: the local part has at
// most 64 octets (RFC 5321 section 4.5.3.1.1).
func TestBounces(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"back@EXAMPLE.org":                                      "back@example.org",
		`"b+{{.mailshot.return_token}}@example.org"`:            "b+{{.mailshot.return_token}}@example.org",
		`"{{ .mailshot.return_token }}@Bücher.example"`:         "{{.mailshot.return_token}}@xn--bcher-kva.example",
		`"bounces-me-+{{.mailshot.return_token}}@example.org"`:  "bounces-me-+{{.mailshot.return_token}}@example.org",
		`"b{{.mailshot.return_token}}-x@example.org"`:           "b{{.mailshot.return_token}}-x@example.org",
		`"b+{{- .mailshot.return_token -}}@mail.example.co.uk"`: "b+{{.mailshot.return_token}}@mail.example.co.uk",
	} {
		d, err := bounces(t, value)
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		b := d.Bounces
		if b.String() != want || b.IsZero() || d.Bounces.Domain() != want[strings.LastIndexByte(want, '@')+1:] {
			t.Errorf("%s: %s at %s", value, b, b.Domain())
		}
		before, after, ok := b.Around()
		if ok != strings.Contains(want, "{{") {
			t.Errorf("%s: a token: %t", value, ok)
		}
		if ok && before+"{{.mailshot.return_token}}"+after != want {
			t.Errorf("%s: %s and %s", value, before, after)
		}
		if local := len(b.Address().Local()); local > 64 || ok && local != len(before)+token.Length+strings.IndexByte(after,
			'@') {
			t.Errorf("%s: %d octets", value, local)
		}
	}
	if d, err := bounces(t, `"bounces-mine+{{.mailshot.return_token}}@example.org"`); err == nil {
		t.Errorf("65 octets are taken: %s", d.Bounces)
	}
}
