package imap

import (
	"errors"
	"fmt"
	"io"

	"mailshot/internal/inbox/server"
)

// Error says why a server could not be used, or not any more.
type Error = server.Error

// TooLargeError is the error of Open for a message that is larger than Limits.Message.
type TooLargeError = server.TooLargeError

// NoBodyError is the error of Open for a message that the server lists and does not give.
type NoBodyError = server.NoBodyError

// NoFolderError says that the server has no such folder, or does not open it.
type NoFolderError struct {
	Folder string
	Said   string   // the server's words
	Near   []string // folders that the server has, the nearest first; at most ten
}

func (e *NoFolderError) Error() string {
	s := fmt.Sprintf("the server does not open the folder %q: %s", e.Folder, e.Said)
	if len(e.Near) > 0 {
		s += fmt.Sprintf(" (it has %q)", e.Near)
	}
	return s
}

// PartError is the error of Each where the folder could not be read to its end.
type PartError struct {
	Folder string
	Done   int // messages that were given to the caller
	Left   int // messages that were not; -1 = not known
	Err    error
}

func (e *PartError) Error() string {
	if e.Left < 0 {
		return fmt.Sprintf("%s: %v", e.Folder, e.Err)
	}
	return fmt.Sprintf("%s: after %d messages, with %d left to read: %v", e.Folder, e.Done, e.Left, e.Err)
}

// Unwrap returns the cause.
func (e *PartError) Unwrap() error { return e.Err }

// Temporary reports whether it may work another time without anybody doing anything.
func (e *PartError) Temporary() bool { return server.Temporary(e.Err) }

// refusal is a NO or a BAD.
type refusal struct {
	status, code, text string
}

func (r *refusal) Error() string {
	s := "the server says " + r.status
	if r.code != "" {
		s += " [" + r.code + "]"
	}
	if r.text != "" {
		s += " " + r.text
	}
	return s
}

// The ways in which a server breaks the limits or the protocol.
var (
	errLine     = errors.New("the server sends a line that is longer than any line may be")
	errLiteral  = errors.New("the server sends more of a message than was asked for")
	errBudget   = errors.New("the server sends far more than was asked for")
	errMessages = errors.New("the server lists more messages than it has")
	errEnded    = errors.New("the server closed the connection")
	errStrange  = errors.New("the server's answer is not IMAP")
)

// broken makes the error of a connection that can no longer be used. Whether it may work later depends on who broke it.
func (c Config) broken(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if errors.Is(err, errEnded) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return c.at().Lost(err, errLine, errLiteral, errBudget, errMessages, errStrange)
}

// clean makes a server's words safe to show.
func clean(s string) string { return server.Clean(s) }
