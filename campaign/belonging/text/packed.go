package text

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The limits of a packed file.
const (
	mostParts    = 5000     // files in it
	mostUnpacked = 32 << 20 // bytes of those that are read
)

// errMuch says that a packed file unpacks to too much.
var errMuch = errors.New("it unpacks to more than 32 MB")

// packed is a document of Office (ECMA-376).
type packed struct {
	zip  *zip.Reader
	left int64
	out  strings.Builder
}

func readPacked(b []byte) (Text, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return Text{}, damaged("is a packed file with no end")
	}
	if len(z.File) > mostParts {
		return Text{}, bomb("is a packed file of more than 5,000 files")
	}
	p := &packed{zip: z, left: mostUnpacked}
	switch {
	case p.has("word/document"): // Word in a browser writes document2.xml
		err = p.document()
	case p.has("xl/workbook.xml"):
		err = p.workbook()
	default:
		return Text{}, unreadable("is a packed file, and neither of Word nor of Excel")
	}
	switch {
	case errors.Is(err, errMuch):
		return Text{}, bomb("unpacks to more than 32 MB")
	case err != nil:
		return Text{}, damaged("is not whole")
	}
	return said(Text{Words: p.out.String()})
}

// part is the name of a file as ECMA-376 has it: capitals do not count, and some programs write other slashes.
func part(f *zip.File) string {
	return strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/")), "/")
}

func (p *packed) has(prefix string) bool {
	return slices.ContainsFunc(p.zip.File, func(f *zip.File) bool { return strings.HasPrefix(part(f), prefix) })
}

// each calls fn for each file in a folder whose name begins with one of these.
func (p *packed) each(folder string, prefixes []string, fn func(io.Reader) error) error {
	for _, f := range p.zip.File {
		dir, base := path.Split(part(f))
		if dir != folder || path.Ext(base) != ".xml" ||
			!slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(base, p) }) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		err = fn(&counted{r, &p.left})
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// counted reads no more than is left.
type counted struct {
	io.Reader
	left *int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if *c.left -= int64(n); *c.left < 0 {
		return 0, errMuch
	}
	return n, err
}

// deepest is how deep elements may lie in each other.
const deepest = 300

// walk calls fn for each token of a file.
func (p *packed) walk(r io.Reader, fn func(xml.Token)) error {
	d := xml.NewDecoder(r)
	d.Strict = true
	for depth := 0; ; {
		t, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > deepest {
				return errMuch
			}
		case xml.EndElement:
			depth--
		}
		if p.out.Len() > mostText {
			return errMuch
		}
		fn(t)
	}
}

// document reads a document of Word.
func (p *packed) document() error {
	parts := []string{"document", "header", "footer", "footnotes", "endnotes"}
	return p.each("word/", parts, func(r io.Reader) error {
		shown := false
		return p.walk(r, func(t xml.Token) {
			switch t := t.(type) {
			case xml.StartElement:
				switch t.Name.Local {
				case "t":
					shown = true
				case "tab", "ptab", "br", "cr":
					p.out.WriteByte(' ')
				case "noBreakHyphen":
					p.out.WriteByte('-')
				}
			case xml.EndElement:
				if shown = false; t.Name.Local == "p" || t.Name.Local == "tc" {
					p.out.WriteByte('\n')
				}
			case xml.CharData:
				if shown {
					p.out.Write(t)
				}
			}
		})
	})
}

// workbook reads the cells of a workbook: texts as they are, numbers as they are stored.
func (p *packed) workbook() error {
	var shared []string
	var item strings.Builder
	err := p.each("xl/", []string{"sharedstrings"}, func(r io.Reader) error {
		shown, spoken := false, false
		return p.walk(r, func(t xml.Token) {
			switch t := t.(type) {
			case xml.StartElement:
				spoken = spoken || t.Name.Local == "rPh" // how it is spoken, which stands behind it without a blank
				shown = t.Name.Local == "t" && !spoken
			case xml.EndElement:
				switch shown = false; t.Name.Local {
				case "rPh":
					spoken = false
				case "si":
					shared = append(shared, item.String())
					item.Reset()
				}
			case xml.CharData:
				if shown {
					item.Write(t)
				}
			}
		})
	})
	if err != nil {
		return err
	}
	return p.each("xl/worksheets/", []string{""}, func(r io.Reader) error { return p.sheet(r, shared) })
}

func (p *packed) sheet(r io.Reader, shared []string) error {
	kind, shown := "", false
	var cell strings.Builder
	return p.walk(r, func(t xml.Token) {
		switch t := t.(type) {
		case xml.StartElement:
			if shown = t.Name.Local == "v" || t.Name.Local == "t"; t.Name.Local == "c" {
				kind = ""
				for _, a := range t.Attr {
					if a.Name.Local == "t" {
						kind = a.Value
					}
				}
			}
		case xml.EndElement:
			if shown = false; t.Name.Local != "c" {
				return
			}
			text := cell.String()
			cell.Reset()
			if kind == "s" {
				i, err := strconv.Atoi(text)
				if text = ""; err == nil && i >= 0 && i < len(shared) {
					text = shared[i]
				}
			}
			p.out.WriteString(text + "\n")
		case xml.CharData:
			if shown {
				cell.Write(t)
			}
		}
	})
}
