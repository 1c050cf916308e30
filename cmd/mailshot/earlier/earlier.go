// Package earlier compares messages with those of an earlier plan, run or dry run. Call [Open] with what a person
// names, [Set.Compare] for each message, [Set.Gone] for what is left, and [Set.Against] for the words about all of it.
//
// A ledger keeps of each row the cells and the digest of the message, and not the message. So it says which messages
// are the same and which cells differ. What the messages said is known where they are kept as files: an archive, the
// output of preview or of a rehearsal. Both together say everything. Nothing is written.
package earlier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"mailshot/campaign/digest"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
	"mailshot/cmd/mailshot/page"
)

// Plan is the word for the plan that the campaign's own ledger has.
const Plan = "plan"

// Config says with what to compare.
type Config struct {
	Named  []string // what a person names: Plan, a campaign's id, a ledger, a folder, an .mbox or an .eml file
	Ledger string   // the campaign's own
	ID     string   // the campaign's
	Inputs []digest.Part
	File   string // the name of the campaign file, for people
	// Hidden are columns whose texts nobody is shown, such as the passwords of files. That they differ is said.
	Hidden []string
}

// UnknownError says that what a person names is nothing to compare with.
type UnknownError struct {
	Name   string
	Ledger string   // that was looked into; "" = there is none
	Others []string // the campaigns that it has
	Why    string   // what is there instead; "" = nothing has that name
}

func (e *UnknownError) Error() string {
	if e.Why != "" {
		return e.Why
	}
	text := fmt.Sprintf("there is nothing to compare with named %q: no file, no folder", e.Name)
	if e.Name == Plan {
		text = "the campaign has no plan to compare with yet"
	}
	switch {
	case e.Ledger == "":
		return text + ", and no ledger, because nothing was planned here, or it is gone"
	case len(e.Others) > 0:
		return text + ", and no such campaign; the ledger has " + strings.Join(e.Others, ", ")
	}
	return text + ", and no such campaign in " + e.Ledger
}

// Set is what messages are compared with. Compare may be called from several goroutines.
type Set struct {
	cfg   Config
	names []string
	plan  *history.Campaign // nil = no ledger
	head  *recipients.Header
	rows  map[string]row // by key
	kept  *kept          // nil = no messages

	mu    sync.Mutex
	notes []string
}

// row is what is remembered of a row while messages are compared.
type row struct {
	id     int64
	digest [32]byte
	had    bool // a message
	why    string
	seen   bool
}

// Open finds what is named and reads what it takes to compare: of each row its key and its digest, of each kept message
// where it is. Errors are *UnknownError, those of the ledger and those of the disk.
func Open(ctx context.Context, cfg Config) (_ *Set, err error) {
	s := &Set{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, name := range cfg.Named {
		if err := s.open(ctx, name); err != nil {
			return nil, err
		}
	}
	if s.plan == nil {
		return s, nil
	}
	return s, s.read(ctx)
}

// open finds what one name means.
func (s *Set) open(ctx context.Context, name string) error {
	if name == Plan {
		return s.campaign(ctx, name, s.cfg.Ledger, s.cfg.ID)
	}
	info, err := os.Stat(name)
	ofLedger := !strings.ContainsAny(name, `/\.`) // ./news is a folder also where a campaign has the id news
	if ofLedger || err != nil {
		if cerr := s.campaign(ctx, name, s.cfg.Ledger, name); err != nil || cerr == nil {
			return cerr
		}
	}
	if !info.IsDir() && isLedger(name) {
		return s.campaign(ctx, name, name, s.cfg.ID)
	}
	if s.kept == nil {
		s.kept = newKept()
	}
	s.names = append(s.names, "the messages in "+name)
	return s.kept.find(name)
}

// isLedger reports whether a file is an SQLite database.
func isLedger(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 16)
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == "SQLite format 3\x00"
}

// campaign opens a campaign of a ledger.
func (s *Set) campaign(ctx context.Context, name, file, id string) error {
	c, err := history.Open(ctx, file, id)
	if none := (*history.NotSentError)(nil); errors.As(err, &none) {
		e := &UnknownError{Name: name, Ledger: file, Others: none.Others}
		if none.NoLedger {
			e.Ledger = ""
		}
		return e
	}
	if err != nil {
		return err
	}
	if s.plan != nil {
		return errors.Join(&UnknownError{Name: name, Why: s.plan.ID + " and " + id + " are both plans: compare with one"},
			c.Close())
	}
	s.plan = c
	if !c.Kept.Purged.IsZero() {
		return fmt.Errorf("the rows of campaign %s were erased on %s, so nothing can be compared with them", id,
			c.Kept.Purged.Local().Format("2 January 2006"))
	}
	word := "plan"
	if c.Kept.Runs > 0 {
		word = "run"
	}
	s.names = append(s.names, fmt.Sprintf("the %s of %s of %s", word, id,
		c.Kept.Created.Local().Format("2 January 2006, 15:04")))
	s.head = new(recipients.Header)
	return json.Unmarshal(c.Kept.Header, s.head)
}

// read reads the keys and the digests of the plan's rows.
func (s *Set) read(ctx context.Context) error {
	s.rows = map[string]row{}
	for r, err := range s.plan.Rows(ctx, ledger.Filter{}) {
		if err != nil {
			return err
		}
		one := row{id: r.ID, had: len(r.Digest) == 32, why: string(r.State)}
		if r.Reason != "" {
			one.why += ": " + r.Reason
		}
		copy(one.digest[:], r.Digest)
		if before, ok := s.rows[r.Key]; !ok || one.had && !before.had {
			s.rows[r.Key] = one
		}
	}
	if s.plan.ID != s.cfg.ID {
		s.note("Another campaign's messages have other Message-IDs and tokens, so rows are compared by their cells" +
			", and by their messages where these are kept.")
	}
	return nil
}

func (s *Set) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notes {
		if n == text {
			return
		}
	}
	s.notes = append(s.notes, text)
}

// Compare compares a message, whose row, Message-ID and digest are given beside it.
func (s *Set) Compare(r *recipients.Row, id string, digest [32]byte, m page.Message) (*page.Change, error) {
	was, err := s.message(id, m)
	if err != nil {
		return nil, err
	}
	if s.plan == nil {
		if was == nil {
			return &page.Change{Kind: page.IsNew}, nil
		}
		return s.contents(&page.Change{Was: was}, m)
	}
	s.mu.Lock()
	one, known := s.rows[m.Key]
	one.seen = true
	if known {
		s.rows[m.Key] = one
	}
	s.mu.Unlock()
	switch {
	case !known:
		return &page.Change{Kind: page.IsNew, Was: was}, nil
	case !one.had:
		return &page.Change{Kind: page.IsNew, Words: []string{"It had no message then: " + one.why + "."}}, nil
	case s.plan.ID == s.cfg.ID && one.digest == digest:
		return &page.Change{Kind: page.IsSame}, nil
	}
	c := &page.Change{Kind: page.IsChanged, Was: was}
	if c.Cells, err = s.cells(one.id, r); err != nil {
		return nil, err
	}
	if was != nil {
		return s.contents(c, m)
	}
	if len(c.Cells) == 0 {
		if s.plan.ID != s.cfg.ID {
			return &page.Change{Kind: page.IsSame}, nil
		}
		c.Words = []string{"No cell of the row differs: the templates, the files or the settings of the campaign do."}
	}
	return c, nil
}

// contents compares a message with the earlier one, and says what differs.
func (s *Set) contents(c *page.Change, m page.Message) (*page.Change, error) {
	words, err := differing(c.Was, m.Octets)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Place, err)
	}
	if len(words) == 0 && len(c.Cells) == 0 {
		return &page.Change{Kind: page.IsSame}, nil
	}
	c.Kind = page.IsChanged
	if len(words) > 0 {
		c.Words = append(c.Words, "Of the message: "+strings.Join(words, ", ")+".")
	} else {
		c.Words = append(c.Words, "The message says the same.")
	}
	return c, nil
}

func (s *Set) message(id string, m page.Message) ([]byte, error) {
	if s.kept == nil {
		return nil, nil
	}
	return s.kept.message(id, m.Address, m.Key)
}

// cells are those of a row that are not what they were.
func (s *Set) cells(id int64, is *recipients.Row) ([]page.Cell, error) {
	for r, err := range s.plan.Rows(context.Background(), ledger.Filter{IDs: []int64{id}}) {
		if err != nil {
			return nil, err
		}
		was, err := s.head.Decode(r.Place, r.Number, r.Fields)
		if err != nil {
			return nil, err
		}
		return s.veil(between(was, is)), nil
	}
	return nil, nil
}

// veil takes the texts out of cells that nobody is shown.
func (s *Set) veil(cells []page.Cell) []page.Cell {
	for i := range cells {
		c := &cells[i]
		column := c.Column
		if _, behind, is := strings.Cut(column, ofGroup); is {
			column = behind
		}
		if slices.ContainsFunc(s.cfg.Hidden, func(name string) bool {
			k := s.head.Index(name)
			return strings.EqualFold(column, strings.TrimSpace(name)) || k >= 0 && column == s.head.Columns[k].Name
		}) {
			c.Was, c.Is = veiled, veiled
		}
	}
	return cells
}

// veiled stands for a text that nobody is shown.
const veiled = "(not shown)"

// Gone yields the rows that had a message and were not compared.
func (s *Set) Gone(ctx context.Context) iter.Seq2[page.Message, error] {
	return func(yield func(page.Message, error) bool) {
		if s.plan == nil {
			if s.kept != nil {
				s.kept.rest(yield)
			}
			return
		}
		for r, err := range s.plan.Rows(ctx, ledger.Filter{}) {
			if err != nil {
				yield(page.Message{}, err)
				return
			}
			if one := s.rows[r.Key]; one.id != r.ID || one.seen || !one.had {
				continue
			}
			m := page.Message{Number: r.Number, Place: r.Place, Key: r.Key, Address: r.Address,
				Change: &page.Change{Kind: page.IsGone}}
			if was, err := s.head.Decode(r.Place, r.Number, r.Fields); err == nil {
				m.Name = was.Name
			}
			m.Change.Words = []string{"Its state then: " + string(r.State) + "."}
			if m.Change.Was, err = s.message("", m); !yield(m, err) {
				return
			}
		}
	}
}

// Against is what is said of the comparison, with the counts of its kinds.
func (s *Set) Against(counts map[string]int64) *page.Against {
	a := &page.Against{Name: strings.Join(s.names, " and "), Counts: counts, Notes: s.notes}
	if s.plan != nil {
		if was := digest.Parse(s.plan.Kept.Definition); was.Known() && s.plan.ID == s.cfg.ID {
			a.Inputs = inputs(digest.New(s.cfg.Inputs, was.Version).Differing(was))
		}
	}
	return a
}

// OldForm reports whether the plan's messages have Message-IDs or tokens of an older form, which a check of a new plan
// does not make.
func (s *Set) OldForm() bool {
	return s.plan != nil && s.plan.ID == s.cfg.ID && digest.Parse(s.plan.Kept.Definition).Renewed() != digest.Version
}

// secretPart is a part that only a plan covers: the secret in accounts.db.
const secretPart = "accounts.db"

func inputs(parts []string) (kept []string) {
	for _, p := range parts {
		if p != secretPart {
			kept = append(kept, strings.TrimPrefix(p, digest.SetPart))
		}
	}
	return kept
}

// Close closes the ledger.
func (s *Set) Close() error {
	if s.plan != nil {
		return s.plan.Close()
	}
	return nil
}

// base is the name of a kept message without its folder and its ending.
func base(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }
