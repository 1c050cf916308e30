// Package oddity says what is odd about the files of one message: files that are there twice, names that say too
// little, files of an operating system, images that weigh too much. Call [Look] with all of them.
//
// Nothing here keeps a message from being sent, and the package opens no file.
package oddity

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"mailshot/render/naming"
)

// File is a file of a message.
type File struct {
	Path, Name string // where it is, and what the message calls it
	Place      string // where the campaign names it
	Size       int64  // bytes
	Sum        [32]byte
	Image      bool // the HTML shows it; else it is attached
}

// Remark is what is odd about one file. Place is that of the file.
type Remark struct{ Code, Place, Text, Hint string }

// heavy is the size of an image from which on it is named: five times what a large photograph needs at the 1200 pixels
// that a sharp screen shows of a mail.
const heavy = 1_000_000

var (
	// ending matches the ending of a file's name. What has only digits is a part of the name, as in "terms 1.2".
	ending = regexp.MustCompile(`\.[\pL\pN_~-]*\pL[\pL\pN_~-]*$`)
	// draft matches a name that says it is a draft. "Draft beer" is a drink: in front of a word it is in capitals.
	draft = regexp.MustCompile(`(?:^|[^\pL])(?:DRAFT|ENTWURF|BROUILLON|BORRADOR|BOZZA|CONCEPT|` +
		`(?i:draft|entwurf|brouillon|borrador|bozza))(?:[^\pL]*$|[_.()\[\]-]|\s*\d)|(?:^|[^\pL])(?:DRAFT|ENTWURF)(?:[^\pL]|$)`)
	// system matches the names of files that no person has made.
	system = regexp.MustCompile(`(?i)^(?:\.DS_Store|Thumbs\.db|ehthumbs\.db|desktop\.ini|~\$.+|\.~lock\..+#|\._.+|` +
		`.+\.(?:tmp|bak|swp|part|crdownload)|.+~)$`)
)

// Look returns what is odd about the files of a message, in their order.
func Look(files []File) (all []Remark) {
	for i, f := range files {
		if f.Image {
			if f.Size > heavy {
				all = append(all, f.odd("image-heavy", fmt.Sprintf("the image %s has %.1f MB, and each reader loads all of it",
					naming.Show(cmp.Or(f.Name, path.Base(f.Path))), float64(f.Size)/1e6), "make it smaller: as a .jpg of 1200 pixels it has less than 200 KB"))
			}
			continue
		}
		all = append(all, f.named()...)
		first := slices.IndexFunc(files[:i], func(other File) bool {
			return !other.Image && f.Size > 0 && other.Sum == f.Sum
		})
		if first >= 0 {
			all = append(all, f.twice(files[first]))
			continue
		}
		first = slices.IndexFunc(files[:i], func(other File) bool { return !other.Image && strings.EqualFold(other.Name, f.Name) })
		if first >= 0 {
			all = append(all, f.odd("attachment-same-name", fmt.Sprintf("%s and %s are both called %s in the message",
				naming.Show(files[first].Path), naming.Show(f.Path), naming.Show(f.Name)),
				"give each a name of its own: name: TEXT"+path.Ext(f.Name)))
		}
	}
	return all
}

// odd is a remark on a file.
func (f File) odd(code, text, hint string) Remark { return Remark{code, f.Place, text, hint} }

// twice is said of a file that is in the message already, perhaps under another name.
func (f File) twice(of File) Remark {
	text := "attachment " + naming.Show(f.Name) + " is attached twice"
	if of.Name != f.Name || of.Path != f.Path {
		text = "attachment " + naming.Show(f.Name) + " has the same bytes as " + naming.Show(of.Name)
	}
	return f.odd("same-attachment", text, "leave one of them out")
}

// named looks at the name of an attachment.
func (f File) named() (all []Remark) {
	shown := "attachment " + naming.Show(f.Name)
	switch {
	case system.MatchString(f.Name):
		return []Remark{f.odd("attachment-system", shown+" is a file of a system or a program, and nobody reads it",
			"remove it from the folder, or write a narrower pattern, as *.pdf")}
	case !ending.MatchString(f.Name):
		all = append(all, f.odd("attachment-no-ending", shown+" has no ending, so its reader's computer does not know how to open it",
			"end its name with what it is, as .pdf: by name, or on the disk"))
	}
	if draft.MatchString(strings.TrimSuffix(f.Name, path.Ext(f.Name))) {
		all = append(all, f.odd("attachment-draft", shown+" says that it is a draft", "is it the one to send?"))
	}
	return all
}
