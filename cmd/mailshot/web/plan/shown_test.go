package plan

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/web/runs"
	"mailshot/render/address"
)

// A number is for the plan that stands on the page: not for the one that another window made since, of as many
// messages to others. With a send that looks at the number alone, the rehearsal's page sends to the people.
func TestPlanShown(t *testing.T) {
	t.Parallel()
	s := open(t, 3)
	old := hidden(s.planned("to", "sink"), "plan")
	s.post("leave")
	s.until(runs.Ended)
	page := s.planned("to", "server")
	if old == "" || old == hidden(page, "plan") {
		t.Fatalf("%q and %q", old, hidden(page, "plan"))
	}
	for _, shown := range []string{old, "", edited, old + edited} {
		w := s.post("send", "number", "3", "plan", shown)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "not the plan that you saw") {
			t.Errorf("%q: %d", shown, w.Code)
		}
		s.post("leave", "plan", shown)
	}
	if phase := s.desk.Runs.Of("campaign.yaml").Phase(); phase != runs.Planned {
		t.Fatalf("it is %s", phase)
	}
	s.post("send", "number", "3")
	s.until(runs.Ended)
	// The same form again, by a reload or another window, goes to what became of it.
	if w := s.post("send", "number", "3", "plan", hidden(page, "plan")); w.Code != http.StatusSeeOther ||
		!strings.HasSuffix(w.Header().Get("Location"), "/run") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	has(t, s.get("run").Body.String(), `data-state="sent" data-count="3"`)
	// What the run came to is known also where the ledger is not there any more.
	if err := os.RemoveAll(filepath.Join(s.dir, ".mailshot")); err != nil {
		t.Fatal(err)
	}
	has(t, s.get("run").Body.String(), `data-exit="0"`, `data-state="sent" data-count="3"`)
}

// Whoever edits a file after the plan is told that the plan is older, and is asked for the number once more.
func TestEdited(t *testing.T) {
	t.Parallel()
	s := open(t, 2)
	page := s.planned("to", "server")
	if strings.Contains(page, "data-edited") {
		t.Error("nothing was edited")
	}
	s.write("body.md", "Hello you")
	w := s.post("send", "number", "2", "plan", hidden(page, "plan"))
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d", w.Code)
	}
	has(t, w.Body.String(), "data-edited", "not the plan that you saw")
	// What was said once is enough: the files of a folder in which another campaign is sent change all the time.
	s.write("body.md", "Hello you two")
	if w := s.post("send", "number", "2", "plan", hidden(w.Body.String(), "plan")); w.Code != http.StatusSeeOther {
		t.Errorf("%d", w.Code)
	}
	s.until(runs.Ended)
	has(t, s.get("run").Body.String(), `data-state="sent" data-count="2"`)
}

// A yes that a plan had is not the next plan's. With boxes that stay ticked, the next plan sends once more unasked.
func TestAskedAgain(t *testing.T) {
	t.Parallel()
	s := open(t, 2)
	s.planned("to", "server", "repeat", "1", "accept-copy", "1", "accept-changes", "1", "skip-errors", "1")
	has(t, s.get("plan").Body.String(), "data-count")
	s.post("leave")
	s.until(runs.Ended)
	if page := s.get("plan").Body.String(); strings.Contains(page, `value="1" checked`) ||
		strings.Contains(page, "--repeat") {
		t.Error(page)
	}
	s.write("body.md", "Hello {{.nobody}}") // what was said stays while the same plan is tried again, where it is seen
	has(t, s.planned("to", "server", "repeat", "1"),
		`<p class="answer"><label class="inline"><input type="checkbox" name="repeat" value="1" checked`)
}

// A rehearsal that is refused never becomes one to the people: neither by the choice that is ticked nor by a form that
// says nothing.
func TestRehearsalRefused(t *testing.T) {
	t.Parallel()
	s := open(t, 2)
	s.write("people.csv", "email,n\nbob@example.com,many\nann@example.com,1\n")
	file, err := os.ReadFile(filepath.Join(s.dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("campaign.yaml", strings.Replace(string(file), "people.csv }", "people.csv, columns: { n: number } }", 1))
	c, err := s.desk.Shelf.Campaign(t.Context(), "campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	me, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	ask := runs.Ask{To: []address.Address{me}, Wait: true, Inputs: inputs(c)}
	ask.Plan.Limit = 7
	if w := s.post("plan", "to", "again"); !strings.HasSuffix(w.Header().Get("Location"), "/rehearse") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	s.desk.Plan(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil), c, s.desk.Shelf.Options(c), ask)
	s.until(runs.Ended)
	page := s.get("plan").Body.String()
	has(t, page, `value="again" checked`, `name="skip-errors"`, "--to me@example.org", "--limit 7")
	if strings.Contains(page, `value="server" checked`) {
		t.Error("the people are chosen")
	}
	if w := s.post("plan", "skip-errors", "1"); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
	page = s.planned("to", "again", "skip-errors", "1")
	has(t, page, "me@example.org", `data-count="1"`)
	if got := s.desk.Runs.Of("campaign.yaml").Snapshot().Ask; len(got.To) != 1 || got.To[0] != me || got.Plan.Limit != 7 {
		t.Errorf("%+v", got)
	}
}

// Whoever asks for a plan while another one waits sees that it is another one.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := open(t, 2)
	s.planned("to", "server")
	w := s.post("plan", "to", "sink")
	if w.Header().Get("Location") != "/c/campaign.yaml/plan?busy=1" {
		t.Errorf("%v", w.Header())
	}
	has(t, s.get("plan?busy=1").Body.String(), "data-busy", "To the people")
}

// The page of a rehearsal that has ended shows the rehearsal, not the campaign that still waits, and nothing of it
// cancels the campaign.
func TestRehearsalEnded(t *testing.T) {
	t.Parallel()
	s := open(t, 5)
	s.planned("to", "server")
	s.post("leave")
	s.until(runs.Ended)
	c, err := s.desk.Shelf.Campaign(t.Context(), "campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	me, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	ask := runs.Ask{To: []address.Address{me}, Inputs: inputs(c)}
	ask.Plan.Limit = 2
	s.desk.Plan(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil), c, s.desk.Shelf.Options(c), ask)
	s.until(runs.Planned)
	s.post("send", "number", "2")
	s.until(runs.Ended)
	page := s.get("run").Body.String()
	has(t, page, "me@example.org", `data-exit="0"`, `data-state="sent" data-count="2"`, "?of=to%2f1",
		"--to me@example.org")
	if strings.Contains(page, "results/cancel") {
		t.Error("the rehearsal's page cancels the campaign")
	}
}

// What another window or a terminal has done since is shown, and not how the last run of this window ended.
func TestPassed(t *testing.T) {
	t.Parallel()
	s, release := held(t, 40, 1)
	s.planned("to", "server")
	s.post("send", "number", "40")
	run := s.desk.Runs.Of("campaign.yaml")
	for run.Snapshot().Done == 0 {
		runtime.Gosched()
	}
	s.post("pause")
	release()
	s.until(runs.Ended)
	has(t, s.get("run").Body.String(), `data-exit="75"`)
	c, err := s.desk.Shelf.Campaign(t.Context(), "campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	other := runs.New()
	defer other.Drain()
	theirs, err := other.Plan(t.Context(), c.File, c.Def.Home(), s.desk.Shelf.Options(c), runs.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	for theirs.Phase() != runs.Ended {
		if x := theirs.Snapshot(); x.Phase == runs.Planned {
			_ = theirs.Send(x.Plan.ToSend) // an earlier turn may have
		}
		runtime.Gosched()
	}
	page := s.get("run").Body.String()
	has(t, page, `data-state="sent" data-count="40"`)
	if strings.Contains(page, "data-exit") {
		t.Error("the page still says how the window's run ended")
	}
}

// Where a rehearsal's messages cannot be kept nothing is sent, and the page says why.
func TestNotKept(t *testing.T) {
	t.Parallel()
	s := open(t, 2)
	s.planned("to", "sink")
	s.write(".mailshot/sink/1/messages", "in the way")
	s.post("send", "number", "2")
	s.until(runs.Ended)
	has(t, s.get("run").Body.String(), `class="banner error"`, "messages")
}

// The connections of a run are closed by its own page, not by that of an earlier run.
func TestAbortShown(t *testing.T) {
	t.Parallel()
	s := open(t, 1)
	s.planned("to", "server")
	run := s.desk.Runs.Of("campaign.yaml")
	s.post("abort", "run", "another")
	if err := run.Send(1); err != nil {
		t.Fatal(err)
	}
	s.until(runs.Ended)
	if sum := run.Snapshot().Summary; sum == nil || sum.Sent != 1 {
		t.Errorf("%+v", sum)
	}
	s.write("people.csv", people(2))
	s.planned("to", "server", "accept-changes", "1")
	run = s.desk.Runs.Of("campaign.yaml")
	s.post("abort", "run", run.Snapshot().Name)
	s.until(runs.Ended)
	if run.Snapshot().Summary != nil {
		t.Error("something was sent")
	}
}

// Changes of a list are shown before they are made, and a no leaves the list as it is. With changes that are made with
// the plan, a list that was taken by mistake has cancelled everybody else by the time that it is seen.
func TestChanges(t *testing.T) {
	t.Parallel()
	s, release := held(t, 40, 1)
	s.planned("to", "server")
	s.post("send", "number", "40")
	run := s.desk.Runs.Of("campaign.yaml")
	for run.Snapshot().Done == 0 {
		runtime.Gosched()
	}
	s.post("pause")
	release()
	s.until(runs.Ended)
	left := run.Snapshot().Summary.Left
	s.write("people.csv", people(1)) // by mistake
	for _, answer := range []string{"leave", "accept"} {
		if w := s.post("plan", "to", "server", "accept-changes", "1"); w.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		s.until(runs.Asking)
		page := s.get("plan").Body.String()
		has(t, page, "data-asking", fmt.Sprintf("%d cancelled", left), "--accept-changes")
		s.post("accept", "run", "another")
		s.post(answer, "run", hidden(page, "run"))
		s.until(runs.Ended)
		page = s.get("plan").Body.String()
		if answer == "leave" {
			has(t, page, `data-why="declined"`, fmt.Sprintf(`data-state="pending" data-count="%d"`, left))
			continue
		}
		has(t, page, "data-nothing", fmt.Sprintf(`data-state="cancelled" data-count="%d"`, left))
	}
}
