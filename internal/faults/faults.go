// Package faults shows that nobody is mailed twice and nobody is lost, whatever breaks. It has the four parts that such a proof
// needs; the faults themselves are its tests, and those of the rooms below it.
//
//	Workspace   a campaign's folder with a user of its own, in which the real program runs
//	Process     one run of the program, that can be killed at once
//	Sink        the server: it writes its own record, synced, before it answers, and strikes at chosen marks
//	Verdict     the comparison of that record with the program's ledger
//
// # How a fault is shown
//
// A Workspace is sent to a Sink by a Process. The Sink strikes: at a Mark of the conversation it calls a function, in the goroutine
// of that connection, before it goes on; the function kills the Process, stops it, or cuts it off, and when it returns, that has
// happened. So a sender killed at the dot is dead before the server answers. After each fault Check looks at what is on the disk,
// without touching it, for the next run of the program is to find what the fault has left. The program is run again until it is done.
//
// # What is compared
//
// The record says what a real server would have delivered, the ledger what the program believes. The fields are those of Jepsen's
// total-queue checker: a delivery is an enqueue, a line of the record a dequeue.
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
