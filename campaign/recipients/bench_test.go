package recipients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"mailshot/campaign/recipients/delimited"
	"mailshot/campaign/recipients/workbook/workbooktest"
)

// endless is a list of n rows that is made while it is read.
type endless struct {
	rest []byte
	row  int
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.row > e.n {
			return 0, io.EOF
		}
		var b []byte
		for range 512 {
			if e.row > e.n {
				break
			}
			if e.row == 0 {
				b = append(b, "email,name,number,country\n"...)
			} else {
				b = fmt.Appendf(b, "person%d@example.com,\"Person, %d\",%d,DE\n", e.row, e.row, e.row)
			}
			e.row++
		}
		e.rest = b
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// TestFlatMemory reads a million rows (a tenth under -short) and looks at the heap on the way: it must not grow with
// the list. With the rows kept in a slice by the test, the heap was at 343 MiB.
func TestFlatMemory(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n /= 10
	}
	l, err := Open(Config{File: "-", Stdin: &endless{n: n}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var most uint64
	rows := 0
	for row, err := range l.Rows(context.Background()) {
		if err != nil || row.Invalid != "" {
			t.Fatal(err, row)
		}
		if rows++; rows%(n/10) == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if rows != n {
		t.Errorf("%d rows of %d", rows, n)
	}
	if most > 64<<20 {
		t.Errorf("heap of %d MiB", most>>20)
	}
}

// BenchmarkCSV is the reader alone: records to fields.
func BenchmarkCSV(b *testing.B) {
	text, err := io.ReadAll(&endless{n: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := delimited.NewCSV(delimited.Config{File: "x.csv"}, strings.NewReader(string(text)))
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = r.Next()
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRows is the whole way: address, types, filter, places, digest.
func BenchmarkRows(b *testing.B) {
	text, err := io.ReadAll(&endless{n: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"plain": {},
		"typed": {Columns: map[string]Type{"number": Number}},
		"where": {Columns: map[string]Type{"number": Number}, Where: `number > 5 && country == "DE"`},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cfg.File, cfg.Stdin = "-", strings.NewReader(string(text))
				benchmarkList(b, cfg)
			}
			b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkWorkbook reads 200,000 rows of 12 columns with shared texts: as lists are read here, with every address and
// type, and as excelize streams rows of texts.
func BenchmarkWorkbook(b *testing.B) {
	const rows = 200_000
	name := workbooktest.Big(b, rows)
	b.Run("mailshot", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			benchmarkList(b, Config{File: name, Columns: map[string]Type{"a": Number, "due": Date, "vip": Bool}})
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("excelize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := excelize.OpenFile(name)
			if err != nil {
				b.Fatal(err)
			}
			all, err := f.Rows("November")
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for ; all.Next(); n++ {
				if _, err := all.Columns(); err != nil {
					b.Fatal(err)
				}
			}
			if err := errors.Join(all.Close(), f.Close()); err != nil || n != rows+1 {
				b.Fatal(err, n)
			}
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

func benchmarkList(b *testing.B, cfg Config) {
	b.Helper()
	l, err := Open(cfg)
	if err != nil {
		b.Fatal(err)
	}
	for _, err := range l.Rows(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
