package message

import "io/fs"

// unsaved is the campaign's folder with other texts in place of those of some files.
type unsaved struct {
	fs.FS
	texts map[string]string // by name
	asked map[string]bool   // the files that were read
}

// Stat is that of the file on the disk.
func (u unsaved) Stat(name string) (fs.FileInfo, error) { return fs.Stat(u.FS, name) }

// ReadFile reads the text that is in place of the file's, or the file.
func (u unsaved) ReadFile(name string) ([]byte, error) {
	u.asked[name] = true
	if text, ok := u.texts[name]; ok {
		return []byte(text), nil
	}
	return fs.ReadFile(u.FS, name)
}
