package runlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mailshot/internal/disk"
)

// list is the file in a ledger's folder that names the logs of its campaigns.
const list = "logs"

// Remember notes in a ledger's folder that a log is kept at path, for whoever looks for what is kept of a person.
func Remember(folder, path string) error {
	path, err := filepath.Abs(path)
	if err != nil || slices.Contains(names(folder), path) {
		return err
	}
	f, err := os.OpenFile(filepath.Join(folder, list), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(path + "\n")
	return errors.Join(err, f.Close())
}

// Known are the files of the logs that were remembered in a ledger's folder and are there, older ones behind each.
func Known(folder string) (files []string) {
	for _, path := range names(folder) {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			files = append(files, path)
		}
		older, _ := disk.Names(filepath.Dir(path), func(name string) bool {
			number, of := strings.CutPrefix(name, filepath.Base(path)+".")
			return of && number != "" && number[0] >= '0' && number[0] <= '9'
		})
		files = append(files, older...)
	}
	return files
}

func names(folder string) []string {
	b, err := os.ReadFile(filepath.Join(folder, list))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
}

// Mentions reports whether a log has lines about a person with one of these keys or addresses.
func Mentions(path string, people []string) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	b = bytes.ToLower(b)
	for _, who := range people {
		quoted, err := json.Marshal(strings.ToLower(who))
		if err != nil {
			continue
		}
		if bytes.Contains(b, append([]byte(`"key":`), quoted...)) ||
			strings.Contains(who, "@") && bytes.Contains(b, quoted[1:len(quoted)-1]) {
			return true
		}
	}
	return false
}
