package plan

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"mailshot/cmd/mailshot/web/runs"
)

// A run whose campaign file is gone is still seen, and can be ended, on every page that is about it. Without it nothing
// was there: neither the plan nor the run nor a way to pause it.
func TestFileGone(t *testing.T) {
	t.Parallel()
	s := open(t, 5)
	s.planned("to", "server")
	if err := os.Remove(filepath.Join(s.dir, "campaign.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"plan", "run"} {
		if w := s.get(page); w.Code != http.StatusOK {
			t.Errorf("%s: %d", page, w.Code)
		}
	}
	if w := s.post("pause"); w.Code != http.StatusSeeOther {
		t.Fatalf("pause: %d", w.Code)
	}
	s.until(runs.Ended)
	if w := s.get("plan"); w.Code != http.StatusNotFound {
		t.Errorf("the page when the run has ended: %d", w.Code)
	}
}
