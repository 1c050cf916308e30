package codes

// Policy is how a campaign file changes findings. The zero value changes nothing. A Policy is only read.
type Policy struct {
	Severities map[string]Severity // by code, in place of the severity that a finding comes with
	Ignored    []Ignored
}

// Ignored is a code whose findings are left out, and why.
type Ignored struct{ Code, Reason string }

// Judge returns the severity that a finding with a code has in this campaign. A finding of a fixed code keeps its own,
// unless the campaign raises it.
func (p Policy) Judge(code string, severity Severity) Severity {
	given, ok := p.Severities[code]
	if !ok || Fixed(code) && given.rank() < severity.rank() {
		return severity
	}
	return given
}

// Ignores returns which of Ignored leaves out the findings with a code; -1 if none does.
func (p Policy) Ignores(code string) int {
	for i, ignored := range p.Ignored {
		if ignored.Code == code && !Fixed(code) {
			return i
		}
	}
	return -1
}

// Fixed says whether a code can be neither lowered nor ignored. A code that is not in the table is fixed, too.
func Fixed(code string) bool {
	c, ok := Of(code)
	return !ok || c.Fixed
}
