package roster

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

// tape has the rows that were read, one after another, in memory or in a file. It is written once, then read.
type tape struct {
	home string // where the folder of its file is made
	held []byte // nil once there is a file
	file *os.File
	out  *bufio.Writer
	done func() error
	size int64
}

// write adds a row, and returns where it begins.
func (t *tape) write(row []byte) (at int64, err error) {
	at = t.size
	t.size += int64(len(row))
	if t.file == nil && t.size > mostHeld {
		if t.file, t.done, err = scratch.File(t.home, "people"); err != nil {
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

// end is called after the last row.
func (t *tape) end() error {
	if t.out == nil {
		return nil
	}
	err := t.out.Flush()
	t.out = nil
	return err
}

// read returns the bytes between two places. They must not be changed.
func (t *tape) read(from, to int64) ([]byte, error) {
	if t.file == nil {
		return t.held[from:to], nil
	}
	b := make([]byte, to-from)
	_, err := t.file.ReadAt(b, from)
	return b, err
}

// close gives the file back.
func (t *tape) close() error {
	if t.done == nil {
		return nil
	}
	err := t.done()
	t.done = nil
	return err
}

// errTape is what a row that is not as it was written gives.
var errTape = errors.New("the rows that were read are damaged; read the file again")

// put are the pieces of a row as it is written.
type put []byte

func (p *put) number(n int64) { *p = binary.AppendVarint(*p, n) }

func (p *put) text(s string) {
	p.number(int64(len(s)))
	*p = append(*p, s...)
}

// take reads what put wrote. After a mistake err is set, and what is read is empty.
type take struct {
	rest []byte
	err  error
}

func (t *take) number() int64 {
	n, size := binary.Varint(t.rest)
	if size <= 0 {
		t.err, t.rest = errTape, nil
		return 0
	}
	t.rest = t.rest[size:]
	return n
}

func (t *take) text() string {
	n := t.number()
	if n < 0 || n > int64(len(t.rest)) {
		t.err, t.rest = errors.Join(errTape, io.ErrUnexpectedEOF), nil
		return ""
	}
	s := string(t.rest[:n])
	t.rest = t.rest[n:]
	return s
}
