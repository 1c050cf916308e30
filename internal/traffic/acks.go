package traffic

import "math"

// Acks is a(S): how many acknowledgements a receiver sends in segments of their own while a body of S segments comes
// in.
type Acks struct{ Least, Expected, Most float64 }

// ackPoints are the measured acknowledgements of a body, by its number of segments. They were measured on Linux 6.18,
// with both ends on one machine, cubic, and one to a hundred messages a connection (docs/traffic/measured.csv). The
// least and the most are single captures in the clear.
var ackPoints = [...]struct {
	segments, least, expected, most float64
}{
	{1, 0, 0, 0}, {2, 0, 1, 1}, {4, 1, 1.8, 2}, {7, 2, 2.3, 4}, {70, 1.8, 8, 32}, {691, 23, 80, 170},
}

// AcksOf returns the measured a(S). Between two measured sizes it interpolates in a straight line. Above the largest
// size it grows with S as between the two largest sizes. It is never more than S.
func AcksOf(segments int) Acks {
	s := float64(segments)
	if s <= 1 {
		return Acks{}
	}
	i := 1
	for i < len(ackPoints)-1 && ackPoints[i].segments < s {
		i++
	}
	a, b := ackPoints[i-1], ackPoints[i]
	t := (s - a.segments) / (b.segments - a.segments)
	at := func(x, y float64) float64 { return math.Min(s, math.Max(0, x+t*(y-x))) }
	return Acks{at(a.least, b.least), at(a.expected, b.expected), at(a.most, b.most)}
}
