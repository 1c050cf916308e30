package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// interrupts turns signals into the two ways to stop a run. The first interrupt (or SIGTERM, or the end of the
// terminal) ends the context; the second closes hard. stop gives the signals back and waits for the watcher.
func interrupts(parent context.Context) (ctx context.Context, hard <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	closing, done := make(chan struct{}), make(chan struct{})
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // nohup asks for a run that outlives its terminal
			signal.Notify(signals, s)
		}
	}
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			close(closing)
		case <-done:
		}
	})
	return ctx, closing, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
		watcher.Wait()
		cancel()
	})
}
