// Package faults shows that nobody is mailed twice and nobody is lost, whatever breaks. [StartSink] starts a server,
// [NewWorkspace] writes a campaign for it, [Workspace.Send] runs the real program, and [Workspace.Check] compares what
// the server has with what the ledger says. The faults themselves are the tests of this package, and those of the rooms
// below it.
//
//	Workspace   a campaign's folder with a user of its own, in which the real program runs
//	Process     one run of the program, which can be killed at once
//	Sink        the server: it writes its own record, synced, before it answers, and strikes at chosen marks
//	Verdict     the comparison of that record with the program's ledger
//
// TestWalk does at random what users do, for a minute or, with -faults.walk, for hours. Then the program is one of
// [BuildMovable], whose wall clock jumps.
//
// # How a fault is shown
//
// A Process sends a Workspace to a Sink, and the Sink strikes: at a Mark of the conversation it calls a function, in
// the goroutine of that connection, before it goes on. The function kills the Process, stops it, or cuts it off; when
// it returns, that has happened. So a sender that is killed at the dot is dead before the server answers. After each
// fault Check looks at what is on the disk, without touching it, because the next run of the program must find what the
// fault has left. The program is run again until it is done.
//
// # What is compared
//
// The record says what a real server would have delivered, the ledger what the program believes. The fields are those
// of Jepsen's total-queue checker: a delivery is an enqueue, a line of the record a dequeue.
//
//	attempted      deliveries that the program has tried
//	acknowledged   those that the ledger says are sent
//	lost           acknowledged, and not in the record
//	duplicated     more than once in the record, and nobody had asked for it
//	unexpected     in the record, but not tried, or refused, or to be tried again, as the ledger has it
//	recovered      in the record, while the ledger says unknown (or still begun): it knows that it does not know
//
// The promise is: nothing lost, duplicated or unexpected, and the states add up to the rows.
package faults
