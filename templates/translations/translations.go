// Package translations has the starters in other languages than English: [In] is one of them, [Languages] are those
// that there are.
//
// It has for each language, and each starter in it, the files that take the place of the English ones, and
// campaign.lines: lines that take the place of those of campaign.yaml with the same key at the same depth.
package translations

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed all:ar all:fa
var files embed.FS

// Languages are the languages of the starters, English first.
func Languages() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // it is embedded
	}
	languages := []string{"en"}
	for _, e := range entries {
		languages = append(languages, e.Name())
	}
	return languages
}

// In is a starter in one of Languages; base is the English one, whose name is kind.
func In(base fs.FS, kind, language string) (fs.FS, error) {
	if language == "en" {
		return base, nil
	}
	if !slices.Contains(Languages(), language) {
		return nil, fmt.Errorf("no starter in %q: there are %s", language, strings.Join(Languages(), ", "))
	}
	own, err := fs.Sub(files, language+"/"+kind)
	if err != nil {
		return nil, err
	}
	// A packed archive in memory is the standard library's file system that can be put together.
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	err = fs.WalkDir(base, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(own, name)
		if err != nil {
			if text, err = fs.ReadFile(base, name); err != nil {
				return err
			}
		}
		if name == "campaign.yaml" {
			lines, err := fs.ReadFile(own, "campaign.lines")
			if err != nil {
				return err
			}
			if text, err = translated(text, lines); err != nil {
				return fmt.Errorf("%s/%s: %w", language, kind, err)
			}
		}
		to, err := w.Create(name)
		if err != nil {
			return err
		}
		_, err = to.Write(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
}

// translated puts lines in place of those of a campaign file with the same key at the same depth, each of which is
// there once. A comment behind a value stays.
func translated(file, lines []byte) ([]byte, error) {
	text := string(file)
	for line := range strings.Lines(string(lines)) {
		line = strings.TrimSuffix(line, "\n")
		key, _, _ := strings.Cut(line, ":")
		_, after, found := strings.Cut("\n"+text, "\n"+key+":")
		if !found || strings.Contains(after, "\n"+key+":") {
			return nil, fmt.Errorf("the campaign file has %q not once", key)
		}
		old, _, _ := strings.Cut(after, "\n")
		if i := strings.LastIndex(old, "  #"); i >= 0 {
			line += "   " + strings.TrimLeft(old[i:], " ")
		}
		text = strings.Replace("\n"+text, "\n"+key+":"+old, "\n"+line, 1)[1:]
	}
	return []byte(text), nil
}
