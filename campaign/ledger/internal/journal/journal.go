// Package journal makes what a run does durable at the price of one small write and one sync. [Create] makes the file
// of a run, [File.Write] appends a group of steps and returns when it is on the disk, and [Read] gives the next process
// the groups that the database lacks.
//
// Groups are numbered from 1. The database takes them over in its own time, many in one transaction that also says up
// to which number: it folds them. The file has two halves. [File.Turn] has the next group go into the other half, so
// that the database can fold what is in the first one meanwhile. So the file never grows, and a group is only ever
// written over one that is in the database.
//
// A group is a record: its length, a check over everything, its number, and what the caller gave. The check begins with
// the name of the run, so another file's record does not count. A power cut can leave a part of the record that was
// being written, whose caller was not told that it is durable. Anything else that is missing is damage: see [ErrLost].
package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mailshot/internal/disk"
)

// HalfSize is how many bytes of records each half of the file has room for.
const HalfSize = 1 << 19

const (
	magic    = "mailshot journal 1\n"
	headSize = 4096
	prefix   = 16 // of a record: length, check, number
	align    = 8  // of a record's place
)

var (
	// ErrFull says that a half has no room for the group, and nothing was written.
	ErrFull = errors.New("no room in the journal")

	// ErrLost says that groups are missing: the file is not there, is another run's, or is damaged.
	ErrLost = errors.New("what the last run did is not all there any more")
)

var table = crc32.MakeTable(crc32.Castagnoli)

// File is the journal of one run. Its methods are for one goroutine at a time.
type File struct {
	path string
	f    *os.File
	sum  uint32 // of the header, which the check of each record begins with

	half   int   // the one that is written
	at     int   // where the next record begins in it
	number int64 // of the last group
	buf    []byte
}

// Create makes the file of the run with this name, in place of an older run's. The name and the file's room are on the
// disk when it returns.
func Create(path, run string) (_ *File, err error) {
	head, err := header(run)
	if err != nil {
		return nil, err
	}
	if err := Remove(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j := &File{path: path, f: f, sum: crc32.Checksum(head, table)}
	// Room that was written once needs no sync of the file's own record later.
	_, err = f.Write(head)
	for room := make([]byte, 2*HalfSize/16); j.at < 2*HalfSize && err == nil; j.at += len(room) {
		_, err = f.Write(room)
	}
	j.at = 0
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = disk.SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal: %w", err), j.Remove())
	}
	return j, nil
}

// header is what the file of a run begins with.
func header(run string) ([]byte, error) {
	head := fmt.Appendf(nil, magic+"%s\n", run)
	if len(head) > headSize {
		return nil, fmt.Errorf("journal: the run's name is too long (%d bytes)", len(run))
	}
	return append(head, make([]byte, headSize-len(head))...), nil
}

// Write appends a group, and returns its number when it is on the disk. ErrFull means that it does not fit into what is
// left of this half; the caller turns, or gives the group to the database. After any other error it is not known
// whether the group is there.
func (j *File) Write(group []byte) (int64, error) {
	size := prefix + len(group)
	if j.at+size > HalfSize {
		return 0, ErrFull
	}
	number := j.number + 1
	b := append(j.buf[:0], make([]byte, prefix)...)
	b = append(b, group...)
	binary.LittleEndian.PutUint32(b, uint32(len(group)))
	binary.LittleEndian.PutUint64(b[8:], uint64(number))
	binary.LittleEndian.PutUint32(b[4:], check(j.sum, b))
	j.buf = b
	if _, err := j.f.WriteAt(b, j.place()); err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	if err := datasync(j.f); err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	j.number = number
	j.at += (size + align - 1) / align * align
	return number, nil
}

func (j *File) place() int64 { return int64(headSize + j.half*HalfSize + j.at) }

// Turn has the next group go into the other half, all of which the database has, and returns the number of the last
// group so far.
func (j *File) Turn() int64 {
	j.half, j.at = 1-j.half, 0
	return j.number
}

// Last is the number of the last group, 0 if there is none.
func (j *File) Last() int64 { return j.number }

// check is the check of a record, whose check field does not count.
func check(sum uint32, record []byte) uint32 {
	c := crc32.Update(sum, table, record[:4])
	return crc32.Update(c, table, record[8:])
}

// Remove closes the file and removes it: the database has everything.
func (j *File) Remove() error { return errors.Join(j.Close(), Remove(j.path)) }

// Close closes the file, which stays for the next run.
func (j *File) Close() error {
	if err := j.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Remove removes the journal at path, which nobody needs any more.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Read gives each group of the run with this name that comes after the number folded, in order. The group is the
// caller's. It returns an error that is ErrLost if one of them is missing. The run may be under way: then Read gives
// the groups that were there when it began, and perhaps later ones.
func Read(path, run string, folded int64, each func(group []byte) error) error {
	head, err := header(run)
	if err != nil {
		return err
	}
	groups, err := settled(func() ([]byte, error) { return load(path) }, head, folded)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: there is no %s", ErrLost, filepath.Base(path))
	case errors.Is(err, ErrLost):
		return fmt.Errorf("%w in %s", err, filepath.Base(path))
	case err != nil:
		return err
	}
	for _, group := range groups {
		if err := each(group); err != nil {
			return err
		}
	}
	return nil
}

// settled is the groups after the number folded. What is written while the file is loaded may be there without what was
// written before it. So what is lost is believed only when it is lost in the same file once more.
func settled(load func() ([]byte, error), head []byte, folded int64) (groups [][]byte, err error) {
	for before := []byte(nil); ; {
		b, err := load()
		if err != nil {
			return nil, err
		}
		if groups, err = unfolded(b, head, folded); err == nil || bytes.Equal(b, before) {
			return groups, err
		}
		before = b
	}
}

// unfolded is the groups after the number folded in a file with this header. The error is ErrLost.
func unfolded(b, head []byte, folded int64) (groups [][]byte, err error) {
	if len(b) != headSize+2*HalfSize || !bytes.HasPrefix(b, head) {
		return nil, fmt.Errorf("%w: the file is not whole, or is another run's,", ErrLost)
	}
	sum := crc32.Checksum(head, table)
	found := map[int64][]byte{}
	most := int64(0)
	for half := range 2 {
		at := headSize + half*HalfSize
		last := scan(b[at:at+HalfSize], sum, found)
		// A record behind the end of the others is older than they are: else one between them is damaged.
		most = max(most, last, newest(b[at:at+HalfSize], sum, last))
	}
	if most < folded { // a half is written over only when the other one has later groups
		return nil, fmt.Errorf("%w: the database has group %d, and the last one is %d", ErrLost, folded, most)
	}
	for n := folded + 1; n <= most; n++ {
		group, ok := found[n]
		if !ok {
			return nil, fmt.Errorf("%w: group %d of %d is missing", ErrLost, n, most)
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// load is what is in the file.
func load(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs no file that is open for reading alone
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer f.Close()
	// The system tells once, and only here, that it could not write what it had in its hands.
	err = f.Sync()
	b := make([]byte, headSize+2*HalfSize+1) // a byte more than a file has
	var n int
	if err == nil {
		n, err = io.ReadFull(f, b)
	}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return b[:n], nil
}

// Foreign reports whether the file at path is a journal of this run, by the beginning of its name, that has groups and
// another name than known. Such a file is later than a database that knows no other.
func Foreign(path, run, known string) (bool, error) {
	b, err := load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	own := []byte(magic + known + "\n")
	if err != nil || len(b) != headSize+2*HalfSize || !bytes.HasPrefix(b, []byte(magic+run+" ")) || bytes.HasPrefix(b, own) {
		return false, err
	}
	_, _, some := record(b[headSize:], crc32.Checksum(b[:headSize], table)) // the first half is written first
	return some, nil
}

// scan notes the records at the beginning of a half, whose numbers follow one another, and returns the last number.
func scan(half []byte, sum uint32, found map[int64][]byte) (last int64) {
	for at := 0; ; {
		number, group, ok := record(half[at:], sum)
		if !ok || last != 0 && number != last+1 {
			return last
		}
		found[number], last = group, number
		at += (prefix + len(group) + align - 1) / align * align
		if at >= len(half) {
			return last
		}
	}
}

// newest is the largest number of any whole record in a half.
func newest(half []byte, sum uint32, least int64) int64 {
	for at := 0; at+prefix <= len(half); at += align {
		// Few places have a number that could be one, so that few are checked.
		if n := int64(binary.LittleEndian.Uint64(half[at+8:])); n > least {
			if _, _, ok := record(half[at:], sum); ok {
				least = n
			}
		}
	}
	return least
}

// record reads the record that b begins with.
func record(b []byte, sum uint32) (number int64, group []byte, ok bool) {
	if len(b) < prefix {
		return 0, nil, false
	}
	size := binary.LittleEndian.Uint32(b)
	number = int64(binary.LittleEndian.Uint64(b[8:]))
	if number < 1 || size > HalfSize || int(size) > len(b)-prefix {
		return 0, nil, false
	}
	b = b[:prefix+int(size)]
	if binary.LittleEndian.Uint32(b[4:]) != check(sum, b) {
		return 0, nil, false
	}
	return number, b[prefix:], true
}
