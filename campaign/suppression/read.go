package suppression

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition/bulk"
	"mailshot/internal/ellipsis"
)

// List is what a suppression file says.
type List struct {
	Entries []accounts.Entry // without Source, and mostly without Domain; Time is zero if the file has no date
	Kind    string           // the tool that exported it: listmonk, Mailchimp, Amazon SES or SendGrid; "" = none
	LeftOut int64            // people in it who may be mailed: listmonk's enabled subscribers
	Unfit   []error          // entries of an export whose address is not valid, so that it is never mailed anyway
}

// Read reads a suppression list from r. Errors name the file as name.
//
// A line has an address, a whole domain (@example.com), or all domains below one (@*.example.com). A reason and a
// date may follow, after commas, semicolons or tabs. # begins a comment. A first line without an @ is a header. Its
// columns are found by name (address or email, topic, reason, date) in any order. Exports of listmonk, Mailchimp,
// Amazon SES and SendGrid are recognized by their columns.
//
// Every bad line is an error with its place. The list is returned also with an error, and has the good lines.
func Read(r io.Reader, name string) (*List, error) {
	in := bufio.NewReader(transform.NewReader(r, unicode.BOMOverride(transform.Nop)))
	l := &reader{in: in, name: name, out: &List{}}
	if head, _ := in.Peek(512); bytes.IndexByte(head, 0) >= 0 || bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return l.out, &lineError{file: name, line: 1, text: "not a text file (a workbook?): save it as CSV"}
	}
	switch first, err := l.firstByte(); {
	case err != nil && err != io.EOF:
		return l.out, fmt.Errorf("%s: %w", name, err)
	case first == '{' || first == '[':
		l.objects()
	default:
		l.table()
	}
	return l.out, errors.Join(l.errs...)
}

// reader reads one file.
type reader struct {
	in   *bufio.Reader
	name string
	line int // the number of the last line that was read
	out  *List
	errs []error

	columns []string // of the header, folded; nil = there is no header
	address int      // the column with the addresses, in a list that a person wrote
	export  *export  // nil = a person wrote the list
	topic   string   // of the entry that is added next
}

// firstByte peeks at the first byte that is not blank.
func (l *reader) firstByte() (byte, error) {
	for n := 1; ; n++ {
		b, err := l.in.Peek(n)
		if len(b) < n {
			return 0, err
		}
		if c := b[n-1]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, nil
		}
	}
}

// fault notes an error in a line.
func (l *reader) fault(line int, excerpt, text string) {
	l.errs = append(l.errs, &lineError{
		file: l.name, line: line, text: text, excerpt: strings.ToValidUTF8(excerpt, "\uFFFD"),
	})
}

// add adds one entry to the list; where has its place.
func (l *reader) add(where lineError, who, why, when string) {
	key, err := Key(strings.Trim(who, "\" \t"))
	if err != nil {
		e := &where
		e.file, e.text = l.name, err.Error()
		if l.export != nil {
			l.out.Unfit = append(l.out.Unfit, e)
			return
		}
		l.errs = append(l.errs, e)
		return
	}
	if l.topic != "" && l.topic != accounts.Bulk && !bulk.IsTopic(l.topic) {
		where.file, where.text = l.name, fmt.Sprintf("%q is not a topic: %s", ellipsis.Cut(l.topic, 40), bulk.TopicHint)
		l.errs = append(l.errs, &where)
		return
	}
	at, ok := entryTime(when)
	if !ok { // text in place of a date is kept with the reason
		why = strings.Trim(why+", "+strings.TrimSpace(when), ", ")
	}
	l.out.Entries = append(l.out.Entries, accounts.Entry{Key: key, Topic: strings.ToLower(l.topic), Reason: strings.ToValidUTF8(why, "\uFFFD"), Time: at})
}

// table reads lines of text, with or without a header.
func (l *reader) table() {
	delimiter := rune(0)
	for started := false; ; {
		at, cells, raw, d, err := l.record(delimiter)
		if err == io.EOF {
			return
		}
		if err != nil {
			l.errs = append(l.errs, err)
			return
		}
		if cells == nil {
			continue
		}
		if !started {
			started = true
			if !strings.Contains(raw, "@") {
				delimiter = d
				if !l.header(at, cells, raw) {
					return
				}
				continue
			}
		}
		l.row(at, cells, raw)
	}
}

// header finds out what the columns are. It returns false if the file must not be read as a suppression list.
func (l *reader) header(at int, cells []string, raw string) bool {
	for _, c := range cells {
		l.columns = append(l.columns, foldColumn(c))
	}
	has := func(column string) bool { return slices.Contains(l.columns, column) }
	if has("leid") && has("euid") && !has("unsubtime") && !has("cleantime") {
		l.fault(at, raw, "Mailchimp's export of people who may be mailed: it has neither UNSUB_TIME nor CLEAN_TIME")
		return false
	}
	for _, e := range exports {
		if e.is(l.columns) {
			l.export, l.out.Kind = &e, e.name
			return true
		}
	}
	l.address = slices.IndexFunc(l.columns, func(c string) bool { return slices.Contains(addressColumns, c) })
	if l.address < 0 {
		l.fault(at, raw, "neither an address nor a header: no column is named address or email")
		return false
	}
	return true
}

// row adds the entry of one line.
func (l *reader) row(at int, cells []string, raw string) {
	if l.columns == nil {
		why, when := strings.Join(cells[1:], ", "), ""
		if len(cells) > 2 {
			last := cells[len(cells)-1]
			if _, ok := entryTime(last); ok {
				why, when = strings.Join(cells[1:len(cells)-1], ", "), last
			}
		}
		l.add(lineError{line: at, excerpt: raw}, cells[0], strings.Trim(why, ",; \t"), when)
		return
	}
	get := func(names ...string) string {
		for _, name := range names {
			if i := slices.Index(l.columns, name); i >= 0 && i < len(cells) && cells[i] != "" {
				return strings.TrimSpace(cells[i])
			}
		}
		return ""
	}
	if l.export != nil {
		why, may := l.export.reason(get)
		if may {
			l.out.LeftOut++
			return
		}
		l.add(lineError{line: at, excerpt: raw}, get("email", "emailaddress"), why, get(l.export.date...))
		return
	}
	who := ""
	if l.address < len(cells) {
		who = cells[l.address]
	}
	why := get(reasonColumns...)
	l.topic = get("topic")
	if len(l.columns) == 1 && len(cells) > 1 { // only the column of addresses has a name
		why = strings.Join(cells[1:], ", ")
	}
	l.add(lineError{line: at, excerpt: raw}, who, why, get(dateColumns...))
}

// record reads the next line that is neither blank nor a comment, and the lines that a quoted cell goes on in. cells is
// nil if the record's fault is in errs already. A delimiter of 0 stands for the first delimiter in the line.
func (l *reader) record(delimiter rune) (at int, cells []string, raw string, d rune, err error) {
	for {
		text, err := l.in.ReadString('\n')
		if text == "" || err != nil && err != io.EOF {
			if err == io.EOF {
				return 0, nil, "", 0, io.EOF
			}
			return 0, nil, "", 0, fmt.Errorf("%s: %w", l.name, err)
		}
		l.line++
		if raw = strings.TrimRight(text, "\r\n"); strings.TrimSpace(raw) != "" && strings.TrimSpace(raw)[0] != '#' {
			break
		}
	}
	at = l.line
	if d = delimiter; d == 0 {
		d = ','
		if i := strings.IndexAny(raw, ",;\t"); i >= 0 {
			d = rune(raw[i])
		}
	}
	whole := raw
	for {
		c := csv.NewReader(strings.NewReader(whole))
		c.Comma, c.FieldsPerRecord, c.TrimLeadingSpace = d, -1, d != '\t'
		cells, err = c.Read()
		if errors.Is(err, csv.ErrBareQuote) { // ann@example.com, said "no"
			c = csv.NewReader(strings.NewReader(whole))
			c.Comma, c.FieldsPerRecord, c.LazyQuotes = d, -1, true
			cells, err = c.Read()
		}
		if err == nil {
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			return at, cells, raw, d, nil
		}
		// While a quote is open, the cell goes on in the next line.
		var parse *csv.ParseError
		open := errors.As(err, &parse) && errors.Is(parse.Err, csv.ErrQuote) && strings.Count(whole, `"`)%2 == 1
		more, readErr := l.in.ReadString('\n')
		if !open || more == "" || readErr != nil && readErr != io.EOF || len(whole) > 64<<10 {
			l.fault(at, raw, "a quote is not closed, or stands within a cell")
			if open {
				return at, nil, raw, d, io.EOF // whatever follows was read as part of the cell
			}
			if more != "" {
				l.in = bufio.NewReader(io.MultiReader(strings.NewReader(more), l.in))
			}
			return at, nil, raw, d, nil
		}
		l.line++
		whole += "\n" + strings.TrimRight(more, "\r\n")
	}
}

// The columns of a list that a person wrote, folded.
var (
	addressColumns = []string{
		"address", "email", "emailaddress", "mail", "emailaddresses", "mailaddress", "emailadresse", "adresse",
		"courriel", "correo", "recipient", "domain",
	}
	reasonColumns = []string{"reason", "why", "note", "suppressionreason"}
	dateColumns   = []string{"date", "time", "since", "created", "createdat", "lastupdatetime", "timestamp"}
)

// foldColumn makes the names of columns comparable: in lower case, without blanks, hyphens and underscores.
func foldColumn(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(s)))
}

// entryLayouts are the forms of dates that lists and exports have.
var entryLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly, "2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05Z07", "2006-01-02 15:04:05 MST", "2006-01-02 15:04",
}

// entryTime reads a date or Unix seconds. "" is the zero time.
func entryTime(s string) (time.Time, bool) {
	if s = strings.TrimSpace(s); s == "" || s == "null" {
		return time.Time{}, true
	}
	for _, layout := range entryLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 1e8 && n < 1e11 {
		sec, part := math.Modf(n)
		return time.Unix(int64(sec), int64(part*1e3)*1e6).UTC(), true
	}
	return time.Time{}, false
}

// lineError is a fault in a suppression file: in a line, or in a JSON object.
type lineError struct {
	file          string
	line, object  int // counted from 1; one of them is 0
	text, excerpt string
}

func (e *lineError) place() string {
	if e.object > 0 {
		return fmt.Sprintf("%s: entry %d", e.file, e.object)
	}
	return fmt.Sprintf("%s:%d", e.file, e.line)
}

func (e *lineError) Error() string { return e.place() + ": " + e.text }

// Diagnostic returns the parts of the error, as campaign/check asks every error for them.
func (e *lineError) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	if e.excerpt != "" {
		column = 1
	}
	return "bad-suppression", e.place(), e.text, e.excerpt, column,
		"one address, @domain or @*.domain a line, with a reason after a comma if you like; " +
			"or an export of listmonk, Mailchimp, SES or SendGrid"
}
