package render

import "slices"

// twice is said of attachments that the message has already: of the same file, or of the same bytes under another name.
func (d *desk) twice() (remarks []Remark) {
	for i, l := range d.files {
		if l.role() != enclosed || l.file.size == 0 {
			continue
		}
		first := slices.IndexFunc(d.files[:i], func(other *laid) bool {
			return other.role() == enclosed && (other.file == l.file || other.file.checksum == l.file.checksum)
		})
		if first < 0 {
			continue
		}
		of := d.files[first]
		r := Remark{Code: "same-attachment", Place: l.place, Hint: "leave one of them out",
			Text: "attachment " + show(l.part.Name) + " is attached twice"}
		if of.part.Name != l.part.Name || of.path != l.path {
			r.Text = "attachment " + show(l.part.Name) + " has the same bytes as " + show(of.part.Name)
		}
		remarks = append(remarks, r)
	}
	return remarks
}
