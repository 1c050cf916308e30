package message

import (
	"context"
	"time"

	"mailshot/campaign/recipients"
)

// Scale weighs the messages of many rows. [Scale.Put] takes a row, and [Scale.Flush] weighs those that wait. Maker and
// Date are required.
type Scale struct {
	Maker *Maker
	Date  time.Time
	// Each is called with each weight, in the order of the rows and one at a time, with what the message is made of; nil:
	// nobody looks, and that is not found out.
	Each func(Weight)

	Unmade  int64  // messages that could not be made
	Bytes   int64  // of messages and envelopes
	Copies  int64  // of the messages
	UTF8    int64  // messages whose envelope needs SMTPUTF8
	Largest int64  // bytes of the largest message
	Place   string // of its row

	rows []*recipients.Row
}

// atOnce is how many rows are weighed together.
const atOnce = 1000

// Put takes a row. The error is ctx's.
func (s *Scale) Put(ctx context.Context, row *recipients.Row) error {
	if s.rows = append(s.rows, row); len(s.rows) < atOnce {
		return nil
	}
	return s.Flush(ctx)
}

// Flush weighs the rows that wait. The error is ctx's.
func (s *Scale) Flush(ctx context.Context) error {
	weights, err := All(ctx, s.Maker, s.rows, s.Date, func(made Made) Weight { return weigh(made, s.Each != nil) })
	if err != nil {
		return err
	}
	for i, w := range weights {
		if w.Wire == 0 {
			s.Unmade++
		} else if s.Each != nil {
			s.Each(w)
		}
		s.Bytes, s.Copies = s.Bytes+w.Wire, s.Copies+w.Copies
		if w.UTF8 {
			s.UTF8++
		}
		if w.Size > s.Largest {
			s.Largest, s.Place = w.Size, s.rows[i].Place
		}
	}
	s.rows = s.rows[:0]
	return nil
}
