// Package inbox reads mailboxes in which something came back, and changes nothing in them. A [Box] is one of them; the
// rooms below are its kinds.
package inbox

import (
	"context"
	"io"
	"time"

	"mailshot/internal/bounce"
)

// Message is one message of a box, or one event of a file of events.
type Message struct {
	// ID names it in its box for good: what has the same ID is the same message. It has no secret and no blanks.
	ID       string
	Received time.Time // by the server or file system; zero if not known
	Size     int64     // in octets; -1 if not known
	Place    string    // for people, where more than ID is known: the path of a file, "/home/b/mbox: message 3"; ""
	// Open gives the message, unchanged and with the line ends that the box has. It may be called until the callback of
	// Box.Each returns, and the caller closes what it gives. It is nil for an event.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Event is what an event says. Each has one recipient. nil for a message, and for an event that cannot be read: then
	// Open says why.
	Event *bounce.Mail
	// Trusted says that it is the word of the sender's own account at a provider, which a person exported or whose
	// signature was verified, about an address that the provider knows to have been sent to. Anybody can send a mail;
	// nobody else can bring such an event. It counts without a token.
	Trusted bool
}

// Box is a mailbox, or files of messages or of events. It is not for concurrent use.
type Box interface {
	// Name names the box for people and for whoever remembers what was read: the same text for the same box, and another
	// one for any other. It has no secret: "imap://b@example.com@imap.example.com:993/INBOX", "maildir:/home/b/Maildir".
	Name() string
	// Each calls do for each message in the box, the oldest first, but for those of which skip says true. What is wrong
	// with one message is an error of Open, and the others follow. An error of do ends it, and is returned as it is. An
	// error of Each says why the box could not be read to its end.
	Each(ctx context.Context, skip func(id string) bool, do func(Message) error) error
	// Close ends the connection or closes the files.
	Close() error
}

// Waiter is a box that can say when there may be something new.
type Waiter interface {
	// Wait returns nil when there may be something new, and at the latest after a while.
	Wait(ctx context.Context) error
}
