package check

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mailshot/campaign/check/codes"
)

// Report is the result of a check.
type Report struct {
	Campaign string           // the campaign's id
	Rows     int64            // rows read
	Counts   map[string]int64 // rows by state
	Findings []Finding
	Dropped  int64     // findings beyond those kept in Findings
	Ignored  []Ignored // what the campaign file leaves out
	AllNotes bool      // WriteText writes each note; else it only counts them where there are more than a few
}

// Ignored is a code whose findings were left out.
type Ignored struct {
	Code     string `json:"code"`     // of the findings
	Reason   string `json:"reason"`   // as the campaign file gives it
	Findings int64  `json:"findings"` // how many there were
}

// Judged returns the findings with their severities in a campaign, without those that the campaign leaves out.
func Judged(p codes.Policy, fs []Finding) []Finding {
	if len(fs) == 0 || len(p.Severities)+len(p.Ignored) == 0 {
		return fs
	}
	var kept []Finding
	for _, f := range fs {
		if f.Severity = p.Judge(f.Code, f.Severity); p.Ignores(f.Code) < 0 {
			kept = append(kept, f)
		}
	}
	return kept
}

// Errors returns how many findings are errors.
func (r *Report) Errors() int { return r.count(Error) }

// Warnings returns how many findings are warnings.
func (r *Report) Warnings() int { return r.count(Warning) }

func (r *Report) count(severity Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// reported is a report in JSON.
type reported struct {
	Campaign string           `json:"campaign"`          // its id; "" if its file could not be read
	Rows     int64            `json:"rows"`              // that were read
	Counts   map[string]int64 `json:"counts"`            // rows by state
	Findings []explained      `json:"findings"`          // what is wrong
	Dropped  int64            `json:"dropped,omitempty"` // findings beyond those here
	Ignored  []Ignored        `json:"ignored,omitempty"` // what the campaign file leaves out
}

// explained is a finding with what its code means.
type explained struct {
	Finding
	Why    string `json:"why"`    // why it matters
	Fix    string `json:"fix"`    // how it is mended
	Source string `json:"source"` // who says so
}

// WriteJSON writes the report for scripts: one object with campaign, rows, counts and findings, which are never null.
// Each finding has why, fix and source of its code. It has dropped and ignored only if findings were left out.
func (r *Report) WriteJSON(w io.Writer) error {
	out := reported{r.Campaign, r.Rows, r.Counts, []explained{}, r.Dropped, r.Ignored}
	if out.Counts == nil {
		out.Counts = map[string]int64{}
	}
	for _, f := range r.Findings {
		c, _ := codes.Of(f.Code)
		out.Findings = append(out.Findings, explained{f, c.Why, c.Fix, c.Source})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// fewNotes is how many notes are written unasked.
const fewNotes = 3

// WriteText writes the findings and a last line with the rows by state, the errors and the warnings. Many notes become
// one line, unless AllNotes is set.
func (r *Report) WriteText(w io.Writer) error {
	fold := !r.AllNotes && r.count(Note) > fewNotes
	for _, f := range r.Findings {
		if fold && f.Severity == Note {
			continue
		}
		if err := f.Write(w); err != nil {
			return err
		}
	}
	var lines []string
	if fold {
		lines = append(lines, r.folded())
	}
	if r.Dropped > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", r.Dropped))
	}
	if line := r.LeftOut(); line != "" {
		lines = append(lines, line)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	var states []string
	for _, state := range slices.Sorted(maps.Keys(r.Counts)) {
		if n := r.Counts[state]; n > 0 {
			states = append(states, fmt.Sprintf("%d %s", n, state))
		}
	}
	line := clean(r.Campaign) + ": " + plural(r.Rows, "row")
	found := plural(int64(r.Errors()), "error") + ", " + plural(int64(r.Warnings()), "warning")
	if r.Campaign == "" { // its file could not be read
		_, err := fmt.Fprintln(w, found)
		return err
	}
	if len(states) > 0 {
		line += " (" + strings.Join(states, ", ") + ")"
	}
	_, err := fmt.Fprintf(w, "%s, %s\n", line, found)
	return err
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// folded returns one line in place of the notes.
func (r *Report) folded() string {
	var order []string
	many := map[string]int{}
	for _, f := range r.Findings {
		if f.Severity != Note {
			continue
		}
		if many[f.Code]++; many[f.Code] == 1 {
			order = append(order, f.Code)
		}
	}
	for i, code := range order {
		if n := many[code]; n > 1 {
			order[i] = fmt.Sprintf("%s ×%d", code, n)
		}
	}
	return fmt.Sprintf("%s (mailshot check --notes shows them): %s", plural(int64(r.count(Note)), "note"),
		strings.Join(order, ", "))
}

// LeftOut says in a line what the campaign file leaves out; "" if it leaves out nothing.
func (r *Report) LeftOut() string {
	var n int64
	var why []string
	for _, i := range r.Ignored {
		n += i.Findings
		why = append(why, fmt.Sprintf("%s (%s)", i.Code, clean(i.Reason)))
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s ignored: %s", plural(n, "finding"), strings.Join(why, ", "))
}
