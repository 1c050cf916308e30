package pop3

import (
	"errors"
	"fmt"
	"io"

	"mailshot/internal/inbox/server"
)

// Error says why a server could not be used, or not any more.
type Error = server.Error

// TooLargeError is the error of Open, or of reading what it gave, for a message that is larger than Limits.Message.
type TooLargeError = server.TooLargeError

// NoBodyError is the error of Open for a message that the server lists and does not give.
type NoBodyError = server.NoBodyError

// PartError is the error of Each where the mailbox could not be read to its end.
type PartError struct {
	Box  string
	Done int // messages that were given to the caller
	Err  error
}

func (e *PartError) Error() string {
	return fmt.Sprintf("%s: after %d messages: %v", e.Box, e.Done, e.Err)
}

// Unwrap returns the cause.
func (e *PartError) Unwrap() error { return e.Err }

// Temporary reports whether it may work another time without anybody doing anything.
func (e *PartError) Temporary() bool { return server.Temporary(e.Err) }

// The ways in which a server breaks the limits or the protocol.
var (
	errLine     = errors.New("the server sends a line that is longer than any line may be")
	errList     = errors.New("the server lists more messages than anybody has")
	errNumbers  = errors.New("the server lists a message twice, or one that has no number")
	errUnasked  = errors.New("the server says something that nobody asked for")
	errStrange  = errors.New("the server's answer is not POP3")
	errNotEnded = errors.New("the server ended the connection within an answer")
)

// broken makes the error of a connection that can no longer be used. Whether it may work later depends on who broke it.
func (c Config) broken(err error) error {
	var own *Error
	var large *TooLargeError
	if errors.As(err, &own) || errors.As(err, &large) {
		return err
	}
	e := c.at().Lost(err, errLine, errList, errNumbers, errUnasked, errStrange)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errNotEnded) {
		e.Text, e.Err = errNotEnded.Error(), nil
	}
	return e
}

// clean makes a server's words safe to show.
func clean(s string) string { return server.Clean(s) }
