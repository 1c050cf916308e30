// Package ledger is the memory of campaigns: who is where, and what was sent.
//
// It keeps an SQLite database. state.db (a [Ledger]) holds campaigns, their rows as they were planned, and one delivery for each
// row; every delivery is in exactly one [State] at every moment, also after a kill or a power cut, and the states add up to the
// rows.
//
// A campaign is planned into a [Draft], in chunks, of which nothing can be seen until Freeze makes it the campaign's list in one
// flip; a draft that never comes so far is removed by the next one. A changed list goes through a [Replan], which says what it
// would change before it changes anything.
//
// A [Run] hands deliveries out and takes their outcomes. Next gives one that may go now, Begin makes the intent to send it durable
// (the caller writes no byte of the body before Begin has returned nil), Settle records what became of it. A delivery begun and
// never settled is unknown to the next run and is not handed out again: the server may or may not have taken it. Concurrent
// callers of Begin share a transaction: the first leads and commits for all who wait, so that one disk sync serves many; settled
// outcomes travel with the next such group, and no later than Flush. There is no goroutine. After an error of the disk a Run
// begins nothing more, because nothing it writes can be relied on.
//
// Only the holder of a campaign's [Lock] may run it. The system frees the lock when the process dies, which is what makes it
// certain that a delivery found begun belongs to nobody any more.
//
// The files are of one user: folders 0700, files 0600, checked when they are opened, and no file is reached through a symbolic
// link. Times are stored as nanoseconds of Unix time.
package ledger
