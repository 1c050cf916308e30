package accounts

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
)

// TestOpenedTogether: two campaigns that are the first of their user may be started at the same time. Without another
// try, one of 450 that opened a new file beside others was told that "another process has been writing for too long",
// at once.
func TestOpenedTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 60 {
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				a, err := Open(filepath.Join(dir, fmt.Sprint(i), "accounts.db"))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := a.Secret(t.Context()); err != nil {
					t.Error(err)
				}
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}
