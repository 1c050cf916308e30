package definition

import (
	"regexp"
	"strings"
	"time"
)

// date stands for the day of the send in an id.
const date = "{{date}}"

var datePattern = regexp.MustCompile(`\{\{\s*date\s*\}\}`)

// IDTemplate is the id of the file with {{date}} written in one way; "" if the id has no date, and is one campaign's.
func (d *Definition) IDTemplate() string {
	if !datePattern.MatchString(d.ID) {
		return ""
	}
	return datePattern.ReplaceAllLiteralString(d.ID, date)
}

// ExpandID returns the campaign's id with {{date}} replaced by now's date (2006-01-02) in the schedule's zone.
func (d *Definition) ExpandID(now time.Time) string {
	return datePattern.ReplaceAllLiteralString(d.ID, now.In(d.Schedule.Location()).Format(time.DateOnly))
}

// DayOf returns the day (2006-01-02) for which the id of the file expands to id; ok is false if there is none, also
// where the id of the file has no date.
func (d *Definition) DayOf(id string) (day string, ok bool) {
	before, _, dated := strings.Cut(d.IDTemplate(), date)
	rest, has := strings.CutPrefix(id, before)
	if !dated || !has || len(rest) < len(time.DateOnly) {
		return "", false
	}
	day = rest[:len(time.DateOnly)]
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return "", false
	}
	return day, strings.ReplaceAll(d.IDTemplate(), date, day) == id
}
