package campaign

import "mailshot/campaign/check"

// maxFindings bounds what is said of the DNS; the rest is counted.
const maxFindings = 1000

// asCheck makes a report of an error about the list's header or a template, as of any other finding.
func (c *Campaign) asCheck(err error) error {
	r := &check.Report{Campaign: c.id, Counts: map[string]int64{}, Findings: check.From(err)}
	return &CheckError{r}
}
