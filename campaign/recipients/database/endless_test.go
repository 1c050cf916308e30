package database

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/recipients/fault"
)

const numbers = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "

// file is a database with nothing that the queries need.
func file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE t (x)"); err != nil {
		t.Fatal(err)
	}
	return path
}

// A query that never gives a row, and one that never ends: each is an error that says so. Without the alarm the first
// ran into the test's own limit, and without the bound the second did.
func TestEndless(t *testing.T) {
	t.Parallel()
	path := file(t)
	for _, c := range []struct {
		query string
		wait  time.Duration
		row   int64 // at which it ends; -1: at once
		text  string
	}{
		{numbers + "SELECT count(*) FROM c", 50 * time.Millisecond, -1, "the query gave no row for 50ms"},
		{numbers + "SELECT x FROM c", 0, 1000, "more than 1000 rows"},
	} {
		q, err := OpenSQLite(Config{File: "shop.db", Query: c.query, Patience: c.wait, Most: 1000}, path)
		rows := int64(-1)
		for err == nil {
			rows++
			_, err = q.Next()
		}
		if q != nil {
			if rows--; rows != c.row {
				t.Errorf("%s: %d rows, want %d", c.query, rows, c.row)
			}
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		}
		var f *fault.Fault
		if !errors.As(err, &f) || !strings.Contains(f.Text, c.text) || f.Hint != endless {
			t.Errorf("%s: %v, want %q", c.query, err, c.text)
		}
	}
	// As many rows as are allowed are a list.
	q, err := OpenSQLite(Config{File: "shop.db", Query: numbers + "SELECT x FROM c LIMIT 3", Most: 3}, path)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = q.Next()
	}
	if err != io.EOF {
		t.Error(err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// An interrupt ends a query that has not answered. Without Done it went on until the alarm.
func TestEndedBeforeAnAnswer(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	ended := make(chan error)
	path := file(t)
	go func() {
		_, err := OpenSQLite(Config{File: "shop.db", Query: numbers + "SELECT count(*) FROM c", Done: done}, path)
		ended <- err
	}()
	close(done)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
