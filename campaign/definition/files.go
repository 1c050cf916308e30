package definition

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// files looks for the files that a campaign names. The zero files finds everything.
type files struct {
	dir  string
	root *os.Root
}

// newFiles returns the files of the folder dir. A folder that cannot be opened is as one without any file.
func newFiles(dir string) files {
	if dir == "" {
		return files{}
	}
	root, _ := os.OpenRoot(dir)
	return files{dir: dir, root: root}
}

func (f files) close() {
	if f.root != nil {
		f.root.Close()
	}
}

// problem says what is wrong with a path of the campaign, and what to do; "" if it is a regular file below the folder.
func (f files) problem(name string) (code, text, hint string) {
	if code, text, hint := leaves(name); code != "" {
		return code, text, hint
	}
	if f.dir == "" {
		return "", "", ""
	}
	if f.root == nil {
		return "missing-file", "no such folder", ""
	}
	info, err := f.root.Stat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing-file", "no such file", f.near(name)
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		if strings.Contains(err.Error(), "escapes") {
			return "leaves-folder", "a link that leaves the campaign's folder", "copy the file into the folder of the campaign file"
		}
		return "missing-file", err.Error(), ""
	case info.IsDir():
		return "missing-file", "a folder, not a file", ""
	case !info.Mode().IsRegular():
		return "missing-file", "not a regular file", ""
	}
	return "", "", ""
}

// folderProblem says what is wrong with the path of a folder below the campaign's, which need not be there yet.
func (f files) folderProblem(name string) (code, text, hint string) {
	if code, text, hint := leaves(name); code != "" {
		return code, text, hint
	}
	if f.root != nil {
		if info, err := f.root.Stat(filepath.FromSlash(name)); err == nil && !info.IsDir() {
			return "not-a-folder", "a file, not a folder", ""
		}
	}
	return "", "", ""
}

// leaves refuses a path that is not below the campaign's folder, from its text alone.
func leaves(name string) (code, text, hint string) {
	if strings.Contains(name, `\`) && !strings.Contains(name, "/") && filepath.Separator == '/' {
		return "bad-path", "a path with backslashes", "write it with slashes: " + strings.ReplaceAll(name, `\`, "/")
	}
	if strings.HasPrefix(name, "~/") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "leaves-folder", "the path leaves the campaign's folder", "use a path below the folder of the campaign file"
	}
	return "", "", ""
}

// near suggests a file of the same folder with a name like name's.
func (f files) near(name string) string {
	folder := path.Dir(path.Clean(name))
	entries, err := fs.ReadDir(f.root.FS(), folder)
	if err != nil {
		return "there is no folder " + folder + " beside the campaign file"
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if near := nearest(path.Base(name), names); near != "" {
		return "did you mean \"" + path.Join(folder, near) + "\"?"
	}
	return ""
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") || ip != nil && ip.IsLoopback()
}
