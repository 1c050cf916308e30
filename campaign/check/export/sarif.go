package export

import (
	"encoding/json"
	"io"
	"net/url"
	"path"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
)

// The parts of a SARIF log that are written, see the OASIS standard SARIF 2.1.0, section 3.
type (
	log struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}
	run struct {
		Tool struct {
			Driver driver `json:"driver"`
		} `json:"tool"`
		ColumnKind string   `json:"columnKind"`
		Results    []result `json:"results"`
	}
	driver struct {
		Name           string `json:"name"`
		Version        string `json:"version,omitempty"`
		InformationURI string `json:"informationUri,omitempty"`
		Rules          []rule `json:"rules"`
	}
	rule struct {
		ID            string        `json:"id"`
		Short         message       `json:"shortDescription"`
		Full          message       `json:"fullDescription"`
		Help          message       `json:"help"`
		Configuration configuration `json:"defaultConfiguration"`
	}
	configuration struct {
		Level string `json:"level"`
	}
	message struct {
		Text string `json:"text"`
	}
	result struct {
		RuleID    string     `json:"ruleId"`
		RuleIndex int        `json:"ruleIndex"`
		Level     string     `json:"level"`
		Message   message    `json:"message"`
		Locations []location `json:"locations"`
		Count     int64      `json:"occurrenceCount,omitempty"`
	}
	location struct {
		Physical physical `json:"physicalLocation"`
	}
	physical struct {
		Artifact artifact `json:"artifactLocation"`
		Region   *region  `json:"region,omitempty"`
	}
	artifact struct {
		URI string `json:"uri"`
	}
	region struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn,omitempty"`
	}
)

// SARIF writes the findings as a log of SARIF 2.1.0, which code scanning reads. A finding of several rows is one result
// with a count.
func SARIF(w io.Writer, from From, findings []check.Finding) error {
	l := log{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0"}
	r := run{ColumnKind: "unicodeCodePoints", Results: []result{}}
	r.Tool.Driver = driver{Name: "mailshot", Version: from.Version, Rules: []rule{}}
	index := map[string]int{}
	for _, f := range findings {
		at, known := index[f.Code]
		if !known {
			at = len(r.Tool.Driver.Rules)
			index[f.Code] = at
			r.Tool.Driver.Rules = append(r.Tool.Driver.Rules, ruleOf(f))
		}
		p := from.of(f)
		where := physical{Artifact: artifact{URI: uri(p.file)}}
		if p.line > 0 {
			where.Region = &region{Line: p.line, Column: p.column}
		}
		r.Results = append(r.Results, result{
			RuleID: f.Code, RuleIndex: at, Level: level(f.Severity, "note"), Message: message{p.text(f)},
			Locations: []location{{where}}, Count: f.Rows,
		})
	}
	l.Runs = []run{r}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(l)
}

// ruleOf is the rule of a finding, as the table of codes has it.
func ruleOf(f check.Finding) rule {
	c, ok := codes.Of(f.Code)
	if !ok { // a finding of a caller's own
		c = codes.Code{Severity: f.Severity, What: f.Code, Why: f.Code, Fix: f.Code}
	}
	return rule{
		ID: f.Code, Short: message{c.What}, Full: message{c.What + " " + c.Why},
		Help: message{c.Fix + " Source: " + c.Source}, Configuration: configuration{level(c.Severity, "note")},
	}
}

// uri is a path as a reference (RFC 3986), absolute where the path is.
func uri(file string) string {
	u := url.URL{Path: file}
	if path.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
