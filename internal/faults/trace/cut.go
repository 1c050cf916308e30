package trace

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

const (
	block  = 4096 // what a system writes to a disk at once
	sector = 512  // what a disk writes whole
)

// Tree is a folder's content: the bytes of each file, by its path below the folder, and nil for a folder.
type Tree map[string][]byte

// ReadTree reads what is in dir.
func ReadTree(dir string) (Tree, error) {
	t := Tree{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if t[name] = nil; !e.IsDir() {
			t[name], err = os.ReadFile(path)
		}
		return err
	})
	return t, err
}

// Synced is the folder with nothing but what is sure to be there: the least that a power cut leaves.
func (d *Disk) Synced() Tree {
	t := Tree{}
	t.gather("", d.top, func(n *inode) map[string]*inode { return n.sure },
		func(n *inode) []byte { return slices.Clip(n.data) })
	return t
}

// Now is the folder as the program sees it: the most that a power cut leaves.
func (d *Disk) Now() Tree {
	t := Tree{}
	t.gather("", d.top, func(n *inode) map[string]*inode { return n.now }, func(n *inode) []byte {
		data := slices.Clone(n.data)
		for _, ch := range n.changes {
			data = ch.apply(data)
		}
		return data
	})
	return t
}

// Cut is the folder as it may be when the power goes now. What the disk has of that which was not synced is drawn from
// r; one time in eight it has none of it, and one in eight all.
func (d *Disk) Cut(r *rand.Rand) Tree {
	l := luck{r: r, all: r.IntN(8), drawn: map[*inode][]byte{}}
	folders := map[*inode]map[string]*inode{}
	names := func(n *inode) map[string]*inode {
		if folders[n] == nil {
			folders[n] = maps.Clone(n.sure)
		}
		return folders[n]
	}
	for _, n := range d.names {
		if l.lucky() {
			n.apply(names)
		}
	}
	t := Tree{}
	t.gather("", d.top, names, l.bytes)
	return t
}

// gather takes what is below a folder.
func (t Tree) gather(path string, folder *inode, names func(*inode) map[string]*inode, bytes func(*inode) []byte) {
	list := names(folder)
	for _, name := range slices.Sorted(maps.Keys(list)) { // in an order, so that what is drawn hangs on the seed alone
		switch n := list[name]; {
		case n.folder:
			t[filepath.Join(path, name)] = nil
			t.gather(filepath.Join(path, name), n, names, bytes)
		default:
			t[filepath.Join(path, name)] = append([]byte{}, bytes(n)...)
		}
	}
}

// Write makes the tree's files and folders below dir, private ones.
func (t Tree) Write(dir string) error {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		path := filepath.Join(dir, name)
		if t[name] == nil {
			if err := os.MkdirAll(path, 0o700); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, t[name], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// luck draws what a disk has of what was not synced: 0 none, 1 all, else some.
type luck struct {
	r     *rand.Rand
	all   int
	drawn map[*inode][]byte
}

func (l luck) lucky() bool {
	switch l.all {
	case 0, 1:
		return l.all == 1
	}
	return l.r.IntN(2) == 1
}

// bytes are a file's after the cut, the same by each of its names.
func (l luck) bytes(n *inode) []byte {
	data, ok := l.drawn[n]
	if !ok {
		data = l.draw(n)
		l.drawn[n] = data
	}
	return data
}

func (l luck) draw(n *inode) []byte {
	if n.mapped {
		junk := make([]byte, n.size)
		for i := range junk {
			junk[i] = byte(l.r.Uint32())
		}
		return junk
	}
	if len(n.changes) == 0 || l.all == 0 {
		return n.data
	}
	now := slices.Clone(n.data)
	sizes := []int{len(now)}
	ages := map[int][][]byte{} // of each block that was changed
	at := func(number int) []byte {
		b := make([]byte, block)
		if from := number * block; from < len(now) {
			copy(b, now[from:])
		}
		return b
	}
	for _, ch := range n.changes {
		first, last := int(ch.at)/block, (int(ch.at)+len(ch.data)-1)/block
		if ch.data == nil { // a new length
			last = (max(len(now), int(ch.at)) - 1) / block
		}
		for i := first; i <= last; i++ {
			if ages[i] == nil {
				ages[i] = [][]byte{at(i)}
			}
		}
		now = ch.apply(now)
		for i := first; i <= last; i++ {
			ages[i] = append(ages[i], at(i))
		}
		sizes = append(sizes, len(now))
	}
	if l.all == 1 {
		return now
	}
	size := len(now)
	if l.r.IntN(2) == 0 {
		size = sizes[l.r.IntN(len(sizes))]
	}
	left := make([]byte, max(size, len(now)))
	copy(left, now)
	for _, i := range slices.Sorted(maps.Keys(ages)) {
		b := l.age(ages[i])
		if from := i * block; from < len(left) {
			copy(left[from:], b)
		}
	}
	return left[:size]
}

// age draws one of a block's ages, or a block of them all.
func (l luck) age(ages [][]byte) []byte {
	switch l.r.IntN(4) {
	case 0:
		return ages[0]
	case 1:
		return ages[len(ages)-1]
	case 2:
		return ages[l.r.IntN(len(ages))]
	}
	torn := make([]byte, block)
	for s := 0; s < block; s += sector {
		copy(torn[s:s+sector], ages[l.r.IntN(len(ages))][s:])
	}
	return torn
}
