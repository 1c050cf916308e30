package courtesy

import "fmt"

// StopLoss says from which share of bad outcomes on a campaign stops, and after how many outcomes in
// a row that are not one recipient's fault. The zero StopLoss never stops a campaign.
type StopLoss struct {
	Refused  float64 // share of those tried, from 0 to 1; 0: not looked at
	Deferred float64
	Unknown  float64
	After    int64 // tries before anything is made of the shares; 50 if zero
	Content  int64 // messages in a row that one server refused, whoever they were for; 0: any number
	Same     int64 // recipients in a row, of several domains, that one server refused with the same words; 0: any number
	Doubts   int64 // messages in a row that one server gave no whole reply to; 0: any number
}

// Rows reports whether any outcomes in a row are looked at.
func (s StopLoss) Rows() bool { return s.Content > 0 || s.Same > 0 || s.Doubts > 0 }

// Shares reports whether any share is looked at.
func (s StopLoss) Shares() bool { return s.Refused > 0 || s.Deferred > 0 || s.Unknown > 0 }

const lossAfter = 50

// Outcomes counts the people who have each outcome by now.
type Outcomes struct {
	Sent, Refused, Deferred, Unknown int64
}

// Tried is how many people there are.
func (o Outcomes) Tried() int64 { return o.Sent + o.Refused + o.Deferred + o.Unknown }

// Loss is a share above its bound.
type Loss struct {
	What      string // "refused", "deferred" or "unknown"
	N, Tried  int64
	Allowed   float64
	Exceeding float64
}

// String looks like `9 of 60 refused (15%, at most 5%)`.
func (l Loss) String() string {
	return fmt.Sprintf("%d of %d %s (%s, at most %s)", l.N, l.Tried, l.What, percent(l.Exceeding), percent(l.Allowed))
}

// percent writes a share with as many digits as tell it from a whole number of percents.
func percent(share float64) string { return fmt.Sprintf("%.3g%%", share*100) }

// Exceeded reports whether o is more than s allows, and returns the first share that is.
func (s StopLoss) Exceeded(o Outcomes) (Loss, bool) {
	after := s.After
	if after == 0 {
		after = lossAfter
	}
	tried := o.Tried()
	if tried < after || tried == 0 {
		return Loss{}, false
	}
	for _, x := range []struct {
		what    string
		n       int64
		allowed float64
	}{{"refused", o.Refused, s.Refused}, {"unknown", o.Unknown, s.Unknown}, {"deferred", o.Deferred, s.Deferred}} {
		if share := float64(x.n) / float64(tried); x.allowed > 0 && share > x.allowed {
			return Loss{What: x.what, N: x.n, Tried: tried, Allowed: x.allowed, Exceeding: share}, true
		}
	}
	return Loss{}, false
}
