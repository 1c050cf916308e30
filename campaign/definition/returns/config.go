package returns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mailshot/campaign/definition/schema"
)

// most is the size in bytes above which config.yaml is refused unread.
const most = 256 << 10

// ConfigPath is where the user's config.yaml is: $XDG_CONFIG_HOME/mailshot, or where the system keeps what programs are
// told, %AppData% on Windows.
func ConfigPath() (string, error) {
	dir := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // the XDG Base Directory Specification: a relative path is to be ignored
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return "", fmt.Errorf("find the folder for config.yaml: %w", err)
		}
	}
	return filepath.Join(dir, "mailshot", "config.yaml"), nil
}

// ConfigName is [ConfigPath] for people: without a home it is the name of the file alone.
func ConfigName() string {
	if path, err := ConfigPath(); err == nil {
		return path
	}
	return "config.yaml"
}

// Load reads returns from the user's config.yaml at path, as strictly as a campaign file: its mistakes are joined
// [*schema.Error]s, whose places name the file. With an empty path it reads the one at [ConfigPath], which may be
// missing.
func Load(path string) (Returns, error) {
	named := path != ""
	if !named {
		var err error
		if path, err = ConfigPath(); err != nil {
			return Returns{}, err
		}
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return Returns{}, nil
	case err != nil:
		return Returns{}, err
	case len(data) > most:
		return Returns{}, fmt.Errorf("%s: larger than %d KiB", path, most>>10)
	}
	return ParseConfig(path, data)
}

// ParseConfig reads data as the config.yaml at path. A file that says nothing is no mistake.
func ParseConfig(path string, data []byte) (Returns, error) {
	var r Returns
	dir := filepath.Dir(path)
	err := (schema.Document{Name: path, Data: data, Dir: dir}).Decode([]schema.Key{Key(&r, dir)},
		func(dec *schema.Decoder) { Check(dec, &r, nil) })
	var e *schema.Error
	if errors.As(err, &e) && e.Code == "empty-file" {
		return Returns{}, nil
	}
	if err != nil {
		return Returns{}, err
	}
	return r, nil
}
