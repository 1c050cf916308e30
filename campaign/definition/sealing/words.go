package sealing

import "strings"

// label is how people know a way.
func label(name string) string {
	if name == SMIME {
		return "S/MIME"
	}
	return "OpenPGP"
}

// Outside says what each message gets when it leaves, and no digest of a plan covers; "" if that is nothing.
func (m Mail) Outside() string {
	name, w := m.Way()
	var what []string
	if w.Key != nil {
		what = append(what, "signed")
	}
	if w.Encrypts() {
		what = append(what, "encrypted")
	}
	if name == "" {
		return ""
	}
	text := strings.Join(what, " and ") + " (" + label(name) + ") when it leaves: what is shown is inside of that"
	if w.Encrypts() {
		text += ", and the subject and the other header fields stay readable"
	}
	return text
}

// Notes say for a person what a plan does not show of this.
func (m Mail) Notes() []string {
	name, w := m.Way()
	if !w.Encrypts() {
		return nil
	}
	by := "by the column " + w.Column.Text
	if w.Folder != "" {
		by = "in " + w.Folder
	}
	return []string{"each message is encrypted (" + label(name) + ", keys " + by + "); its subject, its addresses and its other header " +
		"fields stay readable"}
}
