// Package mount tells whether a file is on a disk of this machine. [Network] names the network file system that has a
// path; what is local, and what nobody knows, has no name.
//
// A database with a write-ahead log and file locks need a local disk: processes on two machines do not share memory,
// and many servers' locks are not those of this machine.
package mount

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Network returns the kind of network file system that path is on, as nfs or cifs; "" if path is on a disk of this
// machine, or if the kind is not known. path need not exist: the folder counts in which it would be made.
func Network(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	for {
		// What cannot be looked at is not known; opening it says why.
		if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return network(path)
		}
		above := filepath.Dir(path)
		if above == path {
			return ""
		}
		path = above
	}
}

// networks are the kinds of file systems, as systems call them, whose files another machine has.
var networks = words(`nfs nfs4 cifs smb smb2 smb3 smbfs afpfs webdav ftp 9p ceph lustre afs coda ncpfs gpfs beegfs panfs
	fuse.sshfs fuse.rclone fuse.s3fs fuse.goofys fuse.geesefs fuse.mount-s3 fuse.mountpoint-s3 fuse.gcsfuse
	fuse.blobfuse fuse.blobfuse2 fuse.glusterfs fuse.ceph fuse.ceph-fuse fuse.curlftpfs fuse.davfs fuse.davfs2
	fuse.juicefs fuse.seaweedfs fuse.mfs fuse.moosefs fuse.lizardfs fuse.xtreemfs fuse.orangefs fuse.gvfsd-fuse
	fuse.kio-fuse fuse.smbnetfs fuse.afpfs fuse.afp fuse.httpdirfs fuse.google-drive-ocamlfuse fuse.onedriver
	fuse.hdfs fuse.fuse_dfs fuse.fuse-nfs`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// named returns the kind if it is that of a network file system. source is what was mounted, "" if not known: a program
// that gives its file system no kind of its own often names what it fetches from.
func named(kind, source string) string {
	kind = strings.ToLower(kind)
	if networks[kind] || strings.HasPrefix(kind, "fuse") && strings.Contains(source, "://") {
		return kind
	}
	return ""
}
