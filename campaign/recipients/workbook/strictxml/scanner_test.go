package strictxml

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tokensOf reads a document with the scanner: its tokens, one a line, text joined, and whether it came to its end.
func tokensOf(r io.Reader) (string, error) {
	var b strings.Builder
	s := New(r)
	text := false
	for {
		t, err := s.Next()
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		if text && t.Kind != CharData {
			b.WriteString("\n")
		}
		switch text = t.Kind == CharData && (text || len(t.Text) > 0); t.Kind {
		case StartTag:
			fmt.Fprintf(&b, "<%s", t.Name)
			for _, a := range t.Attrs {
				fmt.Fprintf(&b, " %s:%s=%q", a.Prefix, a.Name, s.Plain(a.Value))
			}
			b.WriteString(">\n")
		case EndTag:
			fmt.Fprintf(&b, "</%s>\n", t.Name)
		default:
			b.Write(t.Text)
		}
	}
}

// oracle reads a document with encoding/xml, under the scanner's rules of the whole.
func oracle(r io.Reader) (string, error) {
	var b strings.Builder
	d := xml.NewDecoder(r)
	var path []string
	text, root := false, false
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			if len(path) > 0 || !root {
				err = io.ErrUnexpectedEOF
			} else {
				err = nil
			}
			return b.String(), err
		}
		if err != nil {
			return b.String(), err
		}
		if _, is := token.(xml.CharData); text && !is {
			if _, comment := token.(xml.Comment); !comment {
				if _, instruction := token.(xml.ProcInst); !instruction {
					b.WriteString("\n")
					text = false
				}
			}
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(path) == 0 && root || len(path) == MaxDepth {
				return b.String(), io.ErrUnexpectedEOF
			}
			root = true
			path = append(path, t.Name.Space+":"+t.Name.Local)
			fmt.Fprintf(&b, "<%s", t.Name.Local)
			for _, a := range t.Attr {
				fmt.Fprintf(&b, " %s:%s=%q", a.Name.Space, a.Name.Local, a.Value)
			}
			b.WriteString(">\n")
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != t.Name.Space+":"+t.Name.Local {
				return b.String(), io.ErrUnexpectedEOF
			}
			path = path[:len(path)-1]
			fmt.Fprintf(&b, "</%s>\n", t.Name.Local)
		case xml.CharData:
			if len(path) == 0 {
				if strings.TrimSpace(string(t)) != "" {
					return b.String(), io.ErrUnexpectedEOF
				}
				continue
			}
			if len(t) > 0 {
				text = true
				b.Write(t)
			}
		case xml.Directive:
			return b.String(), io.ErrUnexpectedEOF
		}
	}
}

// TestScannerAgrees holds the scanner against encoding/xml, on every XML part of the corpora's workbooks.
func TestScannerAgrees(t *testing.T) {
	t.Parallel()
	books, _ := filepath.Glob("../../../../../shared/corpora/xlsx/*/*")
	more, _ := filepath.Glob("../../../../../shared/corpora/xlsx/*")
	parts := 0
	for _, name := range append(books, more...) {
		z, err := zip.OpenReader(name)
		if err != nil {
			continue
		}
		for _, part := range z.File {
			if ext := filepath.Ext(part.Name); ext != ".xml" && ext != ".rels" || part.UncompressedSize64 > 4<<20 {
				continue
			}
			f, err := part.Open()
			if err != nil {
				continue
			}
			whole, err := io.ReadAll(io.LimitReader(f, 8<<20))
			f.Close()
			if err != nil {
				continue
			}
			parts++
			agree(t, name+" "+part.Name, string(whole))
		}
		z.Close()
	}
	if parts == 0 {
		if _, err := os.Stat("../../../../../shared/corpora"); err == nil {
			t.Fatal("no workbook in the corpora")
		}
		t.Skip("the corpora are not here")
	}
	t.Logf("%d parts", parts)
}

// agree compares the two readers on one document: what one refuses the other refuses, and the tokens are the same.
// The scanner is stricter in two things (no document type, no control character in instructions and comments) and
// looser in one (names beyond ASCII are not looked at).
func agree(t *testing.T, name, document string) {
	t.Helper()
	got, gotErr := tokensOf(strings.NewReader(document))
	want, wantErr := oracle(strings.NewReader(strings.TrimPrefix(document, "\uFEFF")))
	if (gotErr == nil) != (wantErr == nil) {
		t.Errorf("%s: %v, encoding/xml: %v", name, gotErr, wantErr)
		return
	}
	if gotErr == nil && got != want {
		t.Errorf("%s: other tokens", name)
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Errorf("line %d: %q, encoding/xml: %q", i, g[i], w[i])
				break
			}
		}
	}
}

// beyondASCII finds a tag or instruction with a character beyond ASCII, which may be one of a name.
var beyondASCII = regexp.MustCompile(`<[^>]*[^\x00-\x7f]`)

// controlled finds a control character behind the begin of an instruction, a comment or a CDATA section.
var controlled = regexp.MustCompile(`(?s)<[?!].*[\x00-\x08\x0b\x0c\x0e-\x1f]`)

// TestControlCharacters are refused wherever they stand.
func TestControlCharacters(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"<a>\x1b</a>", "<a b='\x1b'/>", "<a><?b \x1b?></a>", "<a><!-- \x1b --></a>",
		"<a><![CDATA[\x1b]]></a>"} {
		if _, err := tokensOf(strings.NewReader(document)); err == nil {
			t.Errorf("%q was read", document)
		}
	}
}

// FuzzScanner holds the scanner against encoding/xml on whatever bytes.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a b='c' d="e&amp;&#x41;f"><!-- g -->` +
			`<h:i/>text<![CDATA[<&]]>&lt;</a>`,
		"<a>\r\n\rb\tc</a> \n", "\uFEFF<a>ü</a>", "<a>]]></a>", "<a><b></a></b>", "<a/><a/>", "<!DOCTYPE a><a/>",
		"<a b=c/>", "<a b='<'/>", "<a>\xff</a>",
		`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, "<a>&b;</a>", "<a><?b c?></a>", "<:a/>", "<a:b:c/>",
		"<a b='1'c='2'/>", "<a>\x01</a>", "<a><![CDATA[]]></a>", "<?xml ?><a></a>", "<a", "<a>&#0;</a>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		if beyondASCII.MatchString(document) {
			t.Skip("names beyond ASCII are not looked at")
		}
		if controlled.MatchString(document) {
			t.Skip("encoding/xml lets characters that XML does not have stand in instructions and comments")
		}
		if _, declared, is := strings.Cut(document, "<?xml"); is && pseudo([]byte(declared), "version") == "" {
			t.Skip("encoding/xml takes a declaration without a version")
		}
		agree(t, "document", document)
	})
}
