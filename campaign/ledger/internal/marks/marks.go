// Package marks remembers for one run which deliveries have started: [Create] makes the run's file, [File.Mark] writes
// a mark just before the first byte of a body leaves, and [Waiting] tells the next run which of the deliveries that it
// finds begun have none.
//
// A mark is not synced. A process that dies leaves its marks to the system, which keeps them; only with the system itself
// are they lost. So a file counts only where nothing of it can be lost: in the same boot of the machine, in the same
// mount of the file system, if it is the very file that the run made, and if it is whole. Its header says all of that.
// Where the system cannot tell boots and mounts apart, there are no marks, and nobody knows what has started.
//
// A mark is a number of eight bytes: the delivery's sequence in its campaign, its attempts and a check. It names no
// person.
package marks

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"sync"
)

// File is the marks of one run. It is safe for concurrent use. A nil File is that of a system without marks.
type File struct {
	path string
	f    *os.File

	mu  sync.Mutex
	end int64  // where the next mark goes
	sum uint32 // of the header, which the check of each mark begins with
}

const (
	size         = 8 // of a mark
	sequenceBits = 40
	mostAttempts = 1<<8 - 1
)

// Delivery is a delivery that starts, or that was found begun.
type Delivery struct {
	Sequence int64 // in its campaign, from 1, less than 1 << 40
	Attempts int   // that were recorded before
}

// attempts are those of a mark. More than it has room for are as many as it has.
func (d Delivery) attempts() uint64 { return uint64(min(max(d.Attempts, 0), mostAttempts)) }

// Create makes the file of the run with this name, in place of an older run's. It returns nil where there are no marks.
func Create(path, run string) (*File, error) {
	// The older file goes: a process that still had it open must not write into this one.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("marks: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	head := header(f, run)
	if head == nil {
		return nil, errors.Join(f.Close(), os.Remove(path))
	}
	if _, err := f.WriteAt(head, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("marks: %w", err), f.Close(), os.Remove(path))
	}
	return &File{path: path, f: f, end: int64(len(head)), sum: crc32.ChecksumIEEE(head)}, nil
}

// header is what the run's file begins with: the boot, the mount, the file itself, and the run. nil: they cannot be
// told. Its length is a multiple of a mark's.
func header(f *os.File, run string) []byte {
	where := place(f)
	if where == "" {
		return nil
	}
	head := fmt.Appendf(nil, "mailshot marks 1\n%s\n%s\n", where, run)
	for len(head)%size != size-1 {
		head = append(head, ' ')
	}
	return append(head, '\n')
}

// Mark writes that d starts. After an error it must not. The mark is in the system's hands when Mark returns, and not
// on the disk.
func (m *File) Mark(d Delivery) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := encode(m.sum, m.end, d)
	if _, err := m.f.WriteAt(b[:], m.end); err != nil {
		return fmt.Errorf("marks: %w", err)
	}
	m.end += size
	return nil
}

// encode makes the mark of d that stands at a place in the file with this header. Zeros are not a mark.
func encode(sum uint32, at int64, d Delivery) (b [size]byte) {
	v := uint64(d.Sequence)<<8 | d.attempts()
	binary.BigEndian.PutUint64(b[:], v<<16|check(sum, at, v))
	return b
}

// check is 16 bits over all that a mark depends on.
func check(sum uint32, at int64, v uint64) uint64 {
	var b [20]byte
	binary.BigEndian.PutUint32(b[:], sum)
	binary.BigEndian.PutUint64(b[4:], uint64(at))
	binary.BigEndian.PutUint64(b[12:], v)
	c := crc32.ChecksumIEEE(b[:])
	return uint64(c>>16 ^ c&0xffff)
}

// Close closes the file, which stays for the next run if the disk takes it.
func (m *File) Close() error {
	if m == nil {
		return nil
	}
	if err := m.f.Sync(); err != nil {
		return errors.Join(err, m.Remove())
	}
	return m.f.Close()
}

// Remove closes the file and removes it: nothing is begun any more.
func (m *File) Remove() error {
	if m == nil {
		return nil
	}
	return errors.Join(m.f.Close(), Remove(m.path))
}

// Remove removes the marks at path: whatever is begun may have started.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("marks: %w", err)
	}
	return nil
}

// Waiting returns those of the deliveries found begun that have certainly not started in the run with this name, of
// which each was begun. It returns none where that cannot be told: the file is missing, of another run, boot or mount,
// a copy, or damaged.
func Waiting(path, run string, begun []Delivery) []Delivery {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	// The system tells once, and only here, that it could not write what it had in its hands.
	if f.Sync() != nil {
		return nil
	}
	want := header(f, run)
	if want == nil {
		return nil
	}
	in := bufio.NewReaderSize(f, 1<<16)
	head := make([]byte, len(want))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != string(want) {
		return nil
	}
	started := make(map[int64]uint64, len(begun)) // the most attempts with which each has started, and one
	for _, d := range begun {
		started[d.Sequence] = 0
	}
	if !read(in, crc32.ChecksumIEEE(head), int64(len(head)), started) {
		return nil
	}
	var waiting []Delivery
	for _, d := range begun {
		// An attempt counts one more as soon as it has an outcome. So this one has started if a mark has as many.
		if started[d.Sequence] <= d.attempts() {
			waiting = append(waiting, d)
		}
	}
	return waiting
}

// read notes the marks of the deliveries in started, and reports whether the file is whole.
func read(in io.Reader, sum uint32, at int64, started map[int64]uint64) bool {
	for ; ; at += size {
		var b [size]byte
		if _, err := io.ReadFull(in, b[:]); err != nil {
			return errors.Is(err, io.EOF) // part of a mark is io.ErrUnexpectedEOF
		}
		word := binary.BigEndian.Uint64(b[:])
		v := word >> 16
		if word&0xffff != check(sum, at, v) || v>>8 == 0 {
			return false
		}
		sequence := int64(v >> 8)
		if before, ok := started[sequence]; ok {
			started[sequence] = max(before, v&mostAttempts+1)
		}
	}
}
