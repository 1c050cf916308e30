package function

import "mailshot/templates/gaps"

// watch is what an execution notes about empty values.
type watch struct {
	seen *gaps.Seen    // nil: nothing is noted
	out  func() []byte // what the execution has written
	from int           // where in out the attribute began
}

// Watch has the execution note in seen what it prints, until the next Begin. out returns what it has written so far.
func (ex *Execution) Watch(seen *gaps.Seen, out func() []byte) {
	ex.watch = watch{seen: seen, out: out}
}

// printed passes a value on, and notes whether it is empty.
func (ex *Execution) printed(place int, v any) any {
	if ex.seen != nil {
		ex.seen.Note(place, !isBlank(v))
	}
	return v
}

// open notes where the value of a link's attribute begins.
func (ex *Execution) open() string {
	if ex.out != nil {
		ex.from = len(ex.out())
	}
	return ""
}

// close looks at the value of a link's attribute, and notes whether it is empty or broken.
func (ex *Execution) close(empty, broken int, attribute string, shares bool) string {
	if ex.seen == nil || ex.out == nil || ex.from > len(ex.out()) {
		return ""
	}
	verdict := gaps.Judge(attribute, string(ex.out()[ex.from:]), shares)
	ex.seen.Note(empty, verdict != gaps.Empty)
	ex.seen.Note(broken, verdict != gaps.Broken)
	return ""
}
