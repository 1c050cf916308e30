package render

import (
	"slices"
	"strings"
)

// attachGroup opens the files of one item of the attachments for all rows of a group: each file once, whichever rows
// name it. What is made for a message (an invitation, a code, a text that is filled in) and an image that the HTML
// shows are the message's own, and not each row's.
func (j *job) attachGroup(i int) {
	own, from := j.to.Data.Cells, len(j.files)
	for _, row := range j.to.Data.Group {
		j.to.Data.Cells = row.Cells
		before, files := len(j.faults), len(j.files)
		j.attach(i)
		of := j.files[files:]
		j.files = j.files[:files]
		for _, l := range of {
			j.attachOnce(j.c.Attachments[i], from, l)
		}
		if n := len(j.faults) - 1; n == before && slices.ContainsFunc(j.faults[:n], func(f error) bool {
			return f.Error() == j.faults[n].Error()
		}) {
			j.faults = j.faults[:n] // rows that name the same file have one fault
		}
	}
	j.to.Data.Cells = own
}

// attachOnce attaches a file, unless it is attached already by another row; those from from on are of the same item of
// attachments. Two files with one name would hide each other where they are saved: that is a fault, unless their bytes
// are the same.
func (j *job) attachOnce(a Attachment, from int, l *laid) {
	for _, other := range j.files[from:] {
		if other.path == l.path {
			return
		}
		if strings.EqualFold(other.part.Name, l.part.Name) {
			if other.file.checksum != l.file.checksum {
				j.fault("same-file-name", a.Place, `give each a name of its own, as name: "{{.number}}.pdf"`,
					"%s and %s are two files, and both are called %s in the message", show(other.path), show(l.path),
					show(l.part.Name))
			}
			return
		}
	}
	j.files = append(j.files, l)
}
