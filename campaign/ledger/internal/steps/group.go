package steps

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"mailshot/campaign/ledger/internal/cc"
	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Group is the steps that became durable at once, in the order in which they were taken: what was put back, the
// outcomes, and what was begun, at Now.
type Group struct {
	Now                   int64
	Back, Outcomes, Begun []Step

	// Owner keeps elsewhere who gets which message: Gets of those that are begun, and not Lets, which came to nothing.
	Owner      string
	Gets, Lets []Copy
}

// Copy is who gets which message by a delivery, in hashes that mean something to their owner.
type Copy struct {
	Delivery        int64
	Person, Content uint64
}

// form is the form of a group in bytes, and withCopies that of one with an owner. The first is that of older versions.
const form, withCopies = 1, 2

// Append appends the group's form in bytes to b.
func (g *Group) Append(b []byte) []byte {
	if g.Owner == "" {
		b = append(b, form)
	} else {
		b = append(binary.AppendUvarint(append(b, withCopies), uint64(len(g.Owner))), g.Owner...)
		for _, list := range [][]Copy{g.Gets, g.Lets} {
			b = AppendCopies(binary.AppendUvarint(b, uint64(len(list)*copySize)), list)
		}
	}
	b = binary.AppendVarint(b, g.Now)
	for _, list := range [][]Step{g.Back, g.Outcomes, g.Begun} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for i := range list {
			b = list[i].append(b)
		}
	}
	return b
}

func (s *Step) numbers() []*int64 {
	return []*int64{&s.ID, &s.From, &s.To, &s.Due, &s.First, &s.Turn, &s.Time}
}

func (s *Step) texts() []*string {
	return []*string{&s.Reason, &s.Stage, &s.Enhanced, &s.Text, &s.Server}
}

func (s *Step) append(b []byte) []byte {
	for _, n := range [...]int64{s.ID, s.From, s.To, s.Due, s.First, s.Turn, s.Time, int64(s.Attempts), int64(s.Code)} {
		b = binary.AppendVarint(b, n)
	}
	tried := byte(untried)
	switch {
	case len(s.Copies) > 0:
		tried = triedCopies
	case s.Tried:
		tried = triedAlone
	}
	b = append(b, tried)
	for _, text := range [...]string{s.Reason, s.Stage, s.Enhanced, s.Text, s.Server} {
		b = appendText(b, text)
	}
	if tried == triedCopies {
		b = binary.AppendUvarint(b, uint64(len(s.Copies)))
		for i := range s.Copies {
			b = appendCopied(b, &s.Copies[i])
		}
	}
	return b
}

// Whether a step is an attempt, and has copies. Older versions know only the first two.
const untried, triedAlone, triedCopies = 0, 1, 2

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// The bits of a recipient of a copy.
const blind, accepted = 1, 2

func appendCopied(b []byte, c *cc.Recipient) []byte {
	bits := byte(0)
	if c.Blind {
		bits |= blind
	}
	if c.Accepted {
		bits |= accepted
	}
	b = binary.AppendVarint(append(b, bits), int64(c.Code))
	for _, text := range [...]string{c.Address, c.AddressKey, c.Stage, c.Enhanced, c.Text} {
		b = appendText(b, text)
	}
	return b
}

func (r *reader) copied() (c cc.Recipient) {
	bits := r.byte()
	c.Blind, c.Accepted, c.Code = bits&blind != 0, bits&accepted != 0, int(r.number())
	for _, text := range []*string{&c.Address, &c.AddressKey, &c.Stage, &c.Enhanced, &c.Text} {
		*text = string(r.bytes())
	}
	return c
}

var errForm = errors.New("a group of steps is not in a form that this program knows")

// Parse reads what Append made.
func (g *Group) Parse(b []byte) (err error) {
	r := reader{b: b}
	*g = Group{}
	switch r.byte() {
	case form:
	case withCopies:
		g.Owner, g.Gets, g.Lets = string(r.bytes()), ParseCopies(r.bytes()), ParseCopies(r.bytes())
	default:
		return errForm
	}
	g.Now = r.number()
	for _, list := range []*[]Step{&g.Back, &g.Outcomes, &g.Begun} {
		n := r.size()
		for range n {
			*list = append(*list, r.step())
			if r.bad {
				return errForm
			}
		}
	}
	if r.bad || len(r.b) > 0 {
		return errForm
	}
	return nil
}

// reader reads the form of a group. bad is set if it is not one.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) step() Step {
	var s Step
	for _, n := range s.numbers() {
		*n = r.number()
	}
	s.Attempts, s.Code = int(r.number()), int(r.number())
	tried := r.byte()
	s.Tried = tried == triedAlone || tried == triedCopies
	for _, text := range s.texts() {
		*text = string(r.bytes())
	}
	if tried == triedCopies {
		for n := r.size(); n > 0 && !r.bad; n-- {
			s.Copies = append(s.Copies, r.copied())
		}
	}
	return s
}

func (r *reader) bytes() []byte {
	n := r.size()
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) number() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// size is a number of things that take at least a byte each.
func (r *reader) size() int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > uint64(len(r.b)-n) {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

// Net is what several groups, one after another, come to: one step for each delivery, from what the database has. The
// zero value is of no group.
type Net struct {
	now   int64
	list  []Step // in the order of the last step of each; ID is 0 where a later step took its place
	at    map[int64]int
	steps int // in list, without those

	owner      string
	gets, lets []Copy
}

// Len is for how many deliveries there is a step.
func (n *Net) Len() int { return n.steps }

// Add adds the group that comes next. An error means that a step contradicts those before it.
func (n *Net) Add(g *Group) error {
	n.now = g.Now
	if n.at == nil {
		n.at = map[int64]int{}
	}
	for _, list := range [][]Step{g.Back, g.Outcomes, g.Begun} {
		for i := range list {
			if err := n.add(list[i]); err != nil {
				return err
			}
		}
	}
	for _, c := range g.Lets { // before what is begun: it may be the same delivery
		if i := slices.Index(n.gets, c); i >= 0 {
			n.gets = slices.Delete(n.gets, i, i+1)
		} else {
			n.lets = append(n.lets, c)
		}
	}
	n.gets = append(n.gets, g.Gets...)
	n.owner = cmp.Or(g.Owner, n.owner)
	return nil
}

func (n *Net) add(s Step) error {
	if i, ok := n.at[s.ID]; ok {
		was := &n.list[i]
		if s.From != was.To {
			return fmt.Errorf("delivery %d goes from state %d, and was in %d", s.ID, s.From, was.To)
		}
		s.From = was.From
		was.ID = 0
		delete(n.at, s.ID)
		n.steps--
		if s.From == s.To && !s.Tried { // begun and put back, or the other way round
			return nil
		}
	}
	n.at[s.ID] = len(n.list)
	n.list = append(n.list, s)
	n.steps++
	return nil
}

// Group is one group that does the same. It shares its steps with n.
func (n *Net) Group() Group {
	g := Group{Now: n.now, Owner: n.owner, Gets: n.gets, Lets: n.lets}
	all := slices.DeleteFunc(n.list, func(s Step) bool { return s.ID == 0 })
	for i := range all {
		switch s := &all[i]; {
		case s.To == schema.Begun:
			g.Begun = append(g.Begun, *s)
		case s.From == schema.Begun && (s.To == schema.Pending || s.To == schema.Deferred && !s.Tried):
			g.Back = append(g.Back, *s)
		default:
			g.Outcomes = append(g.Outcomes, *s)
		}
	}
	return g
}

// WriteGroup is Write of a group's lists. Who gets which message is kept for the owner to take: see [Copies]. What came
// back before the outcome was in the file leads on from there.
func (w *Writer) WriteGroup(t *sqlite.Tx, g *Group) error {
	err := w.Write(t, g.Now, g.Back, g.Outcomes, g.Begun)
	if err == nil && len(g.Outcomes) > 0 {
		_, err = returned.Apply(t, w.Campaign)
	}
	if err != nil || len(g.Gets) == 0 {
		return err
	}
	return Keep(t, w.Campaign, g)
}
