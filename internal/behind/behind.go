// Package behind does one piece of work at a time beside its owner: [Work].
package behind

// Work does one piece of work at a time beside its owner: rows are put into the ledger while the next are made.
type Work struct{ done chan error } // nil = no work is under way

// Do waits for the work before to end, and starts this work. It returns the error of the work before.
func (b *Work) Do(work func() error) error {
	if err := b.Wait(); err != nil {
		return err
	}
	done := make(chan error, 1)
	b.done = done
	go func() { done <- work() }()
	return nil
}

// Wait waits for the work to end, and returns its error.
func (b *Work) Wait() error {
	if b.done == nil {
		return nil
	}
	err := <-b.done
	b.done = nil
	return err
}
