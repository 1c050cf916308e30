// Package marks remembers for one run which deliveries have started, and which have come to an end: [Create] makes the
// run's file, [File.Mark] writes a mark just before the first byte of a body leaves, [File.End] writes one when the
// server has given a whole reply, and [Known] tells the next run what is certain of the deliveries that it finds begun.
//
// A mark is not synced. A process that dies leaves its marks to the system, which keeps them; only with the system
// itself are they lost. So a file counts only where nothing of it can be lost: in the same boot of the machine, in the
// same mount of the file system, if it is the very file that the run made, and if it is whole. Its header says all of
// that. Where the system cannot tell boots and mounts apart, there are no marks, and nobody knows what has started.
//
// A mark is a number of eight bytes: the delivery's sequence in its campaign, what the mark says of it, its attempts
// and a check. It names no person. It is stored through a mapping of the file, whose room is made beforehand: an append
// to a file waits for every sync of another file on the same disk, and a store waits for nothing.
package marks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"sync"
)

// File is the marks of one run. It is safe for concurrent use. A nil File is that of a system without marks.
type File struct {
	path string
	f    *os.File
	sum  uint32 // of the header, which the check of each mark begins with

	mu   sync.Mutex
	head []byte // a mapping of the header, whose last eight bytes are the number of marks
	room []byte // a mapping of the newest piece of the file
	n    int64  // how many marks there are
}

// The file is a header, and pieces that hold marks and, behind the last mark, zeros.
const (
	size         = 8 // of a mark
	headSize     = 4096
	pieceSize    = 1 << 16
	attemptBits  = 6
	mostAttempts = 1<<attemptBits - 1
)

// What a mark says of a delivery.
const (
	starts = iota
	taken
	refused
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
	if err := Remove(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	m := &File{path: path, f: f}
	head := header(f, run)
	if head != nil {
		if _, err = f.WriteAt(append(head, make([]byte, size)...), 0); err == nil {
			m.head, err = mapped(f, 0, headSize)
		}
		m.sum = crc32.ChecksumIEEE(head)
	}
	if head == nil || err != nil {
		return nil, errors.Join(err, m.Remove())
	}
	store(m.head[headSize-size:], number(m.sum, 0))
	return m, nil
}

// header is what the run's file begins with, but for the number of marks: the boot, the mount, the file itself, and the
// run. nil: they cannot be told.
func header(f *os.File, run string) []byte {
	where := place(f)
	head := fmt.Appendf(nil, "mailshot marks 1\n%s\n%s\n", where, run)
	if where == "" || len(head) > headSize-size {
		return nil
	}
	return append(head, bytes.Repeat([]byte{'\n'}, headSize-size-len(head))...)
}

// Mark writes that d starts. After an error it must not. The mark is in the system's hands when Mark returns, and not
// on the disk.
func (m *File) Mark(d Delivery) error { return m.write(d, starts) }

// End writes that the server has given a whole reply to d, which has started: it has taken the message, or it has not.
func (m *File) End(d Delivery, tookIt bool) error {
	if tookIt {
		return m.write(d, taken)
	}
	return m.write(d, refused)
}

func (m *File) write(d Delivery, says uint64) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.head == nil {
		return fmt.Errorf("marks: %w", os.ErrClosed)
	}
	at := m.n * size % pieceSize
	if at == 0 {
		if err := m.grow(); err != nil {
			return fmt.Errorf("marks: %w", err)
		}
	}
	store(m.room[at:], encode(m.sum, m.n, d, says))
	m.n++
	store(m.head[headSize-size:], number(m.sum, m.n))
	return nil
}

// grow makes room for more marks. The room is on the disk before it is used: a store finds none missing.
func (m *File) grow() error {
	at := headSize + m.n*size
	if _, err := m.f.WriteAt(make([]byte, pieceSize), at); err != nil {
		return err
	}
	room, err := mapped(m.f, at, pieceSize)
	if err != nil {
		return err
	}
	old := m.room
	m.room = room
	return unmap(old)
}

// encode makes the mark of d, the n-th in the file with this header. It is never zero.
func encode(sum uint32, n int64, d Delivery, says uint64) uint64 {
	v := uint64(d.Sequence)<<8 | says<<attemptBits | d.attempts()
	return v<<16 | check(sum, n, v)
}

// number is how many marks there are, as it is stored.
func number(sum uint32, n int64) uint64 { return encode(sum, -1, Delivery{Sequence: n}, starts) }

// check is 16 bits over all that a mark depends on.
func check(sum uint32, n int64, v uint64) uint64 {
	var b [20]byte
	binary.BigEndian.PutUint32(b[:], sum)
	binary.BigEndian.PutUint64(b[4:], uint64(n))
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
	return m.close()
}

func (m *File) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := errors.Join(unmap(m.head), unmap(m.room), m.f.Close())
	m.head, m.room = nil, nil
	return err
}

// Remove closes the file and removes it: nothing is begun any more.
func (m *File) Remove() error {
	if m == nil {
		return nil
	}
	return errors.Join(m.close(), Remove(m.path))
}

// Remove removes the marks at path: whatever is begun may have started.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("marks: %w", err)
	}
	return nil
}

// Known returns what is certain of the deliveries found begun in the run with this name, in which each was begun. Those
// that wait have not started, or the server has refused them in a whole reply: nothing of them is at the server. Those
// that are accepted the server has taken. Of the others nobody knows. Nothing is certain where the file is missing, of
// another run, boot or mount, a copy, or damaged.
func Known(path, run string, begun []Delivery) (waiting, accepted []Delivery) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	// The system tells once, and only here, that it could not write what it had in its hands.
	if f.Sync() != nil {
		return nil, nil
	}
	want := header(f, run)
	if want == nil {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b) < headSize || (len(b)-headSize)%pieceSize != 0 || string(b[:len(want)]) != string(want) {
		return nil, nil
	}
	of := make(map[int64]heard, len(begun))
	for _, d := range begun {
		of[d.Sequence] = heard{}
	}
	sum, count := crc32.ChecksumIEEE(want), binary.NativeEndian.Uint64(b[len(want):])
	n, ok := read(b[headSize:], sum, of)
	// The process may have died between the store of a mark and that of the number.
	if !ok || count != number(sum, n) && count != number(sum, n-1) {
		return nil, nil
	}
	for _, d := range begun {
		h := of[d.Sequence]
		// An attempt counts one more as soon as it has an outcome. So this one has started if a mark has as many.
		switch ended := h.says != starts && int(h.attempts) == d.Attempts; {
		case h.started <= d.attempts(), ended && h.says == refused:
			waiting = append(waiting, d)
		case ended && h.says == taken:
			accepted = append(accepted, d)
		}
	}
	return waiting, accepted
}

// heard is what the marks say of a delivery.
type heard struct {
	started        uint64 // the most attempts with which it has started, and one
	says, attempts uint64 // of its end, if nothing of it has started since: starts = it has none
}

// read notes what the marks say of the deliveries in of. It returns how many marks there are, and whether they are
// whole.
func read(b []byte, sum uint32, of map[int64]heard) (n int64, ok bool) {
	for ; len(b) > 0; b = b[size:] {
		word := binary.NativeEndian.Uint64(b)
		if word == 0 {
			break
		}
		v := word >> 16
		if word&0xffff != check(sum, n, v) || v>>8 == 0 {
			return n, false
		}
		n++
		sequence, says, attempts := int64(v>>8), v>>attemptBits&3, v&mostAttempts
		switch h, ok := of[sequence]; {
		case !ok:
		case says == starts:
			of[sequence] = heard{started: max(h.started, attempts+1)}
		case attempts < mostAttempts: // else nobody knows which attempt it was
			h.says, h.attempts = says, attempts
			of[sequence] = h
		}
	}
	return n, len(bytes.TrimLeft(b, "\x00")) == 0
}
