package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// SQLite's time goes to who asked it, fsync and the garbage collector have steps of their own, and what comes before
// the first stack is none.
func TestSum(t *testing.T) {
	t.Parallel()
	got := sum(`File: bench
Type: cpu
Duration: 1.50s, Total samples = 70ms
-----------+-------------------------------------------------------
      20ms   modernc.org/sqlite/lib._sqlite3VdbeExec
             modernc.org/sqlite.(*stmt).exec
             mailshot/campaign/ledger.(*Draft).Add
             mailshot/campaign.(*filling).flush.func1
-----------+-------------------------------------------------------
    1.50ms   internal/runtime/syscall/linux.Syscall6
             modernc.org/sqlite/lib._unixSync
             mailshot/campaign/ledger.(*Draft).Add
-----------+-------------------------------------------------------
     500us   runtime.memmove
             runtime.growslice
             mailshot/render.appendQuotedPrintable
-----------+-------------------------------------------------------
     0.01s   mailshot/render.appendQuotedPrintable
             mailshot/campaign/message.All
-----------+-------------------------------------------------------
      10ms   time.now
`)
	want := map[string]float64{
		"ledger: statements": 20, "ledger: fsync": 1.5, "GC and allocation": 0.5, "encoding": 10, "what no step knows": 10,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
