package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mailshot/campaign/statefile"
)

// LogDamage looks through a database's write-ahead log for damage before its end. SQLite takes such damage for the end,
// and silently forgets what was committed after it: that people were mailed, for instance. LogDamage returns nil for a
// log that is whole, that is missing, or in which only the last transaction is torn, as a power cut leaves it.
//
// Every transaction is synced before the next is written. So a frame that does not fit the checksums belongs to the
// last transaction, unless transactions were finished behind it. Format:
// https://www.sqlite.org/fileformat2.html#walformat
func LogDamage(path string) error {
	at, err := scanLog(path + "-wal")
	for range 3 {
		if at == 0 || err != nil {
			return err
		}
		// Another process may have been writing the frame while it was read, or may have begun the log anew. Damage
		// stays where it is.
		was := at
		if at, err = scanLog(path + "-wal"); at != was {
			at = 0
		}
	}
	if at == 0 || err != nil {
		return err
	}
	text := fmt.Sprintf("the log is damaged at byte %d, and what was recorded after it is lost", at)
	return &statefile.Error{Path: path + "-wal", Text: text, Hint: DamageHint}
}

// DamageHint says what to do about a damaged file.
const DamageHint = "send nothing; mailshot state check shows what is wrong, and state repair what can be saved; " +
	"or bring back a backup. Do not delete the file and send again, which would mail people twice"

// scanLog returns where the log's first bad frame begins if transactions were finished after it, else 0. If the log's
// head is damaged, it returns where the head's checksums are: SQLite syncs the head before the first frame, so a log
// with frames once had a whole head.
func scanLog(path string) (bad int64, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	var head [32]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil // empty, or not begun
	}
	magic := binary.BigEndian.Uint32(head[0:])
	var order binary.ByteOrder = binary.LittleEndian
	if magic&1 != 0 {
		order = binary.BigEndian
	}
	sum := logSum{order: order}
	sum.add(head[:24])
	size := int(binary.BigEndian.Uint32(head[8:]))
	if magic&^1 != 0x377f0682 || size < 512 || size > 65536 ||
		sum.a != binary.BigEndian.Uint32(head[24:]) || sum.b != binary.BigEndian.Uint32(head[28:]) {
		if _, err := in.Peek(24 + 512); err == nil {
			return 24, nil
		}
		return 0, nil
	}
	frame := make([]byte, 24+size)
	commits := 0
	for at := int64(len(head)); ; at += int64(len(frame)) {
		if _, err := io.ReadFull(in, frame); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = nil
			}
			if commits < 2 { // one: the end of the torn transaction itself
				bad = 0
			}
			return bad, err
		}
		ours := string(frame[8:16]) == string(head[16:24]) // else it is left from before the log was begun anew
		if bad != 0 {
			if ours && binary.BigEndian.Uint32(frame[4:]) != 0 {
				commits++
			}
			continue
		}
		sum.add(frame[:8])
		sum.add(frame[24:])
		if !ours || sum.a != binary.BigEndian.Uint32(frame[16:]) || sum.b != binary.BigEndian.Uint32(frame[20:]) {
			bad = at
			if ours && binary.BigEndian.Uint32(frame[4:]) != 0 {
				commits++
			}
		}
	}
}

// logSum is the running checksum of a log.
type logSum struct {
	a, b  uint32
	order binary.ByteOrder
}

func (s *logSum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		s.a += s.order.Uint32(b) + s.b
		s.b += s.order.Uint32(b[4:]) + s.a
	}
}
