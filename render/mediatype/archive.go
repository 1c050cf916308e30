package mediatype

import (
	"archive/zip"
	"io"
	"strings"
)

// parts are the main parts of Office files, as [Content_Types].xml names them, and the files' types.
var parts = []struct{ part, name string }{
	{"wordprocessingml.document.main+xml", docx},
	{"wordprocessingml.template.main+xml", dotx},
	{"ms-word.document.macroenabled.main+xml", docm},
	{"spreadsheetml.sheet.main+xml", xlsx},
	{"spreadsheetml.template.main+xml", xltx},
	{"ms-excel.sheet.macroenabled.main+xml", xlsm},
	{"ms-excel.sheet.binary.macroenabled.main", xlsb},
	{"presentationml.presentation.main+xml", pptx},
	{"presentationml.slideshow.main+xml", ppsx},
	{"ms-powerpoint.presentation.macroenabled.main+xml", pptm},
}

// mostEntries and mostPart bound what is read of an archive.
const (
	mostEntries = 20_000
	mostPart    = 1 << 20
)

// archive returns the type of a zip archive: an Office file's by the main part that its [Content_Types].xml names, an
// OpenDocument's or EPUB's by its mimetype.
func archive(r io.ReaderAt, size int64) (name string, broken bool) {
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) > mostEntries {
		return "application/zip", err != nil
	}
	for _, f := range z.File {
		switch f.Name {
		case "mimetype":
			if name := entry(f, 100); known(name) {
				return name, false
			}
		case "[Content_Types].xml":
			list := strings.ToLower(entry(f, mostPart))
			for _, p := range parts {
				if strings.Contains(list, p.part) {
					return p.name, false
				}
			}
		}
	}
	return "application/zip", false
}

// known says whether a mimetype is that of a file in the table.
func known(name string) bool {
	for _, t := range types {
		if t == name {
			return true
		}
	}
	return false
}

// entry returns the start of a file in an archive.
func entry(f *zip.File, most int64) string {
	in, err := f.Open()
	if err != nil {
		return ""
	}
	defer in.Close()
	b, _ := io.ReadAll(io.LimitReader(in, most))
	return strings.TrimSpace(string(b))
}
