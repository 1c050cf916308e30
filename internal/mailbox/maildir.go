package mailbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"mailshot/internal/disk"
)

// maildir delivers as https://cr.yp.to/proto/maildir.html says: a message is written in tmp and then named in new,
// where a mail program finds it.
type maildir struct {
	dir, host string
	sync      bool
	count     atomic.Int64
}

func openMaildir(dir string, o Options) (*maildir, error) {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := makeFolder(filepath.Join(dir, sub)); err != nil {
			return nil, fmt.Errorf("mailbox: %w", err)
		}
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	// These characters separate the parts of the name; the escapes are the format's own.
	host = strings.NewReplacer("/", `\057`, ":", `\072`).Replace(host)
	return &maildir{dir: dir, host: host, sync: o.Sync}, nil
}

func (m *maildir) Add(it Item) (string, error) {
	date := it.Date
	if date.IsZero() {
		date = time.Now()
	}
	tmp, err := writeTemp(filepath.Join(m.dir, "tmp"), it.Body, m.sync)
	if err != nil {
		return "", fmt.Errorf("mailbox: %w", err)
	}
	for {
		// Time, process and count make the name unique on this host. Only a process that had this number before, in the same
		// microsecond of the same Date, can have taken the name; then the next count is free.
		name := fmt.Sprintf("%d.M%dP%dQ%d.%s", date.Unix(), date.Nanosecond()/1000, os.Getpid(), m.count.Add(1), m.host)
		err := place(tmp, filepath.Join(m.dir, "new", name))
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("mailbox: %w", errors.Join(err, os.Remove(tmp)))
		}
		if m.sync {
			if err := disk.SyncFolder(filepath.Join(m.dir, "new")); err != nil {
				return "", fmt.Errorf("mailbox: %w", err)
			}
		}
		return filepath.Join("new", name), nil
	}
}

func (m *maildir) Close() error {
	if err := disk.SyncFolder(filepath.Join(m.dir, "new")); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	return nil
}
