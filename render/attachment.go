package render

import (
	"path"
	"strings"

	"mailshot/render/filename"
)

// laid is an attachment with its fields laid out. It follows from the file, the path and the name, and nothing else of
// a row. It is immutable and shared by all messages that carry it.
type laid struct {
	file    *file
	made    [2]string // the path and the name, as the templates made them
	path    string
	fields  []byte // from Content-Type to the blank line after the fields
	part    Part
	remarks []Remark
}

// attachment opens and names one file. It returns nil if there is a fault. If the templates have made the same path and
// name as for the message before, and the file is the same, the attachment is the same one.
func (j *job) attachment(i int) *laid {
	a, last := j.c.Attachments[i], j.laid[i].Load()
	if last == nil {
		last = &laid{}
	}
	var made [2]string
	var ok bool
	if made[0], ok = j.execute(a.File, last.made[0]); !ok {
		return nil
	}
	p, name := last.path, last.part.Name
	if last.file == nil || made[0] != last.made[0] || a.Name != nil {
		if p, ok = j.path(a, made[0]); !ok {
			return nil
		}
		name = path.Base(p)
		if a.Name != nil {
			if made[1], ok = j.execute(a.Name, last.made[1]); !ok {
				return nil
			}
			name = strings.Trim(made[1], " ")
		}
		if reason := filename.Check(name); reason != "" {
			j.fault("bad-file-name", a.Place, "", "attachment name %s: %s", show(name), reason)
			return nil
		}
	}
	f, err := j.store.get(p)
	if err != nil {
		fault := *err // it may be shared with other rows
		fault.Place = a.Place
		j.faults = append(j.faults, &fault)
		return nil
	}
	if last.file == f && last.made == made {
		return last
	}
	l := lay(a, f, p, name)
	l.made = made
	j.laid[i].Store(l)
	return l
}

// path is the path of an attachment as its template made it.
func (j *job) path(a Attachment, made string) (string, bool) {
	p := strings.TrimPrefix(made, "./") // people write it; it says nothing
	if code, reason, hint := filename.CheckPath(p); reason != "" {
		j.fault(code, a.Place, hint, "attachment %s: %s", show(p), reason)
		return "", false
	}
	return p, true
}

// lay lays out the fields of an attachment or, if a.CID is not empty, of an image that the HTML shows (RFC 2392).
func lay(a Attachment, f *file, p, name string) *laid {
	called := p
	if a.Name != nil && path.Ext(p) == "" {
		called = name
	}
	mediaType, parameters, odd := f.mediaType(called)
	l := &laid{file: f, path: p, remarks: remarks(a, p, odd, f),
		part: Part{ContentType: mediaType, Name: name, CID: a.CID, Size: f.size, Inline: a.CID != ""}}
	contentType := []string{mediaType + ";"}
	for _, parameter := range parameters {
		contentType = append(contentType, parameter+";")
	}
	var w folder
	w.field("Content-Type", append(contentType, oldNamePieces(name)...)...)
	disposition, encoding := "attachment;", "base64"
	if a.CID != "" {
		disposition = "inline;"
		w.field("Content-ID", "<"+a.CID+">")
	}
	if f.seven {
		encoding = "7bit"
	}
	w.field("Content-Disposition", append([]string{disposition}, namePieces("filename", name)...)...)
	w.field("Content-Transfer-Encoding", encoding)
	l.fields = append(w.b, "\r\n"...)
	return l
}
