package text

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"time"
)

// patience is how long pdftotext may take for one file.
const patience = 2 * time.Second

var program = sync.OnceValue(func() string {
	path, err := exec.LookPath("pdftotext")
	if err != nil {
		return ""
	}
	return path
})

// Installed says whether there is a program to read PDFs again.
func Installed() bool { return program() != "" }

// Again has pdftotext (Poppler) read a PDF. ok is false if pdftotext is not installed, cannot read the file, or finds
// no text. It runs with an empty environment, for two seconds at most; on Linux it gets 1 GB of addresses. Its output
// is cut at 4 MB.
func Again(ctx context.Context, b []byte) (words string, ok bool) {
	if !Installed() {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := exec.CommandContext(ctx, program(), "-q", "-enc", "UTF-8", "-", "-")
	c.Stdin, c.Env, c.Dir, c.WaitDelay = bytes.NewReader(b), []string{}, os.TempDir(), time.Second
	var out limited
	c.Stdout = &out
	if err := c.Start(); err != nil {
		return "", false
	}
	confine(c.Process.Pid)
	if err := c.Wait(); err != nil && !errors.Is(err, errFull) {
		return "", false
	}
	t, err := said(Text{Words: out.String()})
	return t.Words, err == nil
}

// limited keeps what a text may have.
type limited struct{ bytes.Buffer }

var errFull = errors.New("enough")

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > mostText {
		return 0, errFull
	}
	return l.Buffer.Write(b)
}
