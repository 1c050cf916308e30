package filing

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"strings"
	"time"

	"mailshot/internal/inbox/imap"
)

// work files copies by one appender until Finish was called and nothing waits, or until life ends.
func (f *Filer) work(a *imap.Appender) {
	defer a.Close()
	for {
		w, wait, news, over := f.next()
		switch {
		case over:
			return
		case w != nil:
			f.give(w, f.file(a, w))
			continue
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-news:
		case <-timer:
		case <-f.life.Done():
		}
	}
}

// next returns the copy to try now. If there is no such copy, one may be tried after wait (0 if that is not known), or
// when news is closed. over means that nothing more will be tried.
func (f *Filer) next() (w *waiting, wait time.Duration, news <-chan struct{}, over bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.life.Err() != nil || f.broken != nil {
		return nil, 0, nil, true
	}
	if f.ending && len(f.queue)+len(f.again)+f.busy == 0 {
		return nil, 0, nil, true
	}
	wait = max(time.Until(f.until), 0)
	if wait > 0 || f.trouble > 0 && f.busy > 0 { // in trouble one tries for all
		return nil, wait, f.news, false
	}
	for _, list := range [...]*[]*waiting{&f.again, &f.queue} {
		if len(*list) > 0 {
			w = (*list)[0]
			(*list)[0] = nil // its memory goes when it is filed
			*list = (*list)[1:]
			w.tried = true
			f.busy++
			return w, 0, nil, false
		}
	}
	return nil, 0, f.news, false
}

// file tries to file a copy once.
func (f *Filer) file(a *imap.Appender, w *waiting) error {
	if w.doubt {
		id, err := w.messageID()
		if err != nil {
			return err
		}
		found, err := a.Has(f.life, id)
		if err != nil || found {
			return err
		}
		w.doubt = false
	}
	body, done, err := w.open()
	if err != nil {
		return err
	}
	defer done()
	err = a.Append(f.life, imap.Message{Size: w.Size, Body: body, Flags: []string{`\Seen`}, Time: w.Time}, nil)
	if own := body.broken(); err != nil && own != nil {
		return own // the connection ended with it, before the whole copy
	}
	var e *imap.AppendError
	if errors.As(err, &e) && e.Unknown {
		w.doubt = true
	}
	return err
}

// open opens a copy that waits.
func (w *waiting) open() (body *text, done func(), err error) {
	if w.file == "" {
		return newText(bytes.NewReader(w.text), w.Size), func() {}, nil
	}
	file, err := os.Open(w.file)
	if err != nil {
		return nil, nil, err
	}
	return newText(file, w.Size), func() { _ = file.Close() }, nil
}

// text is the text of a copy. It remembers why it could not be read, which is not the fault of a server.
type text struct {
	*bufio.Reader
	from *from
}

// from is what a text is read from.
type from struct {
	io.Reader
	left int64
	err  error
}

func newText(r io.Reader, size int64) *text {
	f := &from{Reader: r, left: size}
	return &text{bufio.NewReader(f), f}
}

func (f *from) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if f.left -= int64(n); f.left < 0 || f.left > 0 && err == io.EOF {
		err = errSize
	}
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// broken is why the text could not be read; nil = it could.
func (t *text) broken() error { return t.from.err }

// messageID is the Message-ID of a copy.
func (w *waiting) messageID() (string, error) {
	body, done, err := w.open()
	if err != nil {
		return "", err
	}
	defer done()
	header, err := textproto.NewReader(body.Reader).ReadMIMEHeader()
	id := strings.TrimSpace(header.Get("Message-ID"))
	if id == "" {
		return "", errors.Join(errors.New("no Message-ID"), err)
	}
	return id, nil
}

// because says why a copy was not filed, if why is the reason for all copies.
func (w *waiting) because(why error) error {
	if w.doubt {
		return fmt.Errorf("the server has not answered, and the copy may be in the folder or not: %w", why)
	}
	if !w.tried {
		return fmt.Errorf("not tried: %w", why)
	}
	return why
}

// give does what the end of a try asks for.
func (f *Filer) give(w *waiting, err error) {
	text := f.concluded(w, err)
	if text != "" {
		f.cfg.Tell(text)
	}
}

// concluded is give. It returns what a person should know at once.
func (f *Filer) concluded(w *waiting, err error) (text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.tell()
	f.busy--
	if err == nil {
		if f.turned(false) {
			text = f.result.Folder + ": copies are filed again"
		}
		f.trouble, f.until = 0, time.Time{}
		f.result.Filed++
		f.leave(w, w.where())
		return text
	}
	if f.life.Err() != nil { // and so has the try
		f.again = append(f.again, w)
		return ""
	}
	list := &f.again
	switch kind(err, f.result.Filed > 0) {
	case forever:
		f.broken = err
		text = fmt.Sprintf("no copies are filed any more: %v", err)
		f.again = append(f.again, w)
		f.abandon(err)
		return text
	case refused:
		f.leave(w, w.where())
		f.failed(w, w.because(err))
		return ""
	case putOff:
		w.tries++
	case aside:
		list = &f.queue
		if w.doubt {
			w.tries++
		}
	}
	if f.trouble++; f.turned(true) {
		text = fmt.Sprintf("copies wait: %v", err)
	}
	f.last, f.until = err, time.Now().Add(f.pause())
	if w.tries >= f.cfg.Tries {
		f.leave(w, w.where())
		f.failed(w, w.because(err))
	} else {
		*list = append(*list, w)
	}
	if f.ending && f.trouble >= 2*f.cfg.Tries {
		f.broken = err
		f.abandon(err)
	}
	return text
}

// turned reports whether Tell should be called now, because copies wait or no longer wait. f.mu is held.
func (f *Filer) turned(waits bool) bool {
	now := time.Now()
	if waits == f.waits || !f.told.IsZero() && now.Sub(f.told) < quiet {
		return false
	}
	f.waits, f.told = waits, now
	return true
}

// pause is how long the server is left alone. f.mu is held.
func (f *Filer) pause() time.Duration {
	most := longest
	if f.ending {
		most = hurried
	}
	p := f.cfg.Pause
	for range f.trouble - 1 {
		if p *= 2; p >= most {
			return most
		}
	}
	return p
}

// ends is what a try that did not file a copy means.
type ends int

const (
	away    ends = iota // the server could not be reached
	aside               // the server was there, and the connection ended with this copy: others may fare better
	putOff              // this copy was put off, or no answer came to it
	refused             // this copy is refused for good
	forever             // all copies are
)

// kind says what an error means. worked says that a copy was filed before. Then an error that is not the server's
// refusal will pass, such as a missing network.
func kind(err error, worked bool) ends {
	var e *imap.AppendError
	var at *imap.Error
	var none *imap.NoFolderError
	switch {
	case !errors.As(err, &e): // of the copy itself
		return refused
	case e.Unknown:
		return putOff
	case e.Refused && e.Lasting():
		return forever
	case e.Refused && e.Passes():
		return putOff
	case e.Refused:
		return refused
	case !e.Later && (!worked || errors.As(err, &none) || errors.As(err, &at) && at.Login):
		return forever
	case e.Reached:
		return aside
	}
	return away
}
