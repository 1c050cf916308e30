package desk_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/accounts"
)

// noteOf is the sealed note on the answer to a POST.
func (h *house) noteOf(path, body string) string {
	h.Helper()
	w := h.ask("POST", path, body)
	found := note.FindStringSubmatch(w.Body.String())
	if found == nil {
		h.Fatalf("%s %s: no note: %d", path, body, w.Code)
	}
	return "lang=en&undo=" + url.QueryEscape(found[1])
}

// An unsubscribe is taken back for an hour, once, by the form on its answer, also where the button was pressed twice.
// After that the page says that it is too late.
func TestUndo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	path := "/u/" + h.of(news, ann)
	first := h.noteOf(path, "act=leave&scope=this&scope=all&topic=events")
	if n := len(h.list()); n != 3 {
		t.Fatalf("%q", h.list())
	}
	h.later(time.Minute)
	second := h.noteOf(path, button)
	h.acted()
	h.later(58 * time.Minute)
	if w := h.ask("POST", path, second); !strings.Contains(w.Body.String(), "Taken back") {
		t.Error(w.Body)
	}
	h.lists()
	if acts := strings.Join(h.acted(), " "); strings.Count(acts, "undone|news-1|") != 3 {
		t.Error(acts)
	}

	// A second time, there is nothing to take back; and an old note does not take back what came later.
	h.ask("POST", path, button)
	h.ask("POST", path, first)
	h.ask("POST", path, second)
	h.lists(byPage)
	h.later(2 * time.Hour)
	third := h.noteOf(path, button) // it is on the list since long
	if w := h.ask("POST", path, third); w.Code != 200 {
		t.Error(w.Code)
	}
	h.lists(byPage)

	// Who pressed the button after the one click of their mail program takes both back.
	h.ask("POST", "/u/"+h.of(plain, ann), oneClick)
	h.later(time.Minute)
	h.ask("POST", "/u/"+h.of(plain, ann), h.noteOf("/u/"+h.of(plain, ann), button))
	h.lists(byPage)

	other := "/u/" + h.of(events, ann)
	last := h.noteOf(other, button)
	h.later(time.Hour)
	if w := h.ask("POST", other, last); w.Code != 200 || !strings.Contains(w.Body.String(), "too late") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := len(h.list()); n != 2 {
		t.Errorf("%q", h.list())
	}
}

// A note is for one address, cannot be altered or made up, and takes back nothing that somebody else put on the list:
// neither by hand, with the same topic, nor a bounce or a complaint.
//
// Seen to fail: with an undo that did not compare the reason and the time of the entry, and with a note that was not
// bound to its address.
func TestUndoOnlyItsOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	path, bob := "/u/"+h.of(news, ann), "/u/"+h.of(news, "bob@example.com")
	hash, err := h.accounts.AddressHash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := accounts.HiddenKey(hash(ann))
	byHand := []accounts.Entry{
		{Key: key, Domain: "example.org", Topic: "news", Reason: "unsubscribed", Source: "campaign news-1", Time: h.now},
		{Key: ann, Domain: "example.org", Topic: "events", Reason: "asked by telephone", Source: "suppress add"},
		{Key: ann, Reason: "complaint"}, {Key: key, Reason: "forgotten on request", Source: "forget"},
	}
	if err := h.accounts.SuppressAll(t.Context(), byHand); err != nil {
		t.Fatal(err)
	}
	before := h.list()
	h.ask("POST", path, h.noteOf(path, button)) // it was there before
	h.lists(before...)
	h.ask("POST", path, h.noteOf(path, "act=leave&topic=events")) // its own entry comes, and goes
	h.lists(before...)

	theirs := h.noteOf(bob, button)
	with := h.list("bob@example.com")
	h.ask("POST", path, theirs)
	mine := h.noteOf(path, button)
	h.ask("POST", bob, mine)
	for i := range len(theirs) - len("lang=en&undo=") {
		b := []byte(theirs)
		if i += len("lang=en&undo="); b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		if i < len(theirs)-1 { // the last letter has bits that say nothing
			h.ask("POST", bob, string(b))
		}
	}
	for _, forged := range []string{"undo=", "undo=AAAA", "undo=" + strings.Repeat("A", 70), "undo=" + strings.Repeat("A", 5000)} {
		h.ask("POST", bob, forged)
	}
	if got := h.list("bob@example.com"); strings.Join(got, "\n") != strings.Join(with, "\n") {
		t.Errorf("%q, want %q", got, with)
	}
	h.ask("POST", bob, theirs)
	h.lists(before...)
}

// A note says nothing to whoever reads it: it is another text each time, also where the entry is the same.
func TestNoteIsSealed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	seen := map[string]bool{}
	for _, text := range []string{h.of(news, ann), h.of(news, ann), "abc", "abc"} {
		n := h.noteOf("/u/"+text, button)
		for prefix := range seen {
			if strings.HasPrefix(n, prefix) {
				t.Errorf("%s begins as another", n)
			}
		}
		seen[n[:len("lang=en&undo=")+12]] = true
	}
}
