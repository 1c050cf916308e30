package delimited

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
)

// JSON reads a list of JSON objects, one per line or in one array. The keys of the first object, in their order, are
// the header. All others must have the same keys, in any order. A cell is a text, a number as written, true or false;
// null is an empty cell.
type JSON struct {
	lines *CSV      // reads lines; no byte is a delimiter or a quote
	whole *document // reads the objects of an array; nil if there is one per line
	keys  []string
	first *Record
}

var jsonStart = regexp.MustCompile(`^\s*(\{\s*["}]|\[\s*[{\]])`)

// IsJSON reports whether a text begins with an object, or with an array of objects.
func IsJSON(magic []byte) bool {
	for bytes.HasPrefix(magic, []byte(byteOrderMark)) {
		magic = magic[len(byteOrderMark):]
	}
	return jsonStart.Match(magic)
}

// NewJSON starts reading JSON in UTF-8.
func NewJSON(cfg Config, in io.Reader) (*JSON, error) {
	if cfg.Delimiter != 0 {
		return nil, &fault.Fault{Code: "bad-delimiter", Place: cfg.DelimiterAt,
			Text: "a delimiter is set, but " + cfg.File + " is JSON", Hint: "delete it"}
	}
	b := bufio.NewReaderSize(newEnded(in), 64<<10)
	for {
		mark, err := b.Peek(len(byteOrderMark))
		if err != nil || string(mark) != byteOrderMark {
			break
		}
		b.Discard(len(mark))
	}
	lines := &CSV{in: b, encoding: cfg.Encoding, name: cfg.File, line: 1, whole: true}
	head, _ := b.Peek(b.Size())
	return &JSON{lines: lines, whole: newDocument(head, b, lines)}, nil
}

// Encoding is what the text was decoded from.
func (j *JSON) Encoding() string { return j.lines.encoding }

// Place names a line: people.jsonl:17.
func (j *JSON) Place(line int64) string { return j.lines.Place(line) }

// Next returns the keys of the first object, then the values of each object. Its errors are those of [CSV.Next].
func (j *JSON) Next() (Record, error) {
	if j.first != nil {
		rec := *j.first
		j.first = nil
		return rec, nil
	}
	for {
		rec, err := j.object()
		if err != nil {
			return rec, err
		}
		if strings.TrimSpace(rec.Raw) == "" {
			continue
		}
		keys, values, f := j.parse(rec)
		if f != nil {
			f.Place, f.Line = j.Place(rec.Line), rec.Line
			f.Final = j.keys == nil
			return rec, f
		}
		if j.keys == nil {
			j.keys = keys
			first := rec
			first.Fields = values
			j.first = &first
			rec.Fields = slices.Clone(keys)
			return rec, nil
		}
		if rec.Fields, f = j.order(keys, values); f != nil {
			f.Place, f.Line, f.Excerpt = j.Place(rec.Line), rec.Line, fault.Excerpt(rec.Raw)
			return rec, f
		}
		return rec, nil
	}
}

// order puts the values of an object under the header's keys.
func (j *JSON) order(keys, values []string) ([]string, *fault.Fault) {
	fields := make([]string, len(j.keys))
	for i, key := range keys {
		at := i
		if at >= len(j.keys) || j.keys[at] != key {
			at = slices.Index(j.keys, key)
		}
		if at < 0 {
			return nil, &fault.Fault{Code: "ragged-row",
				Text: "the key " + fault.Quote(key) + ", which the first object does not have",
				Hint: "every object needs the keys of the first"}
		}
		fields[at] = values[i]
	}
	if len(keys) < len(j.keys) {
		for _, key := range j.keys {
			if !slices.Contains(keys, key) {
				return nil, &fault.Fault{Code: "ragged-row", Text: "the key " + fault.Quote(key) + " is missing",
					Hint: "write null where the row has no value"}
			}
		}
	}
	return fields, nil
}

// object returns the text of the next object.
func (j *JSON) object() (Record, error) {
	if j.whole != nil {
		return j.whole.Next()
	}
	return j.lines.Next()
}

// parse reads one object.
func (j *JSON) parse(rec Record) (keys, values []string, f *fault.Fault) {
	d := json.NewDecoder(strings.NewReader(rec.Raw))
	d.UseNumber()
	at := func() *fault.Fault {
		n := int(min(d.InputOffset(), math.MaxInt32))
		shown := fault.Excerpt(rec.Raw)
		return &fault.Fault{Excerpt: shown, Column: fault.Caret([]byte(rec.Raw[:min(n, len(rec.Raw))]), shown)}
	}
	broken := func(err error) *fault.Fault {
		f := at()
		text := "it is cut off"
		var se *json.SyntaxError
		switch {
		case err == nil:
			text = "it does not begin with {"
		case errors.As(err, &se):
			text = se.Error()
		}
		f.Code, f.Text, f.Hint = "bad-json", "not a JSON object: "+text, "write one whole object per line"
		return f
	}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, broken(err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, broken(err)
		}
		name := key.(string)
		if slices.Contains(keys, name) {
			f := at()
			f.Code, f.Text, f.Hint = "bad-json", "the key "+fault.Quote(name)+" appears twice",
				"which of the two is meant?"
			return nil, nil, f
		}
		v, err := d.Token()
		if err != nil {
			return nil, nil, broken(err)
		}
		text, ok := cell(v)
		if !ok {
			f := at()
			f.Code, f.Text, f.Hint = "bad-json", fault.Quote(name)+" holds a list or an object",
				"a cell holds a text, a number, true, false or null"
			return nil, nil, f
		}
		keys, values = append(keys, name), append(values, text)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, broken(err)
	}
	if strings.TrimSpace(rec.Raw[d.InputOffset():]) != "" {
		f := at()
		f.Code, f.Text, f.Hint = "bad-json", "something follows the object", "write one object per line"
		return nil, nil, f
	}
	return keys, values, nil
}

// cell is the text of a value; ok is false for a list or an object.
func cell(v json.Token) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case nil:
		return "", true
	}
	return "", false
}
