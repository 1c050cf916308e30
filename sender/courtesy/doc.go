// Package courtesy has the rules of polite sending: hours, warm-up, waves, slowing down when a server
// asks for it, and stopping when too much is refused. [Group] says which
// recipients one system looks after. [Adaptive] says how many messages may be under way and how
// fast they may follow, after a server has asked for less. [Warmup] says how many a young sender
// sends on a day, [Waves] how many go before the first answers have been looked at, [StopLoss] when
// it has gone wrong too often, and [Hours] on which days and hours mail goes at all.
//
// The package is pure. Nothing here reads a clock, waits, locks or remembers beyond its own fields.
// The time and chance are arguments, and the caller serialises and keeps what has to outlive the
// process. So days of sending are tested in milliseconds.
package courtesy
