// Package trace replays what a program did to its disk and said to its server, from the system calls that strace has
// written down. [Strace] is the command to run a program with, [Read] reads what it wrote, [Steps] puts the calls in
// order, [NewDisk] and [Disk.Step] replay them, [Disk.Cut] draws a disk after a power cut, and [Messages] finds what
// went over the wire.
//
// So a power cut can be shown without cutting power: the disk as it may look afterwards is built again from the calls.
//
//	Call      one system call, with its place in the trace
//	Step      the beginning or the end of a call
//	Disk      a folder, as the calls change it: what is synced, and what is only written
//	Tree      the folder after a power cut
//	Message   a message as it went over the wire: where its first and last byte left, and where the reply was read
//
// # What a power cut leaves
//
// All that was written before a sync began, if that sync has ended well: for a file's bytes and length an fsync of the
// file, for the names in a folder an fsync of the folder. Of everything else a disk may hold any part:
//
//   - Each 4 KiB block of a file that was written since is as it was synced, or as it was after any of the writes, or
//     torn: each of its 512-byte sectors is of a different age.
//   - The file's length is any length that it had since.
//   - Each change of names in a folder (a file made, removed, linked, renamed, a folder made) has happened or has not,
//     without regard to order. But a rename happens whole.
//   - A file that no name leads to is gone.
//
// # What the server has
//
// A server stays up when the sender's power goes. It cannot have a message whose last byte was not yet written; it has
// a message whose reply the sender has read. In between it may or may not have it.
//
// # What a trace does not show
//
// Writes into mapped memory. SQLite maps the index of its log (-shm), which is made anew after a crash, and the ledger
// maps the marks of a run (.marks), which count only in the same boot. A cut leaves random bytes in both. A writable
// shared mapping of any other file of the folder is an error, and so is a call on a file that was opened out of sight.
package trace
