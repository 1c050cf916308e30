package render

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"mailshot/internal/placeholder"
	"mailshot/render/mediatype"
)

// Remark is something odd about a message's attachments that does not keep it from being sent.
type Remark struct {
	Code, Place, Text, Hint string // Place is where the campaign names the attachment
}

// LeftOut is the code of the remark that a message goes without an optional attachment.
const LeftOut = "attachment-left-out"

// mostText is how large a text is whose words are looked at.
const mostText = 4 << 20

// readable are the endings of files that a person reads as they stand.
var readable = []string{".txt", ".md", ".csv", ".tsv", ".html", ".htm", ".ics", ".vcf", ".eml"}

// isText says whether a file is looked at as a text, or is a message.
func isText(p string, size int64) bool {
	return slices.Contains(readable, strings.ToLower(path.Ext(p))) && (size <= mostText || isMessage(p))
}

func isMessage(p string) bool { return strings.EqualFold(path.Ext(p), ".eml") }

// code is what of a web page is not text.
var code = regexp.MustCompile(`(?is)<(?:style|script|code|pre)\b.*?</(?:style|script|code|pre)\s*>|<!--.*?-->`)

// text looks at a file that is a text: a message is not encoded, and an attachment is not a template.
func (f *file) text(p string, whole []byte) {
	if isMessage(p) {
		if b := asMessage(whole); b != nil {
			f.encoded, f.seven = b, true
		}
		return
	}
	if len(whole) == 0 || !f.utf8 {
		return
	}
	text := string(whole)
	if ext := strings.ToLower(path.Ext(p)); ext == ".html" || ext == ".htm" || ext == ".md" {
		text = code.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
	}
	if marks := (&placeholder.Finder{Own: true}).Find(text); len(marks) > 0 {
		at := marks[0].At
		f.left = fmt.Sprintf("%s in line %d", text[at:marks[0].End], 1+strings.Count(text[:at], "\n"))
	}
}

// remarks says what is odd about an attachment.
func remarks(a Attachment, p, odd string, f *file) (all []Remark) {
	say := func(code, text, hint string) {
		all = append(all, Remark{code, a.Place, "attachment " + show(p) + " " + text, hint})
	}
	if odd != "" {
		say("attachment-type", odd, "give the file the ending of what it is, or make it anew")
	}
	if mediatype.Blocked(p) {
		say("attachment-blocked", "is of a kind that Gmail refuses, also within a .zip", "put it on a web server, and link to it")
	}
	if f.left != "" {
		say("attachment-placeholder", "has "+f.left+": attachments are not templates, so that nothing fills it", "fill it in the file")
	}
	return all
}
