package smtp

import (
	"slices"
	"strconv"
	"strings"

	"mailshot/sender/reply"
)

// secretMark stands in a trace for what is sent in AUTH.
const secretMark = "[secret]"

// Extensions returns what the last EHLO offered: keywords in upper case with their parameters. The
// map is the caller's.
func (s *Session) Extensions() map[string]string {
	all := make(map[string]string, len(s.caps))
	for keyword, params := range s.caps {
		all[keyword] = params
	}
	return all
}

// Try asks whether the server would take a message from an address and, when to is not "", for a
// recipient. Then it takes the question back: MAIL, RCPT, RSET. Every error is an [*Error], the
// server's refusal too; after a refusal the session can go on unless Closed says otherwise. Servers
// may count a recipient that was asked about as one that was written to.
func (s *Session) Try(from, to string) (Reply, error) {
	for _, a := range []string{from, to} {
		if strings.ContainsFunc(a, endsAddress) || !ascii(a) {
			return Reply{}, &Error{Stage: reply.Mail, Code: 553, Enhanced: "5.5.4", Err: ErrUnfit,
				Text: "not an address for an envelope: " + reply.Clean(a)}
		}
	}
	r, err := s.command(reply.Mail, s.timeouts.Command, "MAIL FROM:<"+from+">")
	if err == nil && r.Code == 250 && to != "" {
		r, err = s.command(reply.Rcpt, s.timeouts.Command, "RCPT TO:<"+to+">")
	}
	if err != nil {
		return Reply{}, err
	}
	if !s.Closed() {
		if _, err := s.command(reply.Reset, s.timeouts.Command, "RSET"); err != nil {
			return r, err
		}
	}
	if r.Code < 200 || r.Code > 299 {
		return r, s.refused(r)
	}
	return r, nil
}

// sent tells the tracer of commands written at stage. It never tells what is sent in AUTH.
func (s *Session) sent(stage reply.Stage, b []byte) {
	if s.trace == nil {
		return
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\r\n")
		if stage == reply.Auth && line != "*" {
			words := strings.Fields(line)
			switch {
			case len(words) < 2 || !strings.EqualFold(words[0], "AUTH"):
				line = secretMark
			case len(words) > 2:
				line = words[0] + " " + words[1] + " " + secretMark
			}
		}
		s.trace(false, line)
	}
}

// got tells the tracer of an answer, without the secrets that the answer may repeat.
func (s *Session) got(r Reply) {
	if s.trace == nil {
		return
	}
	lines := slices.Clone(r.Lines)
	if s.masks != nil {
		if _, ok := s.hidden(r); !ok {
			lines = []string{secretMark}
		}
		for i := range lines {
			lines[i] = s.masks(lines[i])
		}
	}
	for i, text := range lines {
		between := "-"
		if i == len(lines)-1 {
			between = " "
		}
		s.trace(true, strings.TrimRight(strconv.Itoa(r.Code)+between+reply.Clean(text), " "))
	}
}
