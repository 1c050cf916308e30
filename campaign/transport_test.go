package campaign_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/sender/sendmail"
)

// A campaign by a sendmail program: each outcome is recorded as what it is, and a second send gives the program only
// what is to be tried again.
func TestSendmail(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a shell script")
	}
	program, err := filepath.Abs("testdata/sendmail")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	t.Setenv("MAILSHOT_TEST_SENDMAIL", out)
	f := newFolder(t)
	f.write(t, "people.csv", people(5))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "campaign.yaml", base+"server: { sendmail: "+program+" }\nlimits: { retry: { first: 3h, max: 3h } }\n")
	for range 2 {
		sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
		deferred, unknown := int64(1), int64(1)
		if sendmail.Queues() {
			deferred, unknown = 0, 2
		}
		if c := sum.Counts; c["sent"] != 2 || c["refused"] != 1 || c["deferred"] != deferred || c["unknown"] != unknown {
			t.Errorf("%v", c)
		}
	}
	runs, err := os.ReadFile(filepath.Join(out, "runs"))
	if err != nil || strings.Count(string(runs), "\n") != 5 || !strings.Contains(string(runs), " -- p0@example.com\n") {
		t.Errorf("%s, %v", runs, err)
	}
	got, err := os.ReadFile(filepath.Join(out, "p0@example.com"))
	if err != nil || strings.Contains(string(got), "\r") || !strings.Contains(string(got), "\nTo: ") {
		t.Errorf("%q, %v", got, err)
	}
}

// A plan for direct delivery says what it needs.
func TestDirectPlan(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "people.csv", people(2))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "campaign.yaml", base+"server: { direct: true, helo: mail.example.com }\n")
	c := f.open(t, campaign.Options{})
	defer c.Close()
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(plan.Server, "mail.example.com") ||
		!strings.Contains(notes, "port 25") || !strings.Contains(notes, "PTR") {
		t.Errorf("%s: %s", plan.Server, notes)
	}
}
