package render

import "time"

// Examiner looks at the files that rows get, for whoever has asked by [Recipient.Examine]. Its methods are called
// concurrently.
type Examiner interface {
	// Examine looks at a file of a row, before it gets its password. Data has its Mailshot. An error has a Diagnostic
	// method, as a *Fault has; several come joined.
	Examine(to Recipient, f Examined) error
	// Named learns which file a row names of which no message is made.
	Named(path string)
}

// Examined is a file that is looked at.
type Examined struct {
	Path    string                 // slash-separated below Root; of a file that was made its name
	Made    bool                   // it was made, and is not below Root
	Sum     [32]byte               // of its content
	Changed time.Time              // when it was changed last; zero if it was made
	Date    time.Time              // of the message
	Plain   func() ([]byte, error) // its bytes
}

// Revealer is a [Maker] whose files have passwords.
type Revealer interface {
	// Reveal returns a file of Make without its password.
	Reveal(to Recipient, made []byte) ([]byte, error)
}

// examine has a file looked at. It reports whether the row may have it.
func (j *job) examine(a Attachment, p string, f *file, content []byte) bool {
	if a.Examiner == nil || !j.to.Examine {
		return true
	}
	e := Examined{Path: p, Made: content != nil, Sum: f.checksum, Date: j.at, Plain: f.plain}
	if f.info != nil {
		e.Changed = f.info.ModTime()
	}
	if content != nil {
		e.Plain = func() ([]byte, error) {
			if r, locked := a.Maker.(Revealer); locked {
				return r.Reveal(j.to, content)
			}
			return content, nil
		}
	}
	err := a.Examiner.Examine(j.to, e)
	if joined, several := err.(interface{ Unwrap() []error }); several {
		j.faults = append(j.faults, joined.Unwrap()...)
	} else if err != nil {
		j.faults = append(j.faults, placed(err, a.Place))
	}
	return err == nil
}

// Named tells the examiners which files a row names of which no message is made. What cannot be known is left out.
func (r *Renderer) Named(to Recipient) {
	j := job{Renderer: r, to: to, desk: r.free(), m: &Message{}}
	defer r.clear(j.desk)
	j.identify()
	for _, a := range r.c.Attachments {
		switch {
		case a.Examiner == nil || a.Maker != nil:
		case a.Files != nil:
			paths, _, _ := a.Files.Paths(j.to.Data, r.c.Root)
			for _, p := range paths {
				a.Examiner.Named(p)
			}
		default:
			made, _ := j.execute(a.File, "")
			if p, ok := j.path(a, made); ok {
				a.Examiner.Named(p)
			}
		}
	}
}
