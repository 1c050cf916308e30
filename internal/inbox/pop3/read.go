package pop3

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/content"
)

// entry is a message as the server lists it.
type entry struct {
	number int
	uid    string // "" = the server has none
	size   int64  // -1 = not known
}

// stat is how many messages there are.
func (s *session) stat() (int, error) {
	a, err := s.command("STAT")
	if err != nil {
		return 0, err
	}
	if !a.ok {
		return 0, s.said("the server does not say what is in the mailbox", a)
	}
	word, _, _ := strings.Cut(strings.TrimSpace(a.raw), " ")
	n, err := strconv.Atoi(word)
	if err != nil || n < 0 {
		return 0, s.end(errStrange)
	}
	if n > s.cfg.Limits.Messages {
		return 0, s.end(errList)
	}
	return n, nil
}

// said is the error of an answer that refuses.
func (s *session) said(text string, a answer) error {
	e := s.fail(text, "")
	e.Err = errors.New(a.text)
	e.Later = a.code == "IN-USE" || a.code == "SYS/TEMP"
	return e
}

// list lists the messages, the oldest first, as far as the server knows.
func (s *session) list(count int) ([]entry, error) {
	all := map[int]*entry{}
	uids, err := s.numbered("UIDL", count, func(n int, word string) error {
		if all[n] != nil {
			return errNumbers
		}
		if !isUID(word) {
			word = ""
		}
		all[n] = &entry{number: n, uid: word, size: -1}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !uids.ok {
		// A server that has unique ids and does not give them now would make us read all messages again under other names.
		if _, has := s.caps["UIDL"]; has || uids.code != "" {
			return nil, s.said("the server does not list the messages", uids)
		}
		for n := range count {
			all[n+1] = &entry{number: n + 1, size: -1}
		}
	}
	if _, err = s.numbered("LIST", count, func(n int, word string) error {
		if size, err := strconv.ParseInt(word, 10, 64); err == nil && size >= 0 && all[n] != nil {
			all[n].size = size
		}
		return nil
	}); err != nil {
		return nil, err
	}
	list := make([]entry, 0, len(all))
	for _, e := range all {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.number, b.number) })
	return list, nil
}

// numbered reads a list of numbers of messages with a word for each.
func (s *session) numbered(command string, count int, do func(n int, word string) error) (answer, error) {
	a, err := s.command(command)
	if err != nil || !a.ok {
		return a, err
	}
	s.deadline(64 * int64(count))
	return a, s.lines(s.cfg.Limits.Messages, func(line string) error {
		number, word, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return errNumbers
		}
		word, _, _ = strings.Cut(strings.TrimSpace(word), " ")
		return do(n, word)
	})
}

// isUID reports whether a word is a unique id. It may have 70 octets (RFC 1939 section 7); some servers have more.
func isUID(word string) bool {
	return word != "" && len(word) <= 512 && !strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Each calls do for each message in the mailbox whose ID skip does not know, in the server's order. A message is asked
// for when it is opened. A mailbox without unique ids is read as a whole each time. An error of do, or of ctx, is
// returned as it is. Any other is an [*Error], or a [*PartError] after the first message.
func (b *Box) Each(ctx context.Context, skip func(id string) bool, do func(inbox.Message) error) error {
	r := &reading{box: b, skip: skip, do: do, done: map[string]bool{}}
	for {
		again, err := r.session(ctx)
		switch {
		case again:
			continue
		case err == nil, r.stopped:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case r.given > 0:
			return &PartError{Box: b.Name(), Done: r.given, Err: err}
		}
		return err
	}
}

// reading is one call of Each.
type reading struct {
	box     *Box
	skip    func(string) bool
	do      func(inbox.Message) error
	done    map[string]bool // IDs
	given   int
	stopped bool // by do
}

// session reads what is left. again says that the session had to be ended because of one message, and that there are
// others.
func (r *reading) session(ctx context.Context) (again bool, err error) {
	s, err := open(ctx, r.box.cfg)
	if err != nil {
		return false, err
	}
	defer context.AfterFunc(ctx, s.close)()
	defer s.close()
	count, err := s.stat()
	if err != nil || count == 0 {
		if err == nil {
			s.quit()
		}
		return false, err
	}
	list, err := s.list(count)
	if err != nil {
		return false, err
	}
	first := map[string]*entry{} // by unique id
	for i, e := range list {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		given := r.given
		err := r.message(ctx, s, e, first[e.uid])
		if first[e.uid] == nil {
			first[e.uid] = &list[i]
		}
		if err == nil && s.body != nil {
			_ = s.settle()
		}
		var large *TooLargeError
		switch {
		case r.stopped && s.err == nil:
			s.quit()
			return false, err
		case r.stopped:
			return false, err
		case errors.As(s.err, &large) && r.given > given:
			return true, nil
		case err != nil || s.err != nil:
			return false, cmp.Or(err, s.err)
		}
	}
	s.quit()
	if len(list) < count {
		return false, s.fail(fmt.Sprintf("the server has %d messages and lists only %d", count, len(list)), "")
	}
	return false, nil
}

// message gives one message. other is a message before it that has the same unique id; nil = none has.
func (r *reading) message(ctx context.Context, s *session, e entry, other *entry) error {
	if e.uid != "" && other == nil {
		if r.done[e.uid] || r.skip(e.uid) {
			return nil
		}
		return r.give(inbox.Message{ID: e.uid, Size: e.size, Open: func(ctx context.Context) (io.ReadCloser, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return s.message(ctx, e, e.uid)
		}})
	}
	// Only its content tells which message it is. A copy of another one has that one's unique id (RFC 1939 section 7).
	unread := fmt.Sprintf("unread/%d/%d", e.number, e.size)
	if r.done[unread] || r.skip(unread) {
		return nil
	}
	text, id, err := s.whole(ctx, e)
	var large *TooLargeError
	var none *NoBodyError
	if errors.As(err, &large) || errors.As(err, &none) {
		return r.give(inbox.Message{ID: unread, Size: e.size, Open: func(context.Context) (io.ReadCloser, error) {
			return nil, err
		}})
	}
	if err != nil {
		return err
	}
	if e.uid != "" {
		_, same, err := s.whole(ctx, *other)
		if s.err != nil {
			return s.err
		}
		if err == nil && same == id {
			return nil
		}
		id = e.uid + "/" + id
	}
	if r.done[id] || r.skip(id) {
		return nil
	}
	return r.give(inbox.Message{ID: id, Size: int64(len(text)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text)), nil
	}})
}

func (r *reading) give(m inbox.Message) error {
	r.done[m.ID] = true
	r.given++
	err := r.do(m)
	r.stopped = err != nil
	return err
}

// whole reads a whole message, and names it by its content.
func (s *session) whole(ctx context.Context, e entry) (text []byte, id string, err error) {
	in, err := s.message(ctx, e, strconv.Itoa(e.number))
	if err != nil {
		return nil, "", err
	}
	text, err = io.ReadAll(in)
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, "", err
	}
	id, _, err = content.Of(bytes.NewReader(text))
	return text, id, err
}
