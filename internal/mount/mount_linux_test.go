package mount

import (
	"strings"
	"testing"
)

// The numbers are those of statfs(2). A number is looked at as it is, also where the system gives it a sign.
func TestNumbered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		number uint32
		mount  string // the kind of a program's file system
		want   string
	}{
		{"ext4", 0xEF53, "", ""}, {"xfs", 0x58465342, "", ""}, {"btrfs", 0x9123683E, "", ""},
		{"tmpfs", 0x01021994, "", ""}, {"overlayfs", 0x794C7630, "", ""}, {"zfs", 0x2FC12FC1, "", ""},
		{"f2fs", 0xF2F52010, "", ""}, {"bcachefs", 0xCA451A4E, "", ""}, {"ramfs", 0x858458F6, "", ""},
		{"ntfs", 0x5346544E, "", ""}, {"ntfs3", 0x7366746E, "", ""}, {"exfat", 0x2011BAB0, "", ""},
		{"vfat", 0x4D44, "", ""}, {"squashfs", 0x73717368, "", ""}, {"ecryptfs", 0xF15F, "", ""},
		{"not known", 0x12345678, "", ""}, {"zero", 0, "", ""},
		{"a program's", fuse, "fuse.fuse-overlayfs", ""}, {"a program's, not in the list", fuse, "", ""},
		{"nfs", 0x6969, "", "nfs"}, {"cifs", 0xFF534D42, "", "cifs"}, {"smb2", 0xFE534D42, "", "smb2"},
		{"9p", 0x01021997, "", "9p"}, {"ceph", 0x00C36400, "", "ceph"}, {"sshfs", fuse, "fuse.sshfs", "fuse.sshfs"},
	} {
		if got := numbered(tt.number, func() (string, string) { return tt.mount, "x" }); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMounted(t *testing.T) {
	t.Parallel()
	const text = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw
61 27 0:53 / /mnt/a\040b rw,nosuid shared:7 - fuse.sshfs ann@server:/x rw,user_id=0
62 27 0:54 / /mnt/c rw - fuse https://dav.example/ rw
broken
`
	for _, tt := range []struct{ device, kind, source string }{
		{"254:0", "ext4", "/dev/vda"}, {"0:53", "fuse.sshfs", "ann@server:/x"},
		{"0:54", "fuse", "https://dav.example/"}, {"0:5", "", ""},
	} {
		if kind, source := mounted(strings.NewReader(text), tt.device); kind != tt.kind || source != tt.source {
			t.Errorf("%s: %q, %q", tt.device, kind, source)
		}
	}
}
