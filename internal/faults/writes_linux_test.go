package faults

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// watched says whether writes can be told of.
const watched = true

// watchLedger counts the writes to the ledger's log from now on, as far as the system tells them apart, in s.seen, and
// calls do at the one with this number. stop ends it.
func (s *series) watchLedger(number int64, do func()) (stop func()) {
	s.t.Helper()
	s.seen.Store(0)
	dir := filepath.Dir(s.State())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		s.t.Fatal(err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	if _, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_MODIFY); err != nil {
		s.t.Fatal(errors.Join(err, events.Close()))
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, syscall.SizeofInotifyEvent+syscall.NAME_MAX+1) // one event, so that the kill is not late
		for {
			n, err := events.Read(buf)
			if err != nil {
				return // closed by stop
			}
			for at := 0; at < n; {
				at += syscall.SizeofInotifyEvent +
					int(buf[at+12]) // its last field is the length of the name, which is short
				if s.seen.Add(1) == number {
					do()
				}
			}
		}
	})
	return func() {
		events.Close()
		reading.Wait()
	}
}
