package whole

import (
	"cmp"
	"math"
	"slices"
)

// steps is how many steps of a spread make one doubling: each step is 4.4 % more than the step before.
const steps = 16

// outermost is how many of the smallest and of the largest numbers are kept: the odd ones, and the first of the others.
const outermost = 6

// spread keeps how positive numbers are spread, without keeping them: a histogram of their logarithms, and the
// outermost few with the rows that they are of.
type spread struct {
	n         int64
	steps     [64 * steps]uint32
	low, high []placed // the outermost first
}

// placed is a number with the row that it is of.
type placed struct {
	v   float64
	row string
}

// add adds a number, which is above 0.
func (s *spread) add(v float64, row string) {
	s.n++
	s.steps[step(v)]++
	s.low = outer(s.low, placed{v, row}, -1)
	s.high = outer(s.high, placed{v, row}, 1)
}

// step is the place of a number in the histogram.
func step(v float64) int {
	return min(max(int(math.Floor(math.Log2(v)*steps))+20*steps, 0), 64*steps-1)
}

// outer puts a number among the outermost, in the direction of sign. If two numbers are equal, the earlier row comes
// first.
func outer(all []placed, p placed, sign int) []placed {
	further := func(a, b placed) bool { return cmp.Compare(a.v, b.v) == sign }
	if len(all) == outermost && !further(p, all[outermost-1]) {
		return all
	}
	i := len(all)
	for i > 0 && further(p, all[i-1]) {
		i--
	}
	if all = slices.Insert(all, i, p); len(all) > outermost {
		all = all[:outermost]
	}
	return all
}

// middle returns the median of the logarithms, and the median of their distances from it, in doublings.
func (s *spread) middle() (median, deviation float64) {
	at := s.ranked(func(i int) []int { return []int{i} })
	median = (float64(at) - 20*steps) / steps
	distance := s.ranked(func(i int) []int {
		if i == 0 {
			return []int{at}
		}
		return []int{at - i, at + i}
	})
	return median, float64(distance) / steps
}

// ranked is the first i by which half of the numbers are counted, where the numbers of places(i) are counted in turn.
func (s *spread) ranked(places func(i int) []int) int {
	seen := int64(0)
	for i := range s.steps {
		for _, at := range places(i) {
			if at >= 0 && at < len(s.steps) {
				seen += int64(s.steps[at])
			}
		}
		if seen*2 >= s.n {
			return i
		}
	}
	return 0
}

// apart returns the outermost numbers that stand out from all others, at most one in a hundred: the next number is at
// least gap times as far away, and they are beyond times as far from the middle. If numbers vary widely, a number must
// be further away: four and six times the median distance from the middle. next is the first of the other numbers.
func (s *spread) apart(side []placed, gap, beyond float64, fewest int64) (odd []placed, next placed) {
	if s.n < fewest {
		return nil, placed{}
	}
	median, deviation := s.middle()
	most := min(max(int(s.n/100), 1), outermost-1, len(side)-1)
	for k := most; k > 0; k-- {
		between := math.Abs(math.Log2(side[k-1].v / side[k].v))
		from := math.Abs(math.Log2(side[k-1].v) - median)
		if between >= max(math.Log2(gap), 4*deviation) && from >= max(math.Log2(beyond)-1.0/steps, 6*deviation) {
			return side[:k], side[k]
		}
	}
	return nil, placed{}
}
