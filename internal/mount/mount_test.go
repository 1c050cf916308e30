package mount

import (
	"path/filepath"
	"testing"
)

// A temporary folder of this machine is not on a network, and neither is what is not there yet.
func TestLocal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "a", "b", "state.db")} {
		if kind := Network(path); kind != "" {
			t.Errorf("%s is on %q", path, kind)
		}
	}
}

// Kinds that are local, or that are not known, are never refused. (Breakage: every fuse file system was taken for one
// of the network, and rootless containers have fuse-overlayfs.)
func TestNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, source, want string }{
		{"ext4", "/dev/sda1", ""}, {"xfs", "/dev/sda1", ""}, {"btrfs", "/dev/sda1", ""}, {"tmpfs", "tmpfs", ""},
		{"overlay", "overlay", ""}, {"zfs", "pool/home", ""}, {"apfs", "/dev/disk3s1", ""}, {"hfs", "/dev/disk1", ""},
		{"ntfs", "//x", ""}, {"ntfs3", "/dev/sdb1", ""}, {"exfat", "/dev/sdb1", ""}, {"bcachefs", "/dev/sdb1", ""},
		{"fuseblk", "/dev/sdb1", ""}, {"fuse.fuse-overlayfs", "fuse-overlayfs", ""}, {"fuse.mergerfs", "a:b", ""},
		{"fuse.gocryptfs", "/home/ann/.secret", ""}, {"fuse.portal", "portal", ""}, {"fuse", "something", ""},
		{"virtiofs", "shared", ""}, {"macfuse", "x", ""}, {"", "", ""}, {"new one", "server:/x", ""},
		{"nfs", "server:/x", "nfs"}, {"nfs4", "server:/x", "nfs4"}, {"cifs", "//server/x", "cifs"},
		{"smbfs", "//ann@server/x", "smbfs"}, {"9p", "C:", "9p"}, {"afpfs", "afp_x", "afpfs"},
		{"webdav", "http://x", "webdav"}, {"fuse.sshfs", "ann@server:", "fuse.sshfs"},
		{"fuse.s3fs", "s3fs", "fuse.s3fs"}, {"fuse.rclone", "drive:", "fuse.rclone"},
		{"fuse", "https://dav.example/x", "fuse"},
	} {
		if got := named(tt.kind, tt.source); got != tt.want {
			t.Errorf("named(%q, %q) = %q, want %q", tt.kind, tt.source, got, tt.want)
		}
	}
}
