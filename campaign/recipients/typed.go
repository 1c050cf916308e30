package recipients

import (
	"crypto/sha256"
	"fmt"
	"io"

	"mailshot/render/address"
)

// Typed is the name of a list that was typed on a command line, and the flag that takes it.
const Typed = "--recipients"

// typed gives people who were typed as a list with the columns email and name.
type typed struct {
	people []address.Mailbox
	at     int64
}

func (s *typed) next() (record, error) {
	rec := record{line: s.at, fields: []string{"email", "name"}}
	if s.at > int64(len(s.people)) {
		return record{}, io.EOF
	}
	if s.at > 0 {
		m := s.people[s.at-1]
		rec.fields = []string{m.Address.String(), m.Name}
	}
	s.at++
	return rec, nil
}

func (s *typed) place(line int64) string {
	if line == 0 {
		return Typed
	}
	return fmt.Sprintf("%s:%d", Typed, line)
}

func (s *typed) sum() ([]byte, error) {
	h := sha256.New()
	for _, m := range s.people {
		fmt.Fprintf(h, "%q %q\n", m.Address.String(), m.Name)
	}
	return h.Sum(nil), nil
}
