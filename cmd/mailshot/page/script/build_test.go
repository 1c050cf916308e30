package main

import (
	"bytes"
	"os"
	"testing"
)

// The script that is committed is what the source compiles to.
func TestScript(t *testing.T) {
	t.Parallel()
	want, err := compile(".")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../gallery.js")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("gallery.js is not what gallery.ts compiles to: go generate ./cmd/mailshot/page")
	}
}
