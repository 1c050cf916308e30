package function

import "fmt"

// Limit is the error of a template that wants more than one execution may do.
type Limit string

func (e Limit) Error() string { return string(e) }

// Unsafe is the error of a cell that is an address of a kind that must not be in a message.
type Unsafe string

func (e Unsafe) Error() string { return fmt.Sprintf("the link %q is not safe", string(e)) }

// Advice is a function's error with what to do about it.
type Advice struct{ Text, Hint string }

func (e Advice) Error() string { return e.Text }
