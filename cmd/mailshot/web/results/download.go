package results

import (
	"archive/zip"
	"bufio"
	"context"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/web/chart"
	"mailshot/cmd/mailshot/web/figures"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/words"
	"mailshot/internal/mailbox"
)

// form is a file that the results can be taken away as.
type form struct {
	kind  string // of its content
	write func(w io.Writer, s *results, r *http.Request, h *history.Campaign, a asked) error
}

// forms are those that mailshot report writes, and by the same calls. The first three have the rows that the page
// shows.
var forms = map[string]form{
	"csv": {"text/csv; charset=utf-8", func(w io.Writer, _ *results, r *http.Request, h *history.Campaign, a asked) error {
		sum, err := h.Summary(r.Context())
		if err != nil {
			return err
		}
		return report.WriteCSV(w, sum, fitting(r.Context(), h, a, perRead))
	}},
	"json": {"application/json", func(w io.Writer, _ *results, r *http.Request, h *history.Campaign, a asked) error {
		sum, err := h.Summary(r.Context())
		if err != nil {
			return err
		}
		return report.WriteJSON(w, sum, fitting(r.Context(), h, a, perRead))
	}},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		func(w io.Writer, _ *results, r *http.Request, h *history.Campaign, a asked) error {
			sum, err := h.Summary(r.Context())
			if err != nil {
				return err
			}
			return report.WriteXLSX(w, sum, fitting(r.Context(), h, a, perRead))
		}},
	"html": {"text/html; charset=utf-8", func(w io.Writer, _ *results, r *http.Request, h *history.Campaign, _ asked) error {
		return WriteHTML(r.Context(), w, h, frame.Words(r))
	}},
}

// fitting are all rows that fit what a page asks for, as a report has them; so many are read at once.
func fitting(ctx context.Context, h *history.Campaign, a asked, each int) iter.Seq2[report.Row, error] {
	if a.Text == "" && a.Reply == "" {
		return h.Reported(ctx, a.filter())
	}
	find := a.find()
	find.After, find.Before, find.Limit = 0, 0, each
	return func(yield func(report.Row, error) bool) {
		for {
			records, more, err := h.Ledger.Page(ctx, h.ID, find)
			if err != nil {
				yield(report.Row{}, err)
				return
			}
			for _, rec := range records {
				if find.After = rec.ID; !yield(history.Reported(rec), nil) {
					return
				}
			}
			if !more {
				return
			}
		}
	}
}

// perRead is how many rows are read at once.
const perRead = 1000

// download answers with the results as a file, or with all messages that are kept as a zip.
func (s *results) download(w http.ResponseWriter, r *http.Request) {
	c := s.Campaign(w, r)
	if c == nil {
		return
	}
	d := shown{asked: ask(r.URL.Query())}
	h, err := s.exactly(r, c, &d)
	f, ok := forms[r.PathValue("form")]
	if r.PathValue("form") == "zip" && err == nil && h != nil {
		f, ok = s.zipped(c, d.Sending)
	}
	if err != nil || h == nil || !ok {
		if h != nil {
			_ = h.Close() // it was only read
		}
		s.notThere(w, r, err)
		return
	}
	defer h.Close()
	err = s.withAccounts(func(a *accounts.Accounts, _ []byte) error {
		if a == nil {
			return nil
		}
		return h.LeftIn(r.Context(), a)
	})
	if err != nil {
		s.Failed(w, r, err)
		return
	}
	attach(w, f.kind, h.ID+"."+r.PathValue("form"))
	b := bufio.NewWriterSize(w, 64<<10)
	if err := f.write(b, s, r, h, d.asked); err != nil {
		panic(http.ErrAbortHandler) // the file has begun: only an end too early says that it is not whole
	}
	_ = b.Flush() // whoever asked may be gone
}

// attach makes an answer a file of that name.
func attach(w http.ResponseWriter, kind, name string) {
	ending := name[strings.LastIndexByte(name, '.'):]
	name = mailbox.FileName(strings.TrimSuffix(name, ending)) + ending
	plain := strings.Map(func(r rune) rune {
		if r > '~' {
			return '_'
		}
		return r
	}, name)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+plain+`"; filename*=UTF-8''`+escape(name))
}

// escape is a name as RFC 8187 has it.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

// zipped is the form of all messages of a sending that are kept.
func (s *results) zipped(c *shelf.Campaign, of sending) (form, bool) {
	k := s.kept(c, of)
	return form{"application/zip", func(w io.Writer, _ *results, _ *http.Request, _ *history.Campaign, _ asked) error {
		z := zip.NewWriter(w)
		err := k.each(func(name string, r io.Reader) error {
			f, err := z.Create(name)
			if err == nil {
				_, err = io.Copy(f, r)
			}
			return err
		})
		if err != nil {
			return err
		}
		return z.Close()
	}}, k.any()
}

// message answers with the message of a row, as it was sent.
func (s *results) message(w http.ResponseWriter, r *http.Request) {
	c, d, h, rec := s.row(w, r)
	if rec == nil {
		return
	}
	defer h.Close()
	var b []byte
	err := s.withAccounts(func(_ *accounts.Accounts, secret []byte) (err error) {
		b, err = s.kept(c, d.Sending).message(*rec, messageID(c, h, secret, *rec))
		return err
	})
	if err != nil {
		s.Failed(w, r, err)
		return
	}
	attach(w, "message/rfc822", rec.Key+".eml")
	_, _ = w.Write(b) // whoever asked may be gone
}

// mostListed is how many rows the file of HTML lists; the other forms have all.
const mostListed = 1000

// filed is what the file of HTML shows.
type filed struct {
	Summary *report.Summary
	Columns *chart.Chart
	Groups  []chart.Group
	Replies []ledger.Answer
	Rows    []report.Row // that need a person's attention
	More    bool
	Made    time.Time
}

// WriteHTML writes where a campaign stands, its charts and the rows that need attention as one page that loads nothing
// and runs nothing.
func WriteHTML(ctx context.Context, w io.Writer, h *history.Campaign, words *words.Words) error {
	sum, err := h.Summary(ctx)
	if err != nil {
		return err
	}
	f, err := figures.Read(ctx, h)
	if err != nil {
		return err
	}
	d := filed{Summary: &sum, Columns: f.Chart(), Groups: f.Groups(),
		Replies: f.Replies, Made: time.Now()}
	if d.Rows, d.More, err = first(h.Reported(ctx, ledger.Filter{States: history.Attention()})); err != nil {
		return err
	}
	return pages.WriteFile(w, words, frame.Page{Name: "file", Title: h.ID, Data: d})
}

// first are the first rows.
func first(rows iter.Seq2[report.Row, error]) (all []report.Row, more bool, err error) {
	for r, err := range rows {
		if err != nil {
			return nil, false, err
		}
		if len(all) == mostListed {
			return all, true, nil
		}
		all = append(all, r)
	}
	return all, false, nil
}
