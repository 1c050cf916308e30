package survey

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/cases"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/campaign/recipients/folding"
)

// How much of a campaign's folder is looked at for its version.
const (
	mostFiles = 2000
	deepest   = 3
)

// Version tells one state of a campaign's inputs from another: the campaign file's octets, and the names, sizes and
// times of the files in its folder and of lists elsewhere.
func Version(d *definition.Definition) string {
	h := sha256.New()
	fmt.Fprintln(h, d.Digest)
	note := func(name string, info fs.FileInfo) {
		fmt.Fprintf(h, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	}
	n := 0
	_ = fs.WalkDir(os.DirFS(d.Dir), ".", func(name string, e fs.DirEntry, err error) error {
		switch n++; {
		case n > mostFiles:
			return fs.SkipAll
		case err != nil: // what cannot be read is no input
			return nil
		case name != "." && (strings.HasPrefix(path.Base(name), ".") || strings.Count(name, "/") >= deepest):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := e.Info(); err == nil && !e.IsDir() {
			note(name, info)
		}
		return nil
	})
	for _, name := range append([]string{d.Recipients.File}, d.Recipients.Files...) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(d.Dir, filepath.FromSlash(name))
		}
		if info, err := os.Stat(name); err == nil {
			note(name, info)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Hit is a row that was found.
type Hit struct {
	Row                  int64
	Address, Name, Place string
}

// Find finds the first rows, most of them, whose address, name or key has a text in it, in capitals or not, and
// whatever keyboard wrote it; of a row that cannot be mailed, any cell, for its address is none. more says that there
// are others.
func Find(ctx context.Context, d *definition.Definition, text string, most int) (hits []Hit, more bool, err error) {
	caps := cases.Fold()
	fold := func(s string) string { return caps.String(folding.Text(s)) }
	text = fold(strings.TrimSpace(text))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	_, err = rows(ctx, d, func(r *recipients.Row) {
		address := r.Address.String()
		fields := []string{address, r.Name, r.Key}
		if r.Invalid != "" {
			fields = append(fields, r.Fields...)
		}
		for _, field := range fields {
			if more || !strings.Contains(fold(field), text) {
				continue
			}
			if len(hits) == most {
				more = true
				stop()
				return
			}
			hits = append(hits, Hit{r.Number, address, r.Name, r.Place})
			return
		}
	})
	if more {
		err = nil // it was ended here
	}
	return hits, more, err
}

// Only is a filter that is true for the rows with these numbers, and for rows that have the same texts in all
// columns. It says how many of the rows there are; filtered ones, and those that cannot be mailed, are left out.
func Only(ctx context.Context, d *definition.Definition, numbers []int64) (filter string, n int64, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	last, over := slices.Max(numbers), false
	var which []string
	_, err = rows(ctx, d, func(r *recipients.Row) {
		if !r.Filtered && r.Invalid == "" && slices.Contains(numbers, r.Number) {
			which = append(which, same(r.Values()))
		}
		if r.Number >= last && !over {
			over = true
			stop()
		}
	})
	if over {
		err = nil // it was ended here
	}
	return strings.Join(which, " || "), int64(len(which)), err
}

// same is the filter that is true for the rows whose texts are these.
func same(values map[string]any) string {
	var all []string
	for name, v := range values {
		if text, is := v.(string); is {
			all = append(all, "row["+strconv.Quote(name)+"] == "+strconv.Quote(text))
		}
	}
	slices.Sort(all)
	return "(" + strings.Join(all, " && ") + ")"
}
