package main

import (
	"math"
	"slices"
)

// Figures are what one run took, or the medians of several. What a contender does not do is 0 and left out.
type Figures struct {
	// Plan, Send and Whole are messages a second: until the first MAIL, after it, and over all.
	Plan  float64 `json:"plan_per_s,omitempty"`
	Send  float64 `json:"send_per_s,omitempty"`
	Whole float64 `json:"whole_per_s,omitempty"`
	// PlanCPU, SendCPU and SinkCPU are µs of processor, user and system, for each message.
	PlanCPU float64 `json:"plan_cpu_us,omitempty"`
	SendCPU float64 `json:"send_cpu_us,omitempty"`
	SinkCPU float64 `json:"sink_cpu_us,omitempty"`
	// Peak is VmHWM in MB of 10^6 bytes.
	Peak float64 `json:"peak_mb,omitempty"`
	// Flights are the sink's bursts of replies for each message: round trips.
	Flights float64 `json:"flights,omitempty"`
}

// fieldsOf gives all figures, in one order.
func (f *Figures) fieldsOf() []*float64 {
	return []*float64{&f.Plan, &f.Send, &f.Whole, &f.PlanCPU, &f.SendCPU, &f.SinkCPU, &f.Peak, &f.Flights}
}

// medians takes the median of each figure.
func medians(runs []Figures) Figures {
	var m Figures
	for i, field := range m.fieldsOf() {
		var values []float64
		for _, r := range runs {
			values = append(values, *r.fieldsOf()[i])
		}
		*field = round(median(values))
	}
	return m
}

// median of none is 0.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// round keeps four digits.
func round(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// Ratio is one figure of one contender divided by a figure of another, round by round.
type Ratio struct {
	Of     string  `json:"of"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// ratio divides round by round. Rounds in which a side has nothing are left out.
func ratio(of string, over, under []float64) (Ratio, bool) {
	var values []float64
	for i := range min(len(over), len(under)) {
		if over[i] > 0 && under[i] > 0 {
			values = append(values, over[i]/under[i])
		}
	}
	if len(values) == 0 {
		return Ratio{}, false
	}
	return Ratio{of, round(median(values)), round(slices.Min(values)), round(slices.Max(values))}, true
}

// pick takes one figure of each run.
func pick(runs []Figures, figure func(Figures) float64) []float64 {
	var values []float64
	for _, r := range runs {
		values = append(values, figure(r))
	}
	return values
}
