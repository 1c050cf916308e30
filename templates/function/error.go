package function

import "fmt"

// Limit is the error of a template that wants more than one execution may do.
type Limit string

// Error returns the text.
func (e Limit) Error() string { return string(e) }

// Unsafe is the error of a link that a message must not have, such as one to javascript:. It holds the start of the
// link.
type Unsafe string

// Error shows the link in quotes.
func (e Unsafe) Error() string { return fmt.Sprintf("the link %q is not safe", string(e)) }

// Advice is the error of a function with a hint about what to do.
type Advice struct{ Text, Hint string }

// Error returns the text without the hint.
func (e Advice) Error() string { return e.Text }
