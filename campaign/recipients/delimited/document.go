package delimited

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"mailshot/campaign/recipients/fault"
)

// document reads the objects of one JSON document: an array of objects, laid out in any way, or the "deliveries" of
// what "mailshot report --json" wrote.
type document struct {
	in     *counted
	d      *json.Decoder
	text   *CSV // names the places, and checks texts
	report bool
	begun  bool
	ended  bool
}

var (
	arrayStart  = regexp.MustCompile(`^\s*\[\s*[{\]]`)
	reportStart = regexp.MustCompile(`^\s*\{\s*"campaign"\s*:(?s:.*)"deliveries"\s*:\s*\[`)
)

// newDocument returns the reader of a document that begins with head; nil if it is not one.
func newDocument(head []byte, in io.Reader, text *CSV) *document {
	report := reportStart.Match(head)
	if !report && !arrayStart.Match(head) {
		return nil
	}
	c := &counted{in: in}
	d := &document{in: c, d: json.NewDecoder(c), text: text, report: report}
	d.d.UseNumber()
	return d
}

// Next returns the text of the next object, with its line. Its faults are final: what follows a mistake in an array
// cannot be told apart. At the array's end it is [io.EOF].
func (d *document) Next() (Record, error) {
	if d.ended {
		return Record{}, io.EOF
	}
	d.in.limit = d.d.InputOffset() + MaxRecord
	if !d.begun {
		d.begun = true
		if err := d.begin(); err != nil {
			return Record{}, d.wrong(err)
		}
	}
	if !d.d.More() {
		d.ended = true
		return Record{}, d.end()
	}
	var raw json.RawMessage
	if err := d.d.Decode(&raw); err != nil {
		return Record{}, d.wrong(err)
	}
	rec := Record{Line: d.in.line(d.d.InputOffset() - int64(len(raw))), Raw: string(raw)}
	if f := d.text.check(rec, &scan{stray: -1, nul: -1}); f != nil {
		return Record{}, f
	}
	if d.report {
		var of delivery
		if err := json.Unmarshal(raw, &of); err != nil {
			return Record{}, &fault.Fault{Code: "bad-json", Place: d.text.Place(rec.Line), Line: rec.Line, Final: true,
				Text: "not a delivery of a report", Hint: "write the report again"}
		}
		whole, err := json.Marshal(of)
		if err != nil {
			return Record{}, err
		}
		rec.Raw = string(whole)
	}
	return rec, nil
}

// begin reads up to the first object.
func (d *document) begin() error {
	if !d.report {
		_, err := d.d.Token()
		return err
	}
	if _, err := d.d.Token(); err != nil {
		return err
	}
	for {
		key, err := d.d.Token()
		if err != nil {
			return err
		}
		if key == "deliveries" {
			_, err := d.d.Token()
			return err
		}
		var skipped json.RawMessage
		if err := d.d.Decode(&skipped); err != nil {
			return err
		}
	}
}

// end reads what follows the last object: the ends of the array and of the report, and nothing else.
func (d *document) end() error {
	ends := []json.Delim{']'}
	if d.report {
		ends = append(ends, '}')
	}
	for _, want := range ends {
		switch t, err := d.d.Token(); {
		case err != nil:
			return d.wrong(err)
		case t != want:
			return d.wrong(fmt.Errorf("%v where %v is to be", t, want))
		}
	}
	if _, err := d.d.Token(); err != io.EOF {
		return d.wrong(errors.New("something follows it"))
	}
	return io.EOF
}

// wrong is the fault of a document that cannot be read further.
func (d *document) wrong(err error) error {
	line := d.in.line(d.d.InputOffset())
	f := &fault.Fault{Code: "bad-json", Place: d.text.Place(line), Line: line, Final: true,
		Hint: "correct it, or write one whole object per line"}
	text := err.Error()
	var se *json.SyntaxError
	switch {
	case errors.Is(err, errLong):
		f.Code, f.Text, f.Hint = "long-record", fmt.Sprintf("a row of more than %d bytes", MaxRecord), "this is not a list"
		return f
	case d.in.err != nil && d.in.err != io.EOF:
		return fault.File(d.text.name, d.in.err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		text = "it is cut off"
	case errors.As(err, &se):
		text = se.Error()
	}
	f.Text = "not an array of JSON objects: " + text
	return f
}

// delivery is a row of a report, with a value for each of its keys. What a person changed by hand is left out.
type delivery struct {
	Number   json.Number `json:"number"`
	Place    string      `json:"place"`
	Key      string      `json:"key"`
	Address  string      `json:"address"`
	State    string      `json:"state"`
	Reason   string      `json:"reason"`
	Attempts json.Number `json:"attempts"`
	Time     string      `json:"time"`
	Due      string      `json:"due"`
	Server   string      `json:"server"`
	Stage    string      `json:"stage"`
	Code     any         `json:"code"` // a number, or null
	Enhanced string      `json:"enhanced"`
	Text     string      `json:"text"`
}

// counted is a reader that knows the lines of what was read lately, and stops at a limit.
type counted struct {
	in    io.Reader
	n     int64 // bytes read
	limit int64
	err   error
	ends  []int64 // offsets of the line ends that line has not passed
	past  int64   // line ends that it has
}

var errLong = errors.New("too long")

func (c *counted) Read(p []byte) (int, error) {
	if c.n >= c.limit {
		return 0, errLong
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.limit-c.n)])
	for i, b := range p[:n] {
		if b == '\n' {
			c.ends = append(c.ends, c.n+int64(i))
		}
	}
	c.n += int64(n)
	c.err = err
	return n, err
}

// line is the line of an offset, which is not before that of the last call.
func (c *counted) line(offset int64) int64 {
	i := 0
	for i < len(c.ends) && c.ends[i] < offset {
		i++
	}
	c.ends, c.past = c.ends[i:], c.past+int64(i)
	return c.past + 1
}
