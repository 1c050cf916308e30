// Package ledger is the memory of campaigns: who is where, and what was sent. [Open] opens a state file. [Ledger.Lock]
// takes a campaign for this process; [Ledger.Draft] plans it, [Ledger.Replan] changes the plan, and [Ledger.Run] sends
// it: Next, Begin, Start, Settle. [Ledger.Counts] says how many deliveries are in each state, and [Ledger.Deliveries]
// lists them. [Ledger.Retry], [Ledger.Resolve] and [Ledger.Cancel] are what a person decides.
//
// # Model
//
// A state file is an SQLite database. It holds campaigns, their rows as they were planned, and one delivery for each
// row. Every delivery is in exactly one [State] at every moment, also after a kill or a power cut, and the states add
// up to the rows.
//
// A plan is made in a [Draft], in chunks. Nothing of a draft can be seen until Freeze makes it the campaign's list in
// one step. A draft that does not come so far is removed by the next one. A changed list goes through a [Replan], which
// says what it would change before it changes anything.
//
// A [Run] hands deliveries out and takes their outcomes. Next gives one that may go now. Begin makes the intent to send
// it durable, and may be called before there is a connection for it. Start marks that its body leaves now: the caller
// writes no byte of the body before Start has returned nil. Settle records what became of it. A delivery started and
// never settled is unknown to the next run and is not handed out again, because the server may or may not have taken
// it.
//
// A mark is written and not synced: it outlives the process, and not the machine. There is one for each start, and one
// for each whole reply. Where the next run finds the marks of the run that died, whole and in the same boot, what was
// begun and has no mark is what it was before, and what was taken is sent. Else it is unknown, too. So a kill leaves at
// most one unknown for each connection: what was on the wire. After a power cut, and where there are no marks, there
// are at most two for each connection that begins one ahead, and n + 1 for one that begins n.
//
// Concurrent callers of Begin share a transaction: the first leads and commits for all who wait, so that one sync of
// the disk serves many. Settled outcomes travel with the next such group, and no later than Flush. There is no
// goroutine. After an error of the disk a Run begins nothing more, because nothing that it writes can be relied on.
//
// Only the holder of a campaign's [Lock] may run it. The system frees the lock when the process dies, which makes it
// certain that a delivery found begun is in no other process's hands.
//
// # Files
//
// The files are of one user: folders have mode 0700 and files 0600, which is checked when they are opened, and no file
// is reached through a symbolic link. Times are stored as nanoseconds of Unix time. What is wrong with a file is a
// *statefile.Error. Package repair looks through a file, and saves what can be read of a damaged one.
package ledger
