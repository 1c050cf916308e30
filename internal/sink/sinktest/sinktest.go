// Package sinktest has a test decide when a sink answers. A test that pauses a run has to do it before the run ends, on
// a quick machine and on a slow one: the sink of [Held] keeps the run from ending.
package sinktest

import (
	"sync"
	"sync/atomic"
	"testing"

	"mailshot/internal/sink"
)

// Held starts a sink that lets the first messages through. Each further one waits, neither kept nor answered, until
// release is called. The sink is closed at the end of the test, and what still waits is let go then. o.Observe is
// overwritten.
func Held(t testing.TB, o sink.Options, first int64) (server *sink.Server, release func()) {
	t.Helper()
	var came atomic.Int64
	open := make(chan struct{})
	release = sync.OnceFunc(func() { close(open) })
	o.Observe = func(e sink.Event) {
		if e.Kind == "dot" && came.Add(1) > first {
			<-open
		}
	}
	server, err := sink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		release()
		_ = server.Close()
	})
	return server, release
}
