package trace

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Disk is a folder as the calls of a program change it. It is for one goroutine.
type Disk struct {
	root  string
	top   *inode
	names []*naming // changes of names that no sync has made sure of, the oldest first
	open  map[int]*handle
	syncs map[*Call]*promise
	// Syncs counts the syncs that have ended well: Synced gives the same between two of them.
	Syncs int
}

// inode is a file or a folder, whatever leads to it.
type inode struct {
	folder bool
	// Of a file: the bytes that are sure, and what was done since.
	data    []byte
	changes []*change
	size    int64 // now
	mapped  bool  // its bytes are written through memory, and unknown
	// Of a folder: the names that are sure, and those that there are now.
	sure, now map[string]*inode
}

// change is a write, or a new length where data is nil.
type change struct {
	at   int64
	data []byte
	done bool
}

// naming is a change of names that happens whole or not at all.
type naming struct {
	edits []edit
	done  bool
}

// edit makes a name lead to a file, or to none where to is nil.
type edit struct {
	folder *inode
	name   string
	to     *inode
}

// handle is an open file.
type handle struct {
	file     *inode
	at       int64
	appended bool // O_APPEND
}

// promise is what a sync makes sure of when it ends well.
type promise struct {
	file    *inode
	changes []*change
	names   []*naming
}

// NewDisk is the folder root with what the tree says in it, all of it synced.
func NewDisk(root string, t Tree) (*Disk, error) {
	root, err := filepath.EvalSymlinks(root) // as strace names it
	if err != nil {
		return nil, err
	}
	d := &Disk{root: root, top: newFolder()}
	d.Ended()
	for _, path := range slices.Sorted(maps.Keys(t)) {
		folder, name := d.find(filepath.Join(root, path))
		if folder == nil {
			return nil, fmt.Errorf("%s: in no folder of the tree", path)
		}
		n := newFolder()
		if data := t[path]; data != nil {
			n = &inode{data: slices.Clone(data), size: int64(len(data))}
		}
		folder.sure[name], folder.now[name] = n, n
	}
	return d, nil
}

func newFolder() *inode {
	return &inode{folder: true, sure: map[string]*inode{}, now: map[string]*inode{}}
}

// Ended says that the program has ended: none of its files is open any more.
func (d *Disk) Ended() { d.open, d.syncs = map[int]*handle{}, map[*Call]*promise{} }

// Holds reports whether a path is in the folder.
func (d *Disk) Holds(path string) bool { return path == d.root || strings.HasPrefix(path, d.root+"/") }

// find walks to the folder that has the path's last name. Outside of the disk's folder, and where there is no such
// folder, it is nil.
func (d *Disk) find(path string) (*inode, string) {
	rest, ok := strings.CutPrefix(filepath.Clean(path), d.root+"/")
	if !ok {
		return nil, ""
	}
	words := strings.Split(rest, "/")
	at := d.top
	for _, w := range words[:len(words)-1] {
		if at = at.now[w]; at == nil || !at.folder {
			return nil, ""
		}
	}
	return at, words[len(words)-1]
}

// lookup is the file or folder at the path now, nil if there is none.
func (d *Disk) lookup(path string) *inode {
	if filepath.Clean(path) == d.root {
		return d.top
	}
	if folder, name := d.find(path); folder != nil {
		return folder.now[name]
	}
	return nil
}

// Step takes the next step of a trace into account.
func (d *Disk) Step(s Step) error {
	if err := d.step(s.Call, s.Ends); err != nil {
		return fmt.Errorf("%s at %d: %w", s.Call.Name, s.Place, err)
	}
	return nil
}

func (d *Disk) step(c *Call, ends bool) error {
	if c.failed() && !strings.HasSuffix(c.Name, "sync") {
		return nil
	}
	switch c.Name {
	case "openat", "open", "creat":
		if ends {
			return d.opened(c)
		}
	case "close":
		if fd, _, err := c.fd(0); err != nil || !ends {
			delete(d.open, fd)
			return err
		}
	case "dup", "dup2", "dup3":
		fd, _, err := c.fd(0)
		if h := d.open[fd]; h != nil && ends {
			d.open[int(c.Result)] = h
		}
		return err
	case "write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "fallocate":
		return d.written(c, ends)
	case "truncate", "copy_file_range", "sendfile", "symlink", "symlinkat", "rmdir":
		for i := range c.Args {
			_, path, err := c.fd(i)
			if name, e := plain(c.Args[i]); e == nil && d.Holds(name) || d.Holds(path) {
				return fmt.Errorf("the replay does not know this call")
			} else if err != nil {
				return err
			}
		}
	case "fsync", "fdatasync":
		return d.sync(c, ends)
	case "mmap":
		_, path, err := c.fd(4)
		if err != nil || !d.Holds(path) || !strings.Contains(c.Args[2], "PROT_WRITE") ||
			!strings.Contains(c.Args[3], "MAP_SHARED") {
			return err
		}
		n := d.lookup(path)
		// Neither has to outlive the machine: an index of the log, and marks of the starts of one boot.
		if n == nil || !strings.HasSuffix(path, "-shm") && !strings.HasSuffix(path, ".marks") {
			return fmt.Errorf("%s is written through memory, which a trace does not show", path)
		}
		n.mapped = true
	case "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat":
		return d.named(c, ends)
	}
	return nil
}

// opened knows the file by the path that strace gives for the result.
func (d *Disk) opened(c *Call) error {
	hex, _, _ := strings.Cut(c.File, ">")
	path, err := plain(hex)
	if err != nil {
		return err
	}
	fd := int(c.Result)
	delete(d.open, fd)
	if !d.Holds(path) {
		return nil
	}
	flags := "O_CREAT|O_TRUNC"
	if c.Name == "open" {
		flags = c.Args[1]
	} else if c.Name == "openat" {
		flags = c.Args[2]
	}
	n := d.lookup(path)
	if n == nil {
		folder, name := d.find(path)
		if folder == nil || !strings.Contains(flags, "O_CREAT") {
			return fmt.Errorf("%s: where does it come from", path)
		}
		n = &inode{}
		d.rename(&naming{done: true}, edit{folder, name, n})
	}
	if strings.Contains(flags, "O_TRUNC") && n.size > 0 {
		n.change(&change{done: true})
	}
	d.open[fd] = &handle{file: n, appended: strings.Contains(flags, "O_APPEND")}
	return nil
}

// rename makes the edits, as part of the naming that they belong to.
func (d *Disk) rename(n *naming, edits ...edit) *naming {
	for _, e := range edits {
		if e.to == nil {
			delete(e.folder.now, e.name)
		} else {
			e.folder.now[e.name] = e.to
		}
	}
	n.edits = edits
	d.names = append(d.names, n)
	return n
}

// named changes names when the call begins: from then on it may have happened. It is over, and can be synced, when the
// call has ended.
func (d *Disk) named(c *Call, ends bool) error {
	if ends {
		if p := d.syncs[c]; p != nil {
			p.names[0].done = true
			delete(d.syncs, c)
		}
		return nil
	}
	var paths []string
	for _, at := range map[string][][2]int{
		"rename": {{-1, 0}, {-1, 1}}, "renameat": {{0, 1}, {2, 3}}, "renameat2": {{0, 1}, {2, 3}},
		"link":   {{-1, 0}, {-1, 1}},
		"linkat": {{0, 1}, {2, 3}}, "unlink": {{-1, 0}}, "unlinkat": {{0, 1}}, "mkdir": {{-1, 0}}, "mkdirat": {{0, 1}},
	}[c.Name] {
		path, err := c.path(at[0], at[1])
		if err != nil {
			return err
		}
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%s: where is that", path)
		}
		paths = append(paths, path)
	}
	if !slices.ContainsFunc(paths, d.Holds) {
		return nil
	}
	from, name := d.find(paths[0])
	to, toName := d.find(paths[len(paths)-1])
	if from == nil || to == nil {
		return fmt.Errorf("%v: no such folder, or one of them is outside", paths)
	}
	var edits []edit
	switch n := from.now[name]; {
	case strings.HasPrefix(c.Name, "mkdir"):
		edits = []edit{{from, name, newFolder()}}
	case n == nil:
		return fmt.Errorf("%s: no such file", paths[0])
	case strings.HasPrefix(c.Name, "unlink"):
		edits = []edit{{from, name, nil}}
	case strings.HasPrefix(c.Name, "link"):
		edits = []edit{{to, toName, n}}
	default:
		edits = []edit{{from, name, nil}, {to, toName, n}}
	}
	d.syncs[c] = &promise{names: []*naming{d.rename(&naming{}, edits...)}}
	return nil
}

// change notes what was done to a file.
func (n *inode) change(c *change) {
	n.changes = append(n.changes, c)
	if n.size = max(n.size, c.at+int64(len(c.data))); c.data == nil {
		n.size = c.at
	}
}

// written notes a write when it begins: from then on any of it may be on the disk. It can be synced when it has ended.
func (d *Disk) written(c *Call, ends bool) error {
	if ends {
		if p := d.syncs[c]; p != nil {
			p.changes[0].done = true
			delete(d.syncs, c)
		}
		return nil
	}
	fd, path, err := c.fd(0)
	if err != nil || !d.Holds(path) {
		return err
	}
	h := d.open[fd]
	if h == nil {
		return fmt.Errorf("%s: file %d was opened out of sight", path, fd)
	}
	made := &change{}
	last := len(c.Args) - 1
	switch c.Name {
	case "ftruncate":
		made.at, err = c.number(1)
	case "fallocate":
		return fmt.Errorf("the replay does not know this call")
	case "write", "writev":
		if made.at = h.at; h.appended {
			made.at = h.file.size
		}
		made.data, err = c.data()
		h.at = made.at + int64(len(made.data))
	case "pwritev2":
		last--
		fallthrough
	default:
		if made.at, err = c.number(last); err == nil {
			made.data, err = c.data()
		}
	}
	if err != nil || c.Name != "ftruncate" && len(made.data) == 0 {
		return err
	}
	h.file.change(made)
	d.syncs[c] = &promise{changes: []*change{made}}
	return nil
}

// sync makes sure of what was over when it began, when it ends without an error.
func (d *Disk) sync(c *Call, ends bool) error {
	if !ends {
		fd, path, err := c.fd(0)
		if err != nil || !d.Holds(path) {
			return err
		}
		h := d.open[fd]
		if h == nil {
			return fmt.Errorf("%s: file %d was opened out of sight", path, fd)
		}
		p := &promise{file: h.file}
		for _, ch := range h.file.changes {
			if ch.done {
				p.changes = append(p.changes, ch)
			}
		}
		for _, n := range d.names {
			if n.done && slices.ContainsFunc(n.edits, func(e edit) bool { return e.folder == h.file }) {
				p.names = append(p.names, n)
			}
		}
		d.syncs[c] = p
		return nil
	}
	p := d.syncs[c]
	delete(d.syncs, c)
	if p == nil || c.Result != 0 {
		return nil
	}
	d.Syncs++
	p.file.changes = slices.DeleteFunc(p.file.changes, func(ch *change) bool { return slices.Contains(p.changes, ch) })
	for _, ch := range p.changes {
		p.file.data = ch.apply(p.file.data)
	}
	d.names = slices.DeleteFunc(d.names, func(n *naming) bool { return slices.Contains(p.names, n) })
	for _, n := range p.names {
		n.apply(func(folder *inode) map[string]*inode { return folder.sure })
	}
	return nil
}

// apply gives the bytes after the change.
func (ch *change) apply(data []byte) []byte {
	end := ch.at + int64(len(ch.data))
	if grow := end - int64(len(data)); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	if ch.data == nil {
		return data[:end]
	}
	copy(data[ch.at:], ch.data)
	return data
}

// apply makes the edits among the names that of gives for a folder.
func (n *naming) apply(of func(*inode) map[string]*inode) {
	for _, e := range n.edits {
		if e.to == nil {
			delete(of(e.folder), e.name)
		} else {
			of(e.folder)[e.name] = e.to
		}
	}
}
