package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"mailshot/campaign/statefile"
	"mailshot/internal/disk"
)

// Repairing is what follows the file's name in the name of the note that a repair leaves while it puts the new file in
// place of the damaged one. Until the note is gone Prepare refuses the file.
const Repairing = ".repair"

// Prepare makes sure that the database at path is a private regular file in a private folder, and makes both if they
// are missing. With ignore set the folder gets a .gitignore that covers all files in it. Prepare returns the absolute
// path.
func Prepare(path string, ignore bool) (_ string, err error) {
	defer func() { err = Explain(path, err) }()
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	dir := filepath.Dir(path)
	if err := privateFolder(dir); err != nil {
		return "", err
	}
	if ignore {
		if err := disk.Create(filepath.Join(dir, ".gitignore"), "*\n"); err != nil {
			return "", err
		}
	}
	if _, err := os.Lstat(path + Repairing); err == nil {
		return "", &statefile.Error{Path: path, Text: "a repair of it was interrupted",
			Hint: "mailshot state repair finishes it"}
	}
	if err := disk.Create(path, ""); err != nil {
		return "", err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := privateFile(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return path, nil
}

// privateFolder checks that only its owner may enter dir. If dir is missing, it makes dir and the folders above it.
func privateFolder(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			return err
		}
		// Another process may make it at the same time.
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := disk.SyncFolder(filepath.Dir(dir)); err != nil {
			return err
		}
		info, err = os.Stat(dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &statefile.Error{Path: dir, Text: "not a folder"}
	}
	return private(dir, info, "700")
}

// privateFile checks that path is a regular file that only its owner may read and write.
func privateFile(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &statefile.Error{Path: path, Text: fmt.Sprintf("not a regular file (%s)", info.Mode().Type()),
			Hint: "remove it, or name the file itself"}
	}
	return private(path, info, "600")
}

// private checks owner and mode. Windows has neither in a file's mode, and a user's folders are private there.
func private(path string, info fs.FileInfo, mode string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if !owned(info) {
		return &statefile.Error{Path: path, Text: "belongs to another user",
			Hint: "run mailshot as that user, or name another file with --state or --accounts"}
	}
	if info.Mode().Perm()&0o077 != 0 {
		text := fmt.Sprintf("other users may read it (mode %04o), and it holds personal data", info.Mode().Perm())
		return &statefile.Error{Path: path, Text: text, Hint: "chmod " + mode + " " + path}
	}
	return nil
}
