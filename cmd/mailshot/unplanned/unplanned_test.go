package unplanned_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/identity"
	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/unplanned"
)

// Every error of a plan has its kind, and the choice that answers it where a click may: a ledger that is gone and still
// there somewhere is not accepted by a click, nor are values that are missing.
func TestOf(t *testing.T) {
	t.Parallel()
	report := &check.Report{Findings: []check.Finding{{Code: "x", Severity: check.Error, Place: "people.csv:3"}}}
	for _, tt := range []struct {
		err    error
		kind   unplanned.Kind
		choice unplanned.Choice
	}{
		{&campaign.GoneError{Sending: accounts.Sending{ID: "a"}}, unplanned.Gone, unplanned.AcceptCopy},
		{&campaign.GoneError{Other: "/other/state.db"}, unplanned.Gone, unplanned.None},
		{&campaign.CopiedError{Missing: 2}, unplanned.Copied, unplanned.AcceptCopy},
		{&campaign.CopiedError{Host: ledger.Host{ID: "h", Name: "h"}}, unplanned.Copied, unplanned.AcceptCopy},
		{&identity.UnfinishedError{Today: "a"}, unplanned.Unfinished, unplanned.New},
		{&campaign.ChangedError{ID: "a", What: []string{"list"}}, unplanned.Changed, unplanned.AcceptChanges},
		{&campaign.PurgedError{ID: "a"}, unplanned.Purged, unplanned.None},
		{&ledger.ErasedError{ID: "a"}, unplanned.Lost, unplanned.None},
		{&ledger.ErasedError{ID: "a", Keys: 2}, unplanned.Erased, unplanned.None},
		{&ledger.LockedError{ID: "a", PID: 7}, unplanned.Locked, unplanned.None},
		{&campaign.CheckError{Report: report}, unplanned.Found, unplanned.None},
		{context.Canceled, unplanned.Interrupted, unplanned.None},
		{campaign.ErrDeclined, unplanned.Declined, unplanned.None},
		{errors.New("disk full"), unplanned.Other, unplanned.None},
	} {
		wrapped := fmt.Errorf("while planning: %w", tt.err)
		w := unplanned.Of(wrapped)
		if w.Kind != tt.kind || w.Choice != tt.choice || !errors.Is(w.Refusal(), tt.err) {
			t.Errorf("%T: %s %q", tt.err, w.Kind, w.Choice)
		}
	}
	if w := unplanned.Of(&ledger.LockedError{PID: 7}); w.Process != 7 {
		t.Error(w.Process)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		f    check.Finding
		want unplanned.Choice
	}{
		{check.Finding{Severity: check.Error, Place: "people.csv:3"}, unplanned.SkipErrors},
		{check.Finding{Severity: check.Warning, Place: "people.csv:3"}, unplanned.None},
		{check.Finding{Severity: check.Error, Place: "campaign.yaml:3:1"}, unplanned.None},
		{check.Finding{Severity: check.Error, Code: "sent-before", Place: "people.csv:3"}, unplanned.Repeat},
	} {
		if got := unplanned.Answer(tt.f, []string{"people.csv"}); got != tt.want {
			t.Errorf("%+v: %q", tt.f, got)
		}
	}
}
