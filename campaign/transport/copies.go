package transport

import (
	"context"
	"fmt"
	"time"

	"mailshot/campaign/definition"
	"mailshot/internal/inbox/filing"
	"mailshot/sender"
)

// Copies puts a copy of each message that a server has taken into the Sent folder of its account. It is safe for
// concurrent use.
type Copies struct{ filer *filing.Filer }

// Unfiled is a copy that was not filed, or of which nobody knows whether it was. Text says why.
type Unfiled struct{ Place, Key, Address, Text string }

// Filed is what became of copies.
type Filed struct {
	Folder string // as a URL, without a secret
	Filed  int64
	Failed int64
	Named  []Unfiled // the first 1,000 that failed
}

// OpenCopies opens the folder that a server's sent_copy names. nil = it names none, or a sink takes the server's place.
// tell is told, in words, when copies begin to wait, from any goroutine. Nothing is spoken to before the first copy. The
// caller calls Finish.
func OpenCopies(c Config, tell func(text string)) (*Copies, error) {
	b := c.Server.SentCopy
	if b.Kind == "" || c.Sink != nil || c.Server.ToDrafts {
		return nil, nil
	}
	borrow(&b, c.Server)
	cfg, _, err := mailbox(c, &b)
	if err != nil {
		return nil, fmt.Errorf("server.sent_copy: %w", err)
	}
	f, err := filing.New(filing.Config{IMAP: cfg, Home: c.Definition.Home(), Tell: tell})
	if err != nil {
		return nil, fmt.Errorf("server.sent_copy: %w", err)
	}
	return &Copies{f}, nil
}

// Keep takes a copy of a message that was sent at a time, of the row with this place, key and address. It waits for no
// server, and reads the body before it returns.
func (c *Copies) Keep(place, key, address string, m sender.Mail, at time.Time) {
	c.filer.Keep(filing.Item{Place: place, Key: key, Address: address, Size: m.Size, Body: m.Body, Time: at})
}

// Waiting is how many copies are not filed yet.
func (c *Copies) Waiting() int { return c.filer.Waiting() }

// Finish waits until all copies are filed or have failed. The end of ctx ends the tries. It is called once, when no Keep
// runs. The error is about the files in which copies waited.
func (c *Copies) Finish(ctx context.Context) (Filed, error) {
	r, err := c.filer.Finish(ctx)
	f := Filed{Folder: r.Folder, Filed: r.Filed, Failed: r.Failed}
	for _, n := range r.Named {
		f.Named = append(f.Named, Unfiled(n))
	}
	return f, err
}

// DescribeCopies says where copies of a server's messages go, and what a person should know about it; nil = there are
// none.
func DescribeCopies(s *definition.Server) (notes []string) {
	b := &s.SentCopy
	if b.Kind == "" {
		return nil
	}
	return append([]string{"a copy of each sent message goes to " + where(b, "Sent")}, lacksScope(b)...)
}
