package belonging

import (
	"fmt"
	"strconv"
	"strings"

	"mailshot/campaign/belonging/words"
)

// Others has the texts that the rows of a list have in some of its columns. Add all rows first; then it is safe for
// concurrent use. A nil *Others has no texts.
type Others struct {
	hash    *words.Hasher
	columns map[int]*column // by index
	files   []string        // that places begin with
	file    map[string]uint32
}

// column says where each text of a column is first.
type column struct {
	rows  map[words.Key]where
	words int // most words of a text
	runes int // most letters and digits of one
}

// where is a row's place: a file, and the number behind its name.
type where struct{ file, line uint32 }

// NewOthers returns an empty Others for the columns with these indexes. secret is the same as in Config.
func NewOthers(secret []byte, columns []int) *Others {
	o := &Others{hash: words.New(secret), columns: map[int]*column{}, file: map[string]uint32{}}
	for _, i := range columns {
		o.columns[i] = &column{rows: map[words.Key]where{}}
	}
	return o
}

// Add adds a row.
func (o *Others) Add(place string, cells []string) {
	at := o.where(place)
	for i, c := range o.columns {
		if i >= len(cells) {
			continue
		}
		v, ok := o.hash.Value(cells[i])
		if !ok {
			continue
		}
		c.runes, c.words = max(c.runes, v.Runes()), max(c.words, v.Words())
		for _, k := range v.Keys() {
			if _, known := c.rows[k]; !known {
				c.rows[k] = at
			}
		}
	}
}

// where keeps a place in eight bytes.
func (o *Others) where(place string) where {
	file := strings.TrimRight(place, "0123456789")
	line, err := strconv.ParseUint(place[len(file):], 10, 32)
	if err != nil || place[len(file)] == '0' {
		file, line = place, 0
	}
	n, known := o.file[file]
	if !known {
		n = uint32(len(o.files))
		o.file[file], o.files = n, append(o.files, file)
	}
	return where{n, uint32(line)}
}

func (o *Others) place(w where) string {
	if w.line == 0 {
		return o.files[w.file]
	}
	return fmt.Sprintf("%s%d", o.files[w.file], w.line)
}

// in returns the place of another row whose text is in a file; "" if there is none. Words that are known count for no
// row.
func (o *Others) in(r *Rule, tokens []words.Token, known []bool, own []words.Value) (place string) {
	if o == nil || r.Column == "" || o.columns[r.Index] == nil {
		return ""
	}
	c := o.columns[r.Index]
	mine := map[words.Key]bool{}
	for _, v := range own {
		for _, k := range v.Keys() {
			mine[k] = true
		}
	}
	at := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && !known[i] {
			continue
		}
		if i > at {
			o.hash.Windows(tokens[at:i], c.words, c.runes, func(k words.Key) bool {
				if of, is := c.rows[k]; is && !mine[k] {
					place = o.place(of)
				}
				return place == ""
			})
		}
		if at = i + 1; place != "" {
			break
		}
	}
	return place
}
