package render

import (
	"path"
	"strings"

	"mailshot/render/header"
	"mailshot/render/naming"
)

// laid is an attachment with its fields laid out. It follows from the file, the path and the name, and nothing else of
// a row. It is immutable and shared by all messages that carry it.
type laid struct {
	file    *file
	made    [2]string // the path and the name, as the templates made them
	path    string
	fields  []byte // from Content-Type to the blank line after the fields
	part    Part
	form    bool // it is one more form of the text, see Attachment.Invitation
	remarks []Remark
	pattern string // that its path matches; "" = the path is named
	place   string // of its Attachment
}

// role is where in the tree of a message a file is.
type role int

const (
	form     role = iota // one more form of the text
	image                // that the HTML shows
	enclosed             // an attachment
)

func (l *laid) role() role {
	switch {
	case l.form:
		return form
	case l.part.Inline:
		return image
	}
	return enclosed
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
	if a.Optional && strings.TrimSpace(made[0]) == "" {
		j.leave(a, "names no file")
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
		if reason := naming.File(name); reason != "" {
			j.fault("bad-file-name", a.Place, "", "attachment name %s: %s", show(name), reason)
			return nil
		}
	}
	f := j.open(a, p)
	if f == nil {
		return nil
	}
	if !j.examine(a, p, f, nil) {
		return nil
	}
	if a.Locker != nil { // no two rows share it
		if f = j.lock(a, f); f == nil {
			return nil
		}
		return lay(a, f, p, name)
	}
	if last.file == f && last.made == made {
		return last
	}
	l := lay(a, f, p, name)
	l.made = made
	j.laid[i].Store(l)
	return l
}

// open opens the file at a path. It returns nil if there is a fault, and if an optional file is missing.
func (j *job) open(a Attachment, p string) *file {
	f, err := j.store.get(p)
	if err == nil {
		return f
	}
	if a.Optional && err.Code == "missing-file" {
		j.leave(a, "has no file "+show(p))
		return nil
	}
	fault := *err // it may be shared with other rows
	fault.Place = a.Place
	j.faults = append(j.faults, &fault)
	return nil
}

// leave notes that the message goes without an optional attachment.
func (j *job) leave(a Attachment, why string) {
	j.remarks = append(j.remarks, Remark{Code: LeftOut, Place: a.Place, Text: "an optional attachment " + why})
}

// several opens the files that a row has of one attachment.
func (j *job) several(a Attachment) {
	paths, pattern, err := a.Files.Paths(j.to.Data, j.c.Root)
	if err != nil {
		j.faults = append(j.faults, placed(err, a.Place))
		return
	}
	if len(paths) == 0 {
		why := "names no file"
		if pattern != "" {
			why = "has no file that matches " + show(pattern)
		}
		j.leave(a, why)
	}
	for _, made := range paths {
		p, ok := j.path(a, made)
		if !ok {
			continue
		}
		if reason := naming.File(path.Base(p)); reason != "" {
			j.fault("bad-file-name", a.Place, "", "attachment name %s: %s", show(path.Base(p)), reason)
			continue
		}
		f := j.open(a, p)
		if f != nil && !j.examine(a, p, f, nil) {
			continue
		}
		if f != nil && a.Locker != nil {
			f = j.lock(a, f)
		}
		if f != nil {
			l := lay(a, f, p, path.Base(p))
			l.pattern = pattern
			j.files = append(j.files, l)
		}
	}
}

// lock gives a file its password. It returns nil if there is a fault.
func (j *job) lock(a Attachment, f *file) *file {
	plain, err := f.plain()
	if err == nil {
		plain, err = a.Locker.Protect(j.to, plain)
	}
	if err != nil {
		j.faults = append(j.faults, placed(err, a.Place))
		return nil
	}
	return made(plain)
}

// make has the file of an attachment made. It returns nil if there is a fault.
func (j *job) make(a Attachment) *laid {
	name, ok := j.execute(a.Name, "")
	if name = strings.Trim(name, " "); !ok {
		return nil
	}
	if reason := naming.File(name); reason != "" {
		j.fault("bad-file-name", a.Place, "", "attachment name %s: %s", show(name), reason)
		return nil
	}
	content, err := a.Maker.Make(j.to)
	if err != nil {
		j.faults = append(j.faults, placed(err, a.Place))
		return nil
	}
	size := int64(len(content))
	if code, text, hint := j.store.weigh(size); code != "" {
		j.fault(code, a.Place, hint, "attachment %s%s", show(name), text)
		return nil
	}
	f := made(content)
	if !j.examine(a, name, f, content) {
		return nil
	}
	if a.Invitation {
		j.files = append(j.files, layForm(f))
	}
	return lay(a, f, name, name)
}

// layForm lays out the fields of a calendar that is one more form of the text.
func layForm(f *file) *laid {
	var w header.Folder
	mediaType, parameters, _ := f.mediaType("x.ics")
	pieces := []string{mediaType}
	for _, p := range parameters {
		pieces[len(pieces)-1] += ";"
		pieces = append(pieces, p)
	}
	w.Field("Content-Type", pieces...)
	w.Field("Content-Transfer-Encoding", "base64")
	return &laid{file: f, form: true, fields: append(w.B, "\r\n"...), part: Part{ContentType: mediaType, Size: f.size}}
}

// placed gives a fault that has no place the place of its attachment.
func placed(err error, place string) error {
	if fault, is := err.(*Fault); is && fault.Place == "" {
		at := *fault
		at.Place = place
		return &at
	}
	return err
}

// path is the path of an attachment as its template made it.
func (j *job) path(a Attachment, made string) (string, bool) {
	p := strings.TrimPrefix(made, "./") // people write it; it says nothing
	if code, reason, hint := naming.Path(p); reason != "" {
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
	if a.Invitation { // a program that shows the form must not count it again
		mediaType, parameters = "application/ics", nil
	}
	l := &laid{file: f, path: p, place: a.Place, remarks: remarks(a, p, odd, f),
		part: Part{ContentType: mediaType, Name: name, CID: a.CID, Size: f.size, Inline: a.CID != ""}}
	contentType := []string{mediaType + ";"}
	for _, parameter := range parameters {
		contentType = append(contentType, parameter+";")
	}
	var w header.Folder
	w.Field("Content-Type", append(contentType, header.OldFileName(name)...)...)
	disposition, encoding := "attachment;", "base64"
	if a.CID != "" {
		disposition = "inline;"
		w.Field("Content-ID", "<"+a.CID+">")
	}
	if f.seven {
		encoding = "7bit"
	}
	w.Field("Content-Disposition", append([]string{disposition}, header.FileName("filename", name)...)...)
	w.Field("Content-Transfer-Encoding", encoding)
	l.fields = append(w.B, "\r\n"...)
	return l
}
