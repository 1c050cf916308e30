// Package tape keeps rows that were read, one after another, so that any of them is there at once. Add all of them to
// a [Tape], call End, and read each by the place that Add has returned. What is more than fits into a little memory is
// in a file of a working folder, which Close removes. [Put] and [Take] write and read what a row is made of.
//
// A Tape is written by one goroutine. After End it may be read by several, until Close.
package tape

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"mailshot/internal/scratch"
)

// mostHeld is how many bytes of rows are held in memory; those of longer lists are in a working folder.
const mostHeld = 4 << 20

// Tape has rows in memory or in a file. It is written once, then read.
type Tape struct {
	Home string // where the folder of its file is made, see scratch.New
	What string // what it is for, as its folder's name says

	held []byte // nil once there is a file
	file *os.File
	out  *bufio.Writer
	done func() error
	size int64
}

// Add adds a row, and returns where it begins.
func (t *Tape) Add(row []byte) (at int64, err error) {
	at = t.size
	t.size += int64(len(row))
	if t.file == nil && t.size > mostHeld {
		if t.file, t.done, err = scratch.File(t.Home, t.What); err != nil {
			return 0, err
		}
		t.out = bufio.NewWriterSize(t.file, 1<<18)
		if _, err = t.out.Write(t.held); err != nil {
			return 0, err
		}
		t.held = nil
	}
	if t.file == nil {
		t.held = append(t.held, row...)
		return at, nil
	}
	_, err = t.out.Write(row)
	return at, err
}

// End is called after the last row.
func (t *Tape) End() error {
	if t.out == nil {
		return nil
	}
	err := t.out.Flush()
	t.out = nil
	return err
}

// Read returns the bytes between two places; to is 0 for the end of the last row. They must not be changed.
func (t *Tape) Read(from, to int64) ([]byte, error) {
	if to == 0 {
		to = t.size
	}
	if t.file == nil {
		return t.held[from:to], nil
	}
	b := make([]byte, to-from)
	_, err := t.file.ReadAt(b, from)
	return b, err
}

// Close gives the file back.
func (t *Tape) Close() error {
	if t.done == nil {
		return nil
	}
	err := t.done()
	t.done = nil
	return err
}

// errTape is what a row that is not as it was written gives.
var errTape = errors.New("the rows that were read are damaged; read the file again")

// Put are the pieces of a row as it is written.
type Put []byte

// Number adds a number.
func (p *Put) Number(n int64) { *p = binary.AppendVarint(*p, n) }

// Text adds a text.
func (p *Put) Text(s string) {
	p.Number(int64(len(s)))
	*p = append(*p, s...)
}

// Take reads what Put wrote. After a mistake Err is set, and what is read is empty.
type Take struct {
	Rest []byte
	Err  error
}

// Number reads a number.
func (t *Take) Number() int64 {
	n, size := binary.Varint(t.Rest)
	if size <= 0 {
		t.Err, t.Rest = errTape, nil
		return 0
	}
	t.Rest = t.Rest[size:]
	return n
}

// Text reads a text.
func (t *Take) Text() string {
	n := t.Number()
	if n < 0 || n > int64(len(t.Rest)) {
		t.Err, t.Rest = errors.Join(errTape, io.ErrUnexpectedEOF), nil
		return ""
	}
	s := string(t.Rest[:n])
	t.Rest = t.Rest[n:]
	return s
}
