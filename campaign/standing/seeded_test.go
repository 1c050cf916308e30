package standing_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/transport"
	"mailshot/sender/mx/mxtest"
)

// The parts of a campaign that a seeded block does not give.
const (
	people = "email,name\nann@good.example,Ann\nben@well.example,Ben\n"
	plain  = "Hello {{.name}},\n\nwe are open on Saturday.\n"
	letter = "Hello {{.name}},\n\nwe are open on Saturday.\n\n[Leave]({{.mailshot.unsubscribe_url}}) · Acme, 1 Main Street, Springfield\n"
)

// block is a small campaign with a mistake, and where that is.
type block struct {
	head, code, place string
	severity          check.Severity
	also              []string // codes of findings that come with it
	files             map[string]string
	dns               []string // records; nil = the DNS is not asked
}

// seeded reads blocks of "CODE FILE [SEVERITY] [+CODE]", and below it the campaign file, other files after "--- NAME",
// and the records of the DNS after "--- dns". ¶ stands in FILE where the mistake is. A code of "none" has no mistake,
// also no note.
func seeded(t *testing.T) (all []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "seeded.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n=== ") {
		head, body, _ := strings.Cut(strings.TrimPrefix(part, "=== "), "\n")
		words := strings.Fields(head)
		b := block{head: head, code: words[0], severity: check.Warning,
			files: map[string]string{"people.csv": people, "body.md": plain}}
		if strings.Contains(body, "kind: newsletter") || strings.Contains(body, "kind: ¶newsletter") {
			b.files["body.md"] = letter
		}
		for _, word := range words[min(2, len(words)):] {
			if also, ok := strings.CutPrefix(word, "+"); ok {
				b.also = append(b.also, also)
			} else {
				b.severity = check.Severity(word)
			}
		}
		for i, file := range strings.Split("campaign.yaml\n"+body, "\n--- ") {
			name, text, _ := strings.Cut(file, "\n")
			if name == "dns" {
				b.dns = strings.Split(strings.TrimSpace(text), "\n")
				continue
			}
			if i == 0 { // what each campaign has stands at its end
				text += "\nid: seeded\nrecipients: { file: people.csv }\n"
				for key, line := range map[string]string{"body": "body: { markdown: body.md }",
					"subject": "subject: News of Acme"} {
					if !strings.Contains("\n"+text, "\n"+key+":") {
						text += line + "\n"
					}
				}
			} else {
				text += "\n"
			}
			if before, _, ok := strings.Cut(text, "¶"); ok && name == words[1] {
				column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
				b.place = fmt.Sprintf("%s:%d:%d", name, strings.Count(before, "\n")+1, column)
			}
			b.files[name] = strings.ReplaceAll(text, "¶", "")
		}
		if b.code != "none" && b.place == "" {
			t.Fatalf("%s: the place is not marked", head)
		}
		all = append(all, b)
	}
	return all
}

var repeat = regexp.MustCompile(`(?m)^(\S+@)(\S+) ×(\d+)$`)

// look checks the campaign of a block.
func (b block) look(t *testing.T) []check.Finding {
	t.Helper()
	dir := t.TempDir()
	for name, text := range b.files {
		if name == "people.csv" { // ann@gmail.com ×6000
			text = repeat.ReplaceAllStringFunc(text, func(line string) string {
				var s strings.Builder
				m, n := repeat.FindStringSubmatch(line), 0
				_, _ = fmt.Sscan(m[3], &n)
				for i := range n {
					fmt.Fprintf(&s, "p%d.%s%s,Ann %d\n", i, m[1], m[2], i)
				}
				return strings.TrimSuffix(s.String(), "\n")
			})
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Errorf("%s: %v", b.head, err)
		return nil
	}
	zone := mxtest.New(map[string][]string{"MX good.example": {"10 mx.good.example"}, "A mx.good.example": {"192.0.2.1"},
		"MX well.example": {"10 mx.good.example"}})
	texts := map[string][]string{}
	for _, line := range b.dns {
		if question, fails := strings.CutSuffix(line, " fails"); fails {
			zone.Break(question, mxtest.SERVFAIL)
		} else if question, record, ok := strings.Cut(line, " = "); ok {
			texts[question] = append(texts[question], record)
			zone.Set(question, texts[question]...)
		}
	}
	c, err := campaign.Open(t.Context(), campaign.Options{
		Definition: d, DNS: b.dns != nil, Accounts: filepath.Join(dir, ".mailshot", "accounts.db"),
		Network: transport.Network{Resolver: zone}, Now: func() time.Time {
			return time.Date(2026, 11, 29, 12, 0, 0, 0,
				time.UTC)
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Check(t.Context())
	if found := (*campaign.CheckError)(nil); errors.As(err, &found) {
		return found.Report.Findings
	}
	if err != nil {
		t.Errorf("%s: %v", b.head, err)
		return nil
	}
	return r.Findings
}

// Each seeded mistake is named at its line, with its severity, and nothing else is said of the campaign. What has no
// mistake has no finding at all.
func TestSeeded(t *testing.T) {
	t.Parallel()
	all := seeded(t)
	named, clean := 0, 0
	for _, b := range all {
		hit := false
		var others []string
		for _, f := range b.look(t) {
			if f.Code == b.code && f.Place == b.place && f.Severity == b.severity {
				hit = true
			} else if f.Code != "no-key" && !slices.Contains(b.also, f.Code) { // the key of a signature is not there
				others = append(others, f.String())
			}
		}
		switch {
		case b.code == "none":
			clean++
		case hit:
			named++
		default:
			t.Errorf("%s is not found at %s", b.head, b.place)
		}
		if len(others) > 0 {
			t.Errorf("%s: also found\n%s", b.head, strings.Join(others, "\n"))
		}
	}
	t.Logf("%d of %d mistakes at the right line; %d clean campaigns", named, len(all)-clean, clean)
}
