// Package previous compares how many people a plan has with the last campaign like it: 2,140 where it was 214 is mostly
// another list than the one that was meant. Call [Findings] when the rows of a plan are counted. It also says of a where
// that it leaves out everybody.
//
// A campaign is like another one if both are in one ledger and their ids are the same but for digits and the names of
// months, as news-2026-10 and news-2026-11, or were made from one template. The last one that was sent counts. A
// rehearsal counts for nothing.
package previous

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
)

// Plan is what is compared.
type Plan struct {
	Ledger       *ledger.Ledger // of the other campaigns; nil = that in State is opened, if it is there
	State        string
	ID, Template string // its id, and what that was made from; "" = the id has no date
	Place        string // where the campaign file names the list
	Where        string // where it has the filter; "" = it has none
	Rows         int64  // of its list
	Counts       map[ledger.State]int64
	Idle         bool // nothing is said: it is a rehearsal, or has errors, so that its counts are not what they will be
}

// The thresholds.
const (
	times     = 3  // as many people as last time, or a third of them
	fewPeople = 20 // the larger of the two numbers has at least so many
	points    = 10 // by which the share of a state has changed, in hundredths of the rows
)

// Findings returns the findings about a plan. Where there is no ledger yet nothing is said, nor where the file of State
// cannot be read: a send says what is wrong with that.
func Findings(ctx context.Context, p Plan) (found []check.Finding, err error) {
	l := p.Ledger
	if n := p.Rows; p.Where != "" && n > 0 && p.Counts[ledger.Filtered] == n {
		return []check.Finding{nobody(p.Where, n)}, nil
	}
	if p.Idle {
		return nil, nil
	}
	if l == nil {
		if _, err := os.Stat(p.State); err != nil {
			return nil, nil
		}
		if l, err = ledger.Open(p.State); err != nil {
			return nil, nil
		}
		defer l.Close()
	}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var last *ledger.Campaign
	for _, one := range all {
		if one.Runs > 0 && one.ID != p.ID && alike(p, one) && (last == nil || !one.Created.Before(last.Created)) {
			last = one
		}
	}
	if last == nil {
		return nil, nil
	}
	counts, rows, err := l.Counts(ctx, last.ID)
	if err != nil || rows == 0 {
		return nil, err
	}
	return compare(p, last.ID, rows, counts), nil
}

// nobody is what is said of a filter at this place that no row passes.
func nobody(place string, rows int64) check.Finding {
	all := "the only row of the list"
	if rows > 1 {
		all = "all " + number(rows) + " rows of the list"
	}
	return check.Finding{Code: "where-nobody", Severity: check.Warning, Place: place,
		Text: "where leaves out " + all + ", so nobody gets a message",
		Hint: "compare the texts in it with the cells: upper and lower case count, as in country == \"FR\""}
}

// alike says whether a campaign is like the plan's.
func alike(p Plan, one *ledger.Campaign) bool {
	if p.Template != "" && one.Template != "" {
		return p.Template == one.Template
	}
	return shape(p.ID) == shape(one.ID)
}

// unsent are the states of rows that are not to get a message of their own.
var unsent = []ledger.State{ledger.Invalid, ledger.Duplicate, ledger.Suppressed, ledger.Filtered, ledger.Grouped}

// mailed is how many people get a message, or got one.
func mailed(rows int64, counts map[ledger.State]int64) int64 {
	for _, s := range unsent {
		rows -= counts[s]
	}
	return rows
}

// compare compares the plan with the last campaign.
func compare(p Plan, id string, rows int64, counts map[ledger.State]int64) (found []check.Finding) {
	say := func(code, text, hint string) {
		found = append(found, check.Finding{Code: code, Severity: check.Warning, Place: p.Place, Text: text, Hint: hint})
	}
	now, was := mailed(p.Rows, p.Counts), mailed(rows, counts)
	if max(now, was) >= fewPeople && (now >= times*was || was >= times*now) {
		say("count-unlike-last", fmt.Sprintf("%s, and %s was for %s", people(now), id, number(was)),
			"is it the right list, and the right where?")
	}
	if p.Rows < fewPeople || rows < fewPeople {
		return found
	}
	for _, s := range []struct {
		state ledger.State
		hint  string
	}{
		{ledger.Suppressed, "look at the files of suppress: is one of them missing, or another one than last time?"},
		{ledger.Invalid, "look at the column of the addresses"},
		{ledger.Duplicate, "look at recipients.key: does its column tell people apart?"},
	} {
		is, before := 100*float64(p.Counts[s.state])/float64(p.Rows), 100*float64(counts[s.state])/float64(rows)
		if is-before >= points && is >= times*before || s.state == ledger.Suppressed && before-is >= points &&
			before >= times*is {
			say("share-unlike-last", fmt.Sprintf("%.0f %% of the rows are %s, and in %s it was %.0f %%", is, s.state, id,
				before),
				s.hint)
		}
	}
	return found
}

func people(n int64) string {
	if n == 1 {
		return "1 person gets a message"
	}
	return number(n) + " people get a message"
}

// number writes a number with commas between thousands.
func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// months are names that change from one campaign to the next, in English, German, French, Spanish and Italian.
var months = strings.Fields("january february march april may june july august september october november december " +
	"jan feb mar apr jun jul aug sep sept oct nov dec januar februar märz maerz mai juni juli oktober dezember " +
	"janvier fevrier février mars avril juin juillet aout août septembre octobre novembre decembre décembre " +
	"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre " +
	"gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre")

// shape is an id without its numbers and months.
func shape(id string) string {
	var b strings.Builder
	for word := range words(strings.ToLower(id)) {
		switch {
		case slices.Contains(months, word):
			b.WriteString("0")
		case strings.IndexFunc(word, unicode.IsDigit) == 0:
			b.WriteString("0")
		default:
			b.WriteString(word)
		}
	}
	return b.String()
}

// words yields runs of letters, runs of digits, and what is between them.
func words(s string) func(yield func(string) bool) {
	kind := func(c rune) int {
		switch {
		case unicode.IsDigit(c):
			return 1
		case unicode.IsLetter(c):
			return 2
		}
		return 3
	}
	return func(yield func(string) bool) {
		start, last := 0, 0
		for i, c := range s {
			if k := kind(c); k != last && i > 0 {
				if !yield(s[start:i]) {
					return
				}
				start = i
			}
			last = kind(c)
		}
		if start < len(s) {
			yield(s[start:])
		}
	}
}
