package campaign

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// disk is the simulated disk of one life of the model's program: a folder that no other life writes to. A crash ends
// the life, and the next one has a disk of its own, made from what the crash left.
//
// What a crash can leave is known, because between two acts nothing of ours is unwritten, and within an act SQLite only
// adds to its write-ahead log: a kill leaves the files as they are; a power cut in an act leaves whole those
// transactions whose sync had returned, and of the one that was being written any of its sectors, each whole or not at
// all.
type disk struct{ dir string }

func (d disk) state() string    { return filepath.Join(d.dir, ".mailshot", "state.db") }
func (d disk) accounts() string { return filepath.Join(d.dir, "user", "accounts.db") }

// image is the bytes of a disk: of the two databases and their logs, and of a run's own files.
type image struct{ state, stateLog, accounts, accountsLog, marks, journal []byte }

// marks is the file of what a run has started. It is not synced: a power cut loses it, and the machine's next start has
// another name.
func (d disk) marks() string { return d.beside(".marks") }

// journal is the file of what a run has done and the database lacks. Each write is synced before the next begins.
func (d disk) journal() string { return d.beside(".journal") }

func (d disk) beside(ending string) string {
	sum := sha256.Sum256([]byte(modelID))
	return filepath.Join(d.state()+".locks", hex.EncodeToString(sum[:12])+ending)
}

func (d disk) read() (image, error) {
	var i image
	var errs []error
	for name, to := range i.files(d) {
		b, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		*to = b
		errs = append(errs, err)
	}
	return i, errors.Join(errs...)
}

// write makes the disk, which is new, hold the image.
func (d disk) write(i image) error {
	var errs []error
	for name, from := range i.files(d) {
		if *from != nil {
			errs = append(errs, os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, *from, 0o600))
		}
	}
	return errors.Join(errs...)
}

func (i *image) files(d disk) map[string]*[]byte {
	return map[string]*[]byte{d.state(): &i.state, d.state() + "-wal": &i.stateLog, d.accounts(): &i.accounts,
		d.accounts() + "-wal": &i.accountsLog, d.marks(): &i.marks,
		d.journal(): &i.journal}
}

// sector is what a disk writes whole or not at all.
const sector = 512

// torn is what a power cut leaves of a log that an act was turning from was into is: every whole transaction before the
// interrupted one, and of the interrupted one the sectors that lot chooses. An act that does not only add to the log
// gives nil and false.
func torn(was, is []byte, lot *rand.Rand) ([]byte, bool) {
	if !bytes.HasPrefix(is, was) || len(is) == len(was) {
		return nil, false
	}
	// SQLite syncs the log's head before the first frame: a sector with frames in it that is lost is what it was, with the
	// head.
	const head = 32
	ends := []int{max(head, len(was))}
	page := int(binary.BigEndian.Uint32(is[8:12]))
	for at := head; at+24+page <= len(is); at += 24 + page {
		last := binary.BigEndian.Uint32(is[at+4:at+8]) != 0 // the frame ends a transaction
		if end := at + 24 + page; end > len(was) && last {
			ends = append(ends, end)
		}
	}
	if len(ends) == 1 {
		return nil, false
	}
	n := 1 + lot.IntN(len(ends)-1)
	from, to := ends[n-1], ends[n]
	left := bytes.Clone(is[:to])
	lose := func(a, b int) { clear(left[max(a, from):min(b, to)]) }
	switch lot.IntN(4) {
	case 0: // nothing of it came to the disk
		if len(was) < head {
			return left[:lot.IntN(2)*head], true // nor, perhaps, the head
		}
		return left[:from], true
	case 1: // all of it, and nobody was told
	case 2: // its beginning
		return left[:from+lot.IntN(to-from)], true
	default:
		for at := from - from%sector; at < to; at += sector {
			if lot.IntN(3) == 0 {
				lose(at, at+sector)
			}
		}
	}
	return left, true
}

// cutJournal is what a power cut leaves in the middle of a write that turned a journal from was into is: any of its
// sectors. It gives false if there was no such write.
func cutJournal(was, is []byte, lot *rand.Rand) ([]byte, bool) {
	if len(was) != len(is) || bytes.Equal(was, is) {
		return nil, false
	}
	left := bytes.Clone(was)
	for at := 0; at < len(is); at += sector {
		if end := min(at+sector, len(is)); lot.IntN(2) == 0 {
			copy(left[at:end], is[at:end])
		}
	}
	return left, true
}

// fold has what is in a journal come into the file, where it is looked at.
func (m *machine) fold() {
	if m.p != nil {
		m.must(m.p.s.run.Fold())
		return
	}
	l, err := ledger.Open(m.disk.state())
	m.must(err)
	m.must(l.Close())
}

// memory is a folder for files that have to be fast and are thrown away.
func memory(t testing.TB) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "mailshot-model-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// blank is the image of a disk with both databases and nothing in them.
func blank(t testing.TB, dir string) image {
	t.Helper()
	d := disk{dir: filepath.Join(dir, "blank")}
	l, err := ledger.Open(d.state())
	if err != nil {
		t.Fatal(err)
	}
	a, err := accounts.Open(d.accounts())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Secret(t.Context())
	if err := errors.Join(err, l.Close(), a.Close()); err != nil {
		t.Fatal(err)
	}
	i, err := d.read()
	if err != nil {
		t.Fatal(err)
	}
	return i
}
