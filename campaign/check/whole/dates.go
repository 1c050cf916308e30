package whole

import (
	"fmt"
	"strings"
	"time"

	"mailshot/campaign/check"
	"mailshot/templates"
)

// The rules of dates.
const (
	fewDates = 5   // below it nothing is said
	dateGap  = 270 // days to the next one
	dateOdd  = 3   // times the days between the first and the last of the others
)

// day is a date as a number of days; 0 = the cell has none.
func day(c templates.Cell) float64 {
	t, ok := c.Value.(time.Time)
	if !ok {
		text := strings.TrimSpace(c.Text)
		if len(text) < len("1.1.2026") || len(text) > len(time.DateOnly) || text[0] < '0' || text[0] > '9' {
			return 0
		}
		for _, layout := range []string{time.DateOnly, "2.1.2006"} {
			if read, err := time.Parse(layout, text); err == nil {
				t, ok = read, true
				break
			}
		}
	}
	if !ok || t.Year() < 1 {
		return 0
	}
	return float64(t.Unix()/(24*60*60)) + 1e6 // above 0 for each year
}

// dates is what is kept of the dates in one column: how many there are, and the outermost with their rows.
type dates struct {
	n         int64
	low, high []placed
}

func (d *dates) add(v float64, row string) {
	if v == 0 {
		return
	}
	d.n++
	d.low = outer(d.low, placed{v, row}, -1)
	d.high = outer(d.high, placed{v, row}, 1)
}

// finding says that one date, or of many hundreds one in a hundred, is far before or after all others; nil if none is.
// All others have to lie close together: days of birth do not.
func (d *dates) finding(name string) *check.Finding {
	if d.n < fewDates {
		return nil
	}
	most := min(max(int(d.n/100), 1), outermost-1, len(d.low)-1)
	for k := most; k > 0; k-- {
		for _, side := range []struct {
			odd, other []placed
			what       string
		}{{d.low, d.high, "before"}, {d.high, d.low, "after"}} {
			next, last := side.odd[k], side.other[0]
			gap := max(side.odd[k-1].v-next.v, next.v-side.odd[k-1].v)
			if between := max(next.v-last.v, last.v-next.v); gap < dateGap || gap < dateOdd*between {
				continue
			}
			f := saidOf("date-apart", rowsOf(side.odd[:k]), fmt.Sprintf("%s is %s, and this is %.0f days %s all %d others",
				name, dayText(side.odd[0].v), gap, side.what, d.n-int64(k)), "look at the cell: the year may be wrong")
			return &f
		}
	}
	return nil
}

func dayText(v float64) string {
	return time.Unix(int64(v-1e6)*24*60*60, 0).UTC().Format(time.DateOnly)
}
