// Package locked gives PDFs a password: [Lock.Protect] returns a PDF that opens only with it. The encryption is AES-256
// (ISO 32000-2 section 7.6, revision 6 of the standard security handler).
//
// The password is a cell of the list. It is printable ASCII without blanks, because readers of PDFs differ in how they
// read other characters. No error has it in its text.
package locked

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"mailshot/internal/ellipsis"
	"mailshot/internal/mask"
	"mailshot/render"
)

// Lock is where the passwords of a file are. It is safe for concurrent use.
type Lock struct {
	Index  int    // of the column, in a recipient's Data.Cells
	Column string // its name, for errors
}

// mostPassword is how many bytes a password has at most (ISO 32000-2 section 7.6.4.3.3).
const mostPassword = 127

// Password returns the password of a row. The error is a *render.Fault with no place.
func (l *Lock) Password(to render.Recipient) (string, error) {
	password := ""
	if l.Index < len(to.Data.Cells) {
		password = to.Data.Cells[l.Index].Text
	}
	fault := func(code, what, hint string) error {
		return &render.Fault{Code: code, Hint: hint,
			Text: "password: the cell in column " + ellipsis.Quote(l.Column, 61) + " " + what}
	}
	switch {
	case strings.TrimSpace(password) == "":
		return "", fault("empty-password", "is empty", "every row needs one; attach files without a password by another entry")
	case len(password) > mostPassword:
		return "", fault("bad-password", "is longer than 127 characters", "")
	case strings.ContainsFunc(password, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", fault("bad-password", "has a blank, or a character that is not ASCII",
			"use letters a to z, digits 0 to 9 and signs: programs differ in how they read others")
	}
	return password, nil
}

var quiet = sync.OnceFunc(api.DisableConfigDir) // else it writes into the user's folder

// Protect returns the PDF with a password. The bytes are others at each call: the key is random. The error is a
// *render.Fault with no place.
func (l *Lock) Protect(plain []byte, password string) ([]byte, error) {
	if head := plain[:min(len(plain), 1024)]; !bytes.Contains(head, []byte("%PDF-")) {
		return nil, &render.Fault{Code: "not-a-pdf", Text: "password: the file is not a PDF, and only a PDF can have one"}
	}
	quiet()
	if encrypted(plain) {
		return nil, &render.Fault{Code: "encrypted-pdf", Text: "password: the PDF is encrypted already",
			Hint: "attach the file without password, or make it without its own"}
	}
	// Whoever knows the owner's password may lift the other one. Nobody knows it.
	conf := model.NewAESConfiguration(password, rand.Text(), 256)
	conf.Permissions = model.PermissionsAll
	conf.Offline = true
	var out bytes.Buffer
	if err := encrypt(plain, &out, conf); err != nil {
		return nil, &render.Fault{Code: "bad-pdf", Hint: "does it open in a reader of PDFs? Make it anew",
			Text: "password: the PDF cannot be read: " + ellipsis.Quote(mask.Text(err.Error(), password), 200)}
	}
	if !encrypted(out.Bytes()) {
		return nil, &render.Fault{Code: "bad-pdf", Text: "password: the PDF could not be encrypted"}
	}
	return out.Bytes(), nil
}

// Open returns a PDF of [Lock.Protect] without its password. The error is a *render.Fault with no place.
func (l *Lock) Open(locked []byte, password string) (plain []byte, err error) {
	defer func() {
		if r := recover(); r != nil || err != nil {
			plain, err = nil, &render.Fault{Code: "bad-pdf", Text: "password: the PDF cannot be opened again"}
		}
	}()
	quiet()
	conf := model.NewAESConfiguration(password, "", 256)
	conf.Offline = true
	var out bytes.Buffer
	err = api.Decrypt(bytes.NewReader(locked), &out, conf)
	return out.Bytes(), err
}

// encrypt writes a PDF encrypted. It becomes PDF 2.0, of which revision 6 is a part: the revision 5 of older ones lets
// passwords be guessed fast.
func encrypt(plain []byte, to io.Writer, conf *model.Configuration) (err error) {
	defer func() { // the library means to return errors, and this is a person's file
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	conf.Cmd = model.ENCRYPT
	ctx, err := api.ReadValidateAndOptimize(bytes.NewReader(plain), conf)
	if err != nil {
		return err
	}
	v := model.V20
	ctx.HeaderVersion, ctx.RootVersion = &v, nil
	return api.WriteContext(ctx, to)
}

// encrypted says whether a PDF is encrypted, be it with an empty password.
func encrypted(b []byte) bool {
	conf := model.NewDefaultConfiguration()
	conf.Offline = true
	ctx, err := api.ReadContext(bytes.NewReader(b), conf)
	return errors.Is(err, pdfcpu.ErrWrongPassword) || err == nil && ctx.Encrypt != nil
}
