package campaign

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
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
)

// SuppressionList is what a file says about people never to be mailed.
type SuppressionList struct {
	Entries []accounts.Entry // without Domain and Source; Time is zero where the file says none
	Kind    string           // whose export it is: listmonk, Mailchimp, Amazon SES, SendGrid; "" is a list of the person's own
	LeftOut int64            // people in it who may be mailed: listmonk's enabled subscribers
	Unfit   []error          // entries of an export that are no address to mailshot, so that it mails them in no case
}

// ReadSuppressions reads a list of people never to be mailed; name is the file's, for errors.
//
// A line is an address, a whole domain (@example.com), or all domains below one (@*.example.com), then a reason and a date
// after commas, semicolons or tabs, if there are any; # begins a comment; a first line without an @ is a header, whose columns
// are found by name (address or email, reason, date) in any order. Exports of listmonk, Mailchimp, Amazon SES and SendGrid are known
// by their columns. Every bad line is an error with its place; the good ones come back all the same.
func ReadSuppressions(r io.Reader, name string) (*SuppressionList, error) {
	in := bufio.NewReader(transform.NewReader(r, unicode.BOMOverride(transform.Nop)))
	l := &suppressionReader{in: in, name: name, out: &SuppressionList{}}
	if head, _ := in.Peek(512); bytes.IndexByte(head, 0) >= 0 || bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return l.out, &lineError{file: name, line: 1, text: "this is no text: a workbook, or another kind of file; save it as CSV"}
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

// suppressionReader reads one file.
type suppressionReader struct {
	in   *bufio.Reader
	name string
	line int // that was read last
	out  *SuppressionList
	errs []error

	columns []string // of the header, folded; nil: there is none
	address int      // its column of a list of the person's own
	export  *export  // nil: a list of the person's own
}

// firstByte is the first byte that is not blank.
func (l *suppressionReader) firstByte() (byte, error) {
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

func (l *suppressionReader) fault(line int, excerpt, text string) {
	l.errs = append(l.errs, &lineError{file: l.name, line: line, text: text, excerpt: strings.ToValidUTF8(excerpt, "\uFFFD")})
}

// add takes up one entry; where holds its place.
func (l *suppressionReader) add(where lineError, who, why, when string) {
	key, err := SuppressionKey(strings.Trim(who, "\" \t"))
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
	at, ok := entryTime(when)
	if !ok { // what is no date is not lost
		why = strings.Trim(why+", "+strings.TrimSpace(when), ", ")
	}
	l.out.Entries = append(l.out.Entries, accounts.Entry{Key: key, Reason: strings.ToValidUTF8(why, "\uFFFD"), Time: at})
}

// table reads lines of text, with or without a header.
func (l *suppressionReader) table() {
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

// header finds out what the columns are. It is false for a file that must not be taken for a list of this kind.
func (l *suppressionReader) header(at int, cells []string, raw string) bool {
	for _, c := range cells {
		l.columns = append(l.columns, foldColumn(c))
	}
	if slices.Contains(l.columns, "leid") && slices.Contains(l.columns, "euid") && !slices.Contains(l.columns, "unsubtime") && !slices.Contains(l.columns, "cleantime") {
		l.fault(at, raw, "this is Mailchimp's export of people who may be mailed, without UNSUB_TIME or CLEAN_TIME")
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
		l.fault(at, raw, "this is no address, and as a header it names no column address")
		return false
	}
	return true
}

// row takes up one line.
func (l *suppressionReader) row(at int, cells []string, raw string) {
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
	if len(l.columns) == 1 && len(cells) > 1 { // a header over the addresses alone
		why = strings.Join(cells[1:], ", ")
	}
	l.add(lineError{line: at, excerpt: raw}, who, why, get(dateColumns...))
}

// record reads the next line that is neither blank nor a comment, with the lines that belong to it by quotes. cells is nil for
// a record that is in errs. delimiter 0: the first one in the line.
func (l *suppressionReader) record(delimiter rune) (at int, cells []string, raw string, d rune, err error) {
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
		// A quote that is open: the cell goes on in the next line.
		var parse *csv.ParseError
		open := errors.As(err, &parse) && errors.Is(parse.Err, csv.ErrQuote) && strings.Count(whole, `"`)%2 == 1
		more, readErr := l.in.ReadString('\n')
		if !open || more == "" || readErr != nil && readErr != io.EOF || len(whole) > 64<<10 {
			l.fault(at, raw, "a quote that is never closed, or stands within a cell")
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

// objects reads JSON: SES's answer or a list of its entries, also one a line.
func (l *suppressionReader) objects() {
	d := json.NewDecoder(l.in)
	n := 0
	for {
		var value json.RawMessage
		err := d.Decode(&value)
		if err == io.EOF {
			return
		}
		if err != nil {
			l.errs = append(l.errs, fmt.Errorf("%s: this is no JSON: %w", l.name, err))
			return
		}
		list := []json.RawMessage{value}
		var answer struct {
			Entries   []json.RawMessage `json:"SuppressedDestinationSummaries"`
			NextToken string
		}
		switch {
		case value[0] == '[':
			err = json.Unmarshal(value, &list)
		case json.Unmarshal(value, &answer) == nil && answer.Entries != nil:
			list = answer.Entries
		}
		if answer.NextToken != "" {
			l.errs = append(l.errs, &lineError{file: l.name, line: 1, text: "this is not the whole list: there is a NextToken (export it without --max-items and --no-paginate)"})
		}
		if err != nil {
			l.errs = append(l.errs, fmt.Errorf("%s: %w", l.name, err))
		}
		for _, one := range list {
			n++
			l.object(n, one)
		}
	}
}

// object takes up one entry of SES (EmailAddress, Reason, LastUpdateTime) or SendGrid (email, reason, created). encoding/json
// matches names without regard to case.
func (l *suppressionReader) object(n int, raw json.RawMessage) {
	var e struct {
		EmailAddress, Email, Reason string
		LastUpdateTime, Created     json.RawMessage
	}
	if err := json.Unmarshal(raw, &e); err != nil || e.EmailAddress == "" && e.Email == "" {
		l.errs = append(l.errs, &lineError{file: l.name, object: n, text: "there is no EmailAddress"})
		return
	}
	kind, who, when := &exports[2], e.EmailAddress, e.LastUpdateTime
	if who == "" {
		kind, who, when = &exports[3], e.Email, e.Created
	}
	l.export, l.out.Kind = kind, kind.name
	why, _ := kind.reason(func(names ...string) string {
		if slices.Contains(names, "reason") {
			return e.Reason
		}
		return ""
	})
	l.add(lineError{object: n}, who, why, strings.Trim(string(when), `"`))
}

// export is a list as another program writes it.
type export struct {
	name    string
	columns []string // that tell it, folded
	date    []string
	// reason says why the person of a row is not to be mailed, or that they may be.
	reason func(get func(...string) string) (why string, may bool)
}

func (e *export) is(columns []string) bool {
	for _, c := range e.columns {
		if !slices.Contains(columns, c) {
			return false
		}
	}
	return true
}

// exports are the programs whose exports are known.
//
//   - listmonk: cmd/subscribers.go of knadh/listmonk writes uuid, email, name, attributes, status, created_at, updated_at; the
//     status is enabled, disabled or blocklisted.
//   - Mailchimp: the files unsubscribed_… and cleaned_… of an audience export have Email Address, the person's own columns,
//     UNSUB_TIME, UNSUB_CAMPAIGN_TITLE, UNSUB_CAMPAIGN_ID, UNSUB_REASON, UNSUB_REASON_OTHER, or CLEAN_TIME,
//     CLEAN_CAMPAIGN_TITLE, CLEAN_CAMPAIGN_ID, and always LEID and EUID
//     (https://mailchimp.com/help/view-export-contacts/). The file of those subscribed has neither time.
//   - Amazon SES: SuppressedDestinationSummary has EmailAddress, Reason (BOUNCE, COMPLAINT) and LastUpdateTime
//     (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html). Its lists for import are
//     lines of address,REASON or objects with emailAddress and reason.
//   - SendGrid: bounces have created, email, reason, status, spam reports created, email, ip, unsubscribes created, email
//     (https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/retrieve-all-bounces and its siblings, also as CSV);
//     created is in Unix seconds.
var exports = [...]export{
	{"listmonk", []string{"uuid", "email", "attributes", "status"}, []string{"updatedat", "createdat"}, func(get func(...string) string) (string, bool) {
		return get("status") + " in listmonk", get("status") == "enabled"
	}},
	{"Mailchimp", []string{"emailaddress", "leid", "euid"}, []string{"cleantime", "unsubtime"}, func(get func(...string) string) (string, bool) {
		if get("cleantime") != "" {
			return "cleaned by Mailchimp: it bounced", false
		}
		why := "unsubscribed at Mailchimp"
		if said := get("unsubreasonother", "unsubreason"); said != "" && said != "N/A" {
			why += ": " + said
		}
		return why, false
	}},
	{"Amazon SES", []string{"emailaddress", "reason", "lastupdatetime"}, []string{"lastupdatetime"}, func(get func(...string) string) (string, bool) {
		return strings.TrimSpace(strings.ToLower(get("reason")) + " at Amazon SES"), false
	}},
	{"SendGrid", []string{"email", "created"}, []string{"created"}, func(get func(...string) string) (string, bool) {
		switch why := get("reason"); {
		case why != "":
			return why + " (SendGrid)", false
		case get("ip") != "":
			return "spam report at SendGrid", false
		}
		return "unsubscribed at SendGrid", false
	}},
}

// The columns of a list of the person's own, folded.
var (
	addressColumns = []string{"address", "email", "emailaddress", "mail", "emailaddresses", "mailaddress", "emailadresse", "adresse", "courriel", "correo", "recipient", "domain"}
	reasonColumns  = []string{"reason", "why", "note", "suppressionreason"}
	dateColumns    = []string{"date", "time", "since", "created", "createdat", "lastupdatetime", "timestamp"}
)

// foldColumn makes names of columns comparable: lower case, without blanks, hyphens and underscores.
func foldColumn(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(s)))
}

var entryLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05 MST", "2006-01-02 15:04",
}

// entryTime reads a date, or Unix seconds; "" is the zero time.
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
