package artifacts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Folder is where files that were made are kept. home is as in [Config].
func Folder(home string) string { return filepath.Join(home, folder) }

// Forget removes the files that were made for the people with these names, and returns how many there were. A name is
// the key of a row or of its address: a person whom no plan has, but a check, is known by the address alone. What a kill
// has left of a file that was not whole goes with it: its name has that of the file in it. home is as in [Config].
func Forget(home string, names []string) (n int, err error) {
	key, err := os.ReadFile(filepath.Join(home, folder, keyName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	owners := map[string]bool{}
	for _, name := range names {
		owners[hash(key, "person", name)] = true
	}
	var errs []error
	for _, e := range editions(home) {
		dir := filepath.Join(home, folder, e.name)
		list, err := os.ReadDir(dir)
		errs = append(errs, err)
		for _, f := range list {
			if slices.ContainsFunc(strings.Split(f.Name(), "-"), func(part string) bool { return owners[part] }) {
				n++
				errs = append(errs, os.Remove(filepath.Join(dir, f.Name())))
			}
		}
	}
	return n, errors.Join(errs...)
}

// Purge says that the plans of these campaigns are over, and removes what no other plan needs. home is as in [Config].
func Purge(home string, campaigns []string) error {
	var errs []error
	for _, e := range editions(home) {
		dir, left := filepath.Join(home, folder, e.name), false
		for _, id := range campaigns {
			if err := os.Remove(filepath.Join(dir, markerOf(id))); err == nil {
				left = true
			} else if !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		if left || !e.planned && time.Since(e.used) > unneeded {
			errs = append(errs, removeUnplanned(home, e.name))
		}
	}
	return errors.Join(errs...)
}

// removeUnplanned removes an edition, unless a plan needs it.
func removeUnplanned(home, name string) error {
	for _, e := range editions(home) {
		if e.name == name && e.planned {
			return nil
		}
	}
	return os.RemoveAll(filepath.Join(home, folder, name))
}
