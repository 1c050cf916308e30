package message

import (
	"context"
	"errors"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"mailshot/campaign/recipients"
)

// All makes the messages of rows in parallel and returns, in the order of the rows, what keep keeps of each. keep is
// called concurrently, and owns the message: it releases it, see [render.Message.Release]. Nothing else is kept of a
// message: many of them with their attachments could fill the memory. Whether the files are the rows' is a part of it,
// see [Maker.Belonging]. The error is ctx's.
func All[T any](
	ctx context.Context, m *Maker, rows []*recipients.Row, date time.Time, keep func(Made) T,
) ([]T, error) {
	return each(ctx, rows, func(row *recipients.Row) T {
		return keep(m.judged(making{date: date, ctx: ctx,
			examine: true}, row))
	})
}

// Differing makes the messages of planned rows once more, in parallel, and counts those that are not the ones that were
// planned. A message that cannot be made does not count. The error is ctx's.
func (m *Maker) Differing(ctx context.Context, rows []Planned, date time.Time) (int64, error) {
	differs, err := each(ctx, rows, func(p Planned) bool {
		msg, err := m.Again(p, date)
		if msg != nil {
			msg.Release()
		}
		return errors.Is(err, ErrDiffers)
	})
	n := int64(0)
	for _, d := range differs {
		if d {
			n++
		}
	}
	return n, err
}

// each does one thing with each of all, on every processor, and returns what came of each in the order of all.
func each[In, Out any](ctx context.Context, all []In, do func(In) Out) ([]Out, error) {
	out := make([]Out, len(all))
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(all); i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				out[i] = do(all[i])
			}
			return nil
		})
	}
	return out, g.Wait()
}
