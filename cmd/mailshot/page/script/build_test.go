package main

import "testing"

// The script that is committed is what the source compiles to.
func TestScript(t *testing.T) {
	t.Parallel()
	if err := script.Fresh(".."); err != nil {
		t.Error(err)
	}
}
