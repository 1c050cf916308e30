package entity

import (
	"bytes"
	"strings"
	"testing"
)

// Content fields go inside with their folded lines, all else stays outside in its order, whatever the pieces are.
func TestSplit(t *testing.T) {
	t.Parallel()
	head := "Date: x\r\nSubject: Content-Type: no\r\n content-type: folded\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed;\r\n boundary=\"a\"\r\nX-Content-Type: no\r\ncontent-transfer-encoding: 7bit\r\n\r\n"
	body := "one\r\n\r\nContent-Type: body\r\ntwo\r\n"
	wantOut := "Date: x\r\nSubject: Content-Type: no\r\n content-type: folded\r\nMIME-Version: 1.0\r\nX-Content-Type: no\r\n"
	wantIn := "Content-Type: multipart/mixed;\r\n boundary=\"a\"\r\ncontent-transfer-encoding: 7bit\r\n\r\n" + body
	for i := range len(body) + 1 {
		pieces := [][]byte{[]byte(head + body[:i]), []byte(body[i:])}
		out, in := Split(pieces)
		if string(out) != wantOut || string(in) != wantIn {
			t.Fatalf("at %d: %q and %q", i, out, in)
		}
		if o, n := Measure(pieces); o != int64(len(out)) || n != int64(len(in)) {
			t.Fatalf("at %d: measured %d and %d", i, o, n)
		}
		if string(Join(out, in)) != wantOut+wantIn {
			t.Fatal("joined otherwise")
		}
	}
	if out, in := Split(nil); len(out) != 0 || string(in) != "\r\n" {
		t.Errorf("of nothing: %q and %q", out, in)
	}
}

// Parts are what Multipart was given, also where one is a multipart itself or has lines that look like a boundary.
func TestParts(t *testing.T) {
	t.Parallel()
	nested := Multipart("multipart/mixed", Part{"A: 1\r\n", []byte("x")}, Part{"", []byte("--\r\n\r\n--x--")})
	b := Multipart("multipart/signed; protocol=\"a/b\"", Part{"", nested},
		Part{"Content-Type: a/b\r\n", []byte("sig\r\n")})
	got := Parts(b)
	if len(got) != 2 || !bytes.Equal(got[0], nested) || string(got[1]) != "Content-Type: a/b\r\n\r\nsig\r\n" {
		t.Errorf("%q", got)
	}
	if inner := Parts(got[0]); len(inner) != 2 || string(inner[1]) != "--\r\n\r\n--x--" {
		t.Errorf("%q", inner)
	}
	for line := range strings.Lines(string(b)) {
		if !strings.HasSuffix(line, "\r\n") || len(line) > 80 {
			t.Errorf("line %q", line)
		}
	}
	for _, bad := range []string{"", "x", "Content-Type: text/plain\r\n\r\nx", "boundary=\"a\r\n\r\n--a\r\n"} {
		if got := Parts([]byte(bad)); got != nil {
			t.Errorf("%q has %q", bad, got)
		}
	}
}
