// Package courtesy decides how a campaign goes easy on those who take its mail:
// which recipients one system looks after ([Group]), how many messages at a time
// and how fast after a server has asked for less ([Adaptive]), how many on a
// sending day of a young sender ([Warmup]), how many before the first answers
// have been looked at ([Waves]), when it has gone wrong too often ([StopLoss]),
// and on which days and hours mail goes at all ([Hours]).
//
// It is pure. Nothing here reads a clock, waits, locks or remembers beyond its
// own fields: the time is an argument, chance is an argument, and the caller
// serialises and keeps what has to outlive the process. So days of sending are
// tested in milliseconds.
package courtesy
