package amend

import (
	"bytes"
	"os"
	"path"
	"slices"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/textfile"
)

// Edit is a campaign file with changes that is not written yet.
type Edit struct {
	root      *os.Root
	name, was string
	text      []byte
}

// RefusedError says that a file would have mistakes with the changes that it does not have now.
type RefusedError struct{ Found []check.Finding }

func (e *RefusedError) Error() string {
	return "the campaign file would have mistakes: " + e.Found[0].Text
}

// Prepare makes changes in a campaign file below root, and writes nothing. dir is the campaign's folder, and was the
// version of the file that a person has seen; "" = any. The error is a *textfile.NewerError if the file is another one,
// a *RefusedError, or wraps ErrUnsafe.
func Prepare(root *os.Root, name, dir, was string, changes ...Change) (*Edit, error) {
	text, err := root.ReadFile(name)
	if err != nil {
		return nil, err
	}
	is := files.SumOf(text)
	made, err := Apply(text, changes...)
	if was != "" && was != is && (err != nil || !bytes.Equal(made, text)) { // else it says so already: a form may come twice
		return nil, &textfile.NewerError{Name: name}
	}
	if err != nil {
		return nil, err
	}
	before := mistakes(name, text, dir)
	found := slices.DeleteFunc(mistakes(name, made, dir), func(f check.Finding) bool {
		return slices.ContainsFunc(before, func(b check.Finding) bool { return b.Code == f.Code && b.Text == f.Text })
	})
	if len(found) > 0 {
		return nil, &RefusedError{found}
	}
	return &Edit{root, name, is, made}, nil
}

// Write puts the file in place of the one that Prepare read. If that is another one now, the error is a
// *textfile.NewerError; of a name that is a link, a *textfile.LinkError. Nothing was written then.
func (e *Edit) Write() error {
	if files.SumOf(e.text) == e.was { // a file that is as it was has no new time
		return nil
	}
	return textfile.Write(e.root, e.name, e.was, e.text)
}

// mistakes are those of a campaign file.
func mistakes(name string, text []byte, dir string) []check.Finding {
	_, err := definition.Parse(path.Base(name), text, dir)
	return check.From(err)
}
