package compose

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/message"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/opened"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/cmd/mailshot/web/textfile"
	"mailshot/templates"
)

// shown is the page.
type shown struct {
	asked
	Status   int
	Saved    bool
	NotSaved string // why the source was not saved

	// The source.
	Sources   []source
	Kind      string
	Text      string     // of the source, or what was typed
	Version   string     // of the file
	Dirty     bool       // Text is not the file's
	Newer     bool       // the file is newer than what was typed
	Disk      string     // the newer file
	Unread    string     // why the source cannot be edited
	Lines     []numbered // of Text, where one of them is asked for
	Functions []templates.Function
	Findings  []finding
	file      *textfile.File

	// The message.
	Made
	Failed   bool // the row's message has a mistake, or the campaign
	Stale    bool // the message is that of the files: the typed text makes none
	Outside  bool // it is signed by DKIM when it leaves
	Sealed   bool // it is signed or encrypted for its reader when it leaves
	Views    []view
	Previous string // addresses of the neighbours; "" = none
	Next     string
	Hits     []survey.Hit
	More     bool // there are more
	Found    bool // people were looked for

	// All messages.
	Survey  survey.Survey
	Odd     []odd
	Here    []odd  // in what this row is odd
	Strange string // the page of the next odd row; "" = there is none
}

// view is one way to see a message.
type view struct {
	Name, Path string
	Current    bool
}

// odd is an odd row and its page.
type odd struct {
	survey.Odd
	Path string
}

// Made is a row's message as the page shows it.
type Made struct {
	Has      bool // the list has the row
	Place    string
	Person   string
	Why      string // the row gets no message
	Subject  string
	From, To string
	Size     int64
	HTML     int64  // kB of the HTML
	Frame    string // address of the HTML in its frame; "" = the message has none
	Files    string // address of its files, without their numbers
	Remote   bool   // it shows images from elsewhere
	Source   string
	Links    []opened.Link
	Header   [][2]string // with its words decoded
	Message  *opened.Message

	found []check.Finding
}

// GmailShows is how many kB of HTML Gmail shows.
func (Made) GmailShows() int64 { return 102 }

// The pages that differ from this one in one thing.
func (p *shown) WithImages() string       { a := p.asked; a.Images = true; return a.Path() }
func (p *shown) WithoutImages() string    { a := p.asked; a.Images = false; return a.Path() }
func (p *shown) RowPath(row int64) string { return p.asked.row(row) }

// messages makes the message of the row, from what was typed if something was; where that makes none, from the files.
func (c compose) messages(r *http.Request, one *shelf.Campaign, p *shown, typed *draft) {
	for _, name := range views() {
		p.Views = append(p.Views, view{name, p.asked.view(name), name == p.View})
	}
	if p.Row > 1 {
		p.Previous = p.asked.row(p.Row - 1)
	}
	now := *one
	var unsaved map[string]string
	var found []check.Finding
	if typed != nil && p.file != nil {
		data, err := p.file.Restore(typed.text)
		switch {
		case err != nil:
			found = check.From(err)
		case p.Kind == "campaign":
			now.Def, err = definition.Parse(path.Base(one.File), data, filepath.Dir(one.Path))
			if now.Mistakes = check.From(err); err == nil {
				now.Def.Path = one.Path
			}
		default:
			unsaved = map[string]string{p.File: string(data)}
		}
	}
	if found = append(found, now.Mistakes...); len(found) == 0 && now.Def != nil {
		p.Made, found = c.make(r, &now, p.Row, unsaved)
		p.Outside, p.Sealed = len(now.Def.Signatures) > 0, now.Def.Sealing.Outside() != ""
	}
	if typed != nil && p.Message == nil && p.Why == "" && len(found) > 0 && one.Def != nil {
		last, _ := c.make(r, one, p.Row, nil)
		p.Made, p.Stale = last, last.Message != nil
	}
	if p.Failed = len(found) > 0; p.Has {
		p.Next = p.asked.row(p.Row + 1)
	}
	for _, f := range slices.Concat(found, p.found) {
		p.Findings = append(p.Findings, finding{Finding: f})
	}
	if p.Message != nil && p.Message.HTML != "" && p.Images {
		p.Frame += "images"
	}
	if p.View == "forced-dark" && p.Frame != "" {
		p.Frame += "?forced"
	}
}

// mostFaults is how many faults of other rows are shown where the list does not have the row.
const mostFaults = 20

// make makes the message of a row, as a send would, and takes it apart. found is what is wrong with the row or the
// campaign.
func (c compose) make(
	r *http.Request, one *shelf.Campaign, row int64, unsaved map[string]string,
) (made Made, found []check.Finding) {
	open, err := campaign.Open(r.Context(), c.Shelf.Options(one))
	if err != nil {
		return made, check.From(err)
	}
	chosen := campaign.Chosen{Row: row, Unsaved: unsaved, Check: true}
	if kept, ok := c.Surveys.Row(one.File, survey.Version(one.Def), row); ok {
		chosen.Place, chosen.Kept = kept.Place, kept.Cells
	}
	for m, err := range open.Messages(r.Context(), chosen) {
		if err != nil {
			if len(found) < mostFaults {
				found = append(found, check.From(err)...)
			}
			continue
		}
		if found, err = nil, c.open(m, &made); err != nil {
			found = check.From(err)
		}
		break
	}
	if err := open.Close(); err != nil {
		found = append(found, check.From(err)...)
	}
	return made, found
}

// open takes a made message apart.
func (c compose) open(m message.Made, made *Made) error {
	made.Has, made.Place, made.Person, made.Why = true, m.Row.Place, m.Row.Name, m.Why
	if m.Err != nil {
		return m.Err
	}
	if m.Message == nil {
		return nil
	}
	defer m.Message.Release()
	var b bytes.Buffer
	if _, err := m.Message.WriteTo(&b); err != nil {
		return err
	}
	parts, err := opened.Read(b.Bytes())
	if err != nil {
		return err
	}
	made.found, made.Message = m.Findings, parts
	made.Subject, made.To = m.Message.Subject(), m.Message.To()
	made.Size, made.HTML = m.Message.Size(), (int64(len(parts.HTML))+1023)/1024
	made.Source, made.Links, made.Remote = report.CleanLines(b.String()), parts.Links(), parts.Remote()
	var words mime.WordDecoder
	for _, field := range parts.Header {
		if text, err := words.DecodeHeader(field[1]); err == nil {
			field[1] = text
		}
		made.Header = append(made.Header, field)
		if field[0] == "From" {
			made.From = field[1]
		}
	}
	if name, to, ok := message.Blind(m.Message); ok {
		made.Header = append(made.Header, [2]string{name, to})
	}
	address := c.Mail.Keep(parts)
	made.Files = address + "files/"
	if parts.HTML != "" {
		made.Frame = address
	}
	return nil
}

// FileSize is the size of a file of the message.
func (Made) FileSize(f opened.File) int64 { return int64(len(f.Body)) }

// FilePath is the address of a file of the message.
func (m Made) FilePath(i int) string { return m.Files + strconv.Itoa(i) }

// survey says what is known about all messages.
func (c compose) survey(one *shelf.Campaign, p *shown) {
	if one.Def == nil || one.Def.Recipients.File == definition.Stdin {
		return
	}
	p.Survey = c.Surveys.Of(one.File, survey.Version(one.Def), c.Shelf.Options(one))
	if p.Survey.Counted && p.Row >= p.Survey.Rows {
		p.Next = ""
	}
	for _, o := range p.Survey.Odd {
		p.Odd = append(p.Odd, odd{o, p.asked.row(o.Row)})
		if o.Row == p.Row {
			p.Here = append(p.Here, p.Odd[len(p.Odd)-1])
		}
	}
	i := slices.IndexFunc(p.Odd, func(o odd) bool { return o.Row > p.Row })
	if i < 0 && len(p.Odd) > 0 && p.Odd[0].Row != p.Row {
		i = 0 // from the beginning
	}
	if i >= 0 {
		p.Strange = p.Odd[i].Path
	}
	if p.Dirty { // they are about the files
		return
	}
	for _, f := range slices.Concat(check.From(p.Survey.Err), p.Survey.Findings) {
		same := func(o finding) bool { return o.Code == f.Code && (o.Place == f.Place || o.Text == f.Text) }
		if i := slices.IndexFunc(p.Findings, same); i >= 0 {
			p.Findings[i].Rows = f.Rows
			continue
		}
		one := finding{Finding: f}
		for _, o := range p.Survey.Odd {
			if o.Kind == survey.Wrong && o.Detail == f.Text {
				one.Row, one.RowTo = o.Row, p.asked.row(o.Row)
				break
			}
		}
		p.Findings = append(p.Findings, one)
	}
}
