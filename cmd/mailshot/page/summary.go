package page

import (
	"encoding/json"
	"io"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
)

// explained is what the page says about a code.
type explained struct {
	What   string `json:"what"`
	Why    string `json:"why"`
	Fix    string `json:"fix"`
	Source string `json:"source"`
}

// summary writes what the page shows about all messages together.
func (v *Viewer) summary(w io.Writer, s Summary) error {
	r := s.Report
	if r == nil {
		r = &check.Report{}
	}
	about := map[string]explained{}
	explain := func(code string) {
		if c, ok := codes.Of(code); ok {
			about[code] = explained{c.What, c.Why, c.Fix, c.Source}
		}
	}
	for _, k := range v.kinds {
		explain(k[0])
	}
	findings := r.Findings
	if findings == nil {
		findings = []check.Finding{}
	}
	for _, f := range findings {
		explain(f.Code)
	}
	kinds := v.kinds
	if kinds == nil {
		kinds = [][2]string{}
	}
	return json.NewEncoder(w).Encode(map[string]any{
		"id": v.id, "made": s.Made.Format("2 January 2006, 15:04"), "rows": r.Rows, "counts": r.Counts, "whole": s.Whole,
		"without": s.Without, "findings": findings, "dropped": r.Dropped, "ignored": r.Ignored, "kinds": kinds,
		"explained": about, "outside": s.Outside, "notes": append([]string{}, s.Notes...), "against": s.Against,
		"leftOut": v.out,
	})
}
