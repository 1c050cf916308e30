//go:build unix

package made

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// What a program has started ends with it, also where it has made its file. Whatever holds the pipe open lives: reading
// it to its end waits for that. Seen to fail without a process group: the sleeping ones lived on.
func TestKilledWithItsChildren(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"too slow":     "exec 3>pipe; sleep 1000 & sleep 1000",
		"over already": "exec 3>pipe; sleep 1000 & echo x",
		"too much":     "exec 3>pipe; sleep 1000 & yes",
		"a file":       "exec 3>pipe; sleep 1000 >/dev/null 2>&1 & echo x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
				t.Skip(err)
			}
			// Held open meanwhile: nobody waits for a program that is stopped before it has opened the pipe.
			hold, err := os.OpenFile(filepath.Join(dir, "pipe"), os.O_RDWR, 0)
			if err != nil {
				t.Skip(err)
			}
			pipe, err := os.Open(filepath.Join(dir, "pipe"))
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := io.ReadAll(pipe)
				pipe.Close()
				ended <- err
			}()
			c := command(t, dir, shell(t, dir, script))
			c.Timeout, c.Most = 10*time.Minute, 1<<20
			if name == "too slow" {
				c.Timeout = 2 * time.Second
			}
			got, err := do(t, c, "")
			if err := hold.Close(); err != nil {
				t.Error(err)
			}
			if (name == "a file") != (err == nil && got == "x\n") {
				t.Error(got, err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
