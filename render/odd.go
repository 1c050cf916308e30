package render

import "mailshot/render/oddity"

// odd says what is odd about the files of the message together, and about their names.
func (d *desk) odd(remarks []Remark) []Remark {
	var files []oddity.File
	for _, l := range d.files {
		if l.role() != form {
			files = append(files, oddity.File{Path: l.path, Name: l.part.Name, Place: l.place, Size: l.file.size,
				Sum: l.file.checksum, Image: l.role() == image})
		}
	}
	for _, r := range oddity.Look(files) {
		remarks = append(remarks, Remark(r))
	}
	return remarks
}
