package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/internal/sqlite"
)

// Whoever asks what was sent before takes what a run that died had, and has its campaign's lock meanwhile. That is a
// look, and takes as long as two files take to write. A send of the campaign at that moment, as after a power cut
// that ended two of them, waits for it and does not end with "in use".
func TestLockWaitsForATake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // only a sleep takes time, so that no slow machine uses the patience up
		path := filepath.Join(t.TempDir(), "s", "state.db")
		l, k := eager(t, path, rowsOf(4))
		r := run(t, l, "c", RunOptions{})
		r.Keep(Keeper{Owner: "o", Keep: func(_, _ []Fingerprint) error { return nil }})
		for range 2 {
			d := next(t, r, t0)
			d.Fingerprint = Fingerprint{1, 1}
			begin(t, r, d)
		}
		if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
			t.Fatal(err)
		}
		asks, sends := openAt(t, path), openAt(t, path)
		inside, leave, took := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			took <- asks.Take(t.Context(), "c", "o", func(list []Fingerprint, last bool) error {
				if len(list) == 0 || !last {
					t.Errorf("%v, %t", list, last)
				}
				close(inside)
				<-leave
				return nil
			})
		}()
		<-inside
		time.AfterFunc(6*glance, func() { close(leave) }) // the accounts are on a slow disk
		k2, err := sends.Lock("c")
		if err != nil {
			t.Error(err)
		} else if err := k2.Close(); err != nil {
			t.Error(err)
		}
		if err := <-took; err != nil {
			t.Error(err)
		}
	})
}

// between opens connections that call then, once, when the first query for what is kept was read.
type between struct {
	driver driver.Driver
	name   string
	then   func()
}

func (b *between) Connect(context.Context) (driver.Conn, error) {
	c, err := b.driver.Open(b.name)
	return &conn{c, b}, err
}

func (b *between) Driver() driver.Driver { return b.driver }

type conn struct {
	driver.Conn
	*between
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	if err != nil || !strings.Contains(query, "FROM copies") {
		return rows, err
	}
	return &keptRows{rows, c.between}, nil
}

type keptRows struct {
	driver.Rows
	*between
}

func (k *keptRows) Close() error {
	err := k.Rows.Close()
	if then := k.then; then != nil {
		k.then = nil
		then()
	}
	return err
}

// What is in the journal of a run comes into the file, where its keeper does not take it or where somebody else
// takes the journal of a dead run over. Take finds it on its way: it looks where things come from before it looks
// where they go.
func TestTakeWhileTheJournalIsFolded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, k := eager(t, path, rowsOf(4))
	r := run(t, l, "c", RunOptions{})
	full := errors.New("no room for the accounts")
	r.Keep(Keeper{Owner: "o", Keep: func(gets, _ []Fingerprint) error {
		if len(gets) > 0 && gets[0].Content > 1 {
			return full
		}
		return nil
	}})
	for i := range uint64(2) { // the first one is a group of its own, without a journal
		d := next(t, r, t0)
		d.Fingerprint = Fingerprint{1, 1 + i}
		begin(t, r, d)
	}
	asks := openAt(t, path)
	reading := asks.db.Reading
	fold := func() {
		if err := r.Fold(); err != nil {
			t.Error(err)
		}
	}
	asks.db.Reading = sql.OpenDB(&between{driver: reading.Driver(), name: sqlite.Name(path), then: fold})
	found := false
	err := asks.Take(t.Context(), "c", "o", func(list []Fingerprint, last bool) error {
		for _, f := range list {
			found = found || f.Content == 2
		}
		if last {
			t.Error("the run that goes on is not noticed")
		}
		return nil
	})
	if err := errors.Join(err, asks.db.Reading.Close()); err != nil {
		t.Error(err)
	}
	asks.db.Reading = reading
	if !found {
		t.Error("the second one is begun, no keeper has it, and who asks is not told of it")
	}
	if err := errors.Join(k.Close(), l.Close()); err != nil {
		t.Error(err)
	}
}
