package smtp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mailshot/sender/reply"
)

// Envelope is what the server is told of one message before the message itself.
type Envelope struct {
	From string // "" is the null reverse path
	To   string
	// Copies are further recipients; nil: none. Two envelopes are the same only with the same Copies.
	Copies *Copies
	Size   int64 // of the message in bytes, for SIZE; 0: not known
	// Notify says on which events a report is wanted (RFC 3461): "never", or "success", "failure"
	// and "delay" joined by commas; "": the server's choice. EnvID, up to 100 printable characters,
	// comes back in reports; "": none. Both are left out where the server does not offer DSN.
	Notify, EnvID string
	// Chunk sends the message by BDAT, in one write with the envelope, where the server offers it.
	Chunk bool
}

// ErrUnfit is the cause of an [*Error] that did not come from the server. Its code is the one that
// the server would have used, had it been asked.
var ErrUnfit = errors.New("not offered to the server")

// Fits refuses what this server cannot take before anything is asked of it. The error is an
// [*Error] whose cause is [ErrUnfit].
func (s *Session) Fits(e Envelope) error {
	_, utf8 := s.caps["SMTPUTF8"]
	for i, to := range e.recipients() {
		if !ascii(to) || strings.ContainsFunc(to, endsAddress) || to == "" || i >= mostCopies {
			return &Error{Stage: reply.Rcpt, Code: 553, Enhanced: "5.5.4", Err: ErrUnfit,
				Text: "not the address of a copy: " + strconv.Quote(to)}
		}
	}
	for _, a := range [2]struct {
		stage   reply.Stage
		address string
	}{{reply.Mail, e.From}, {reply.Rcpt, e.To}} {
		// A blank, a bracket or a line end would end the address and begin a parameter or a command
		// of somebody else's choice.
		if strings.ContainsFunc(a.address, endsAddress) || a.stage == reply.Rcpt && a.address == "" {
			return &Error{Stage: a.stage, Code: 553, Enhanced: "5.5.4", Err: ErrUnfit,
				Text: "not an address for an envelope: " + strconv.Quote(a.address)}
		}
		if !utf8 && !ascii(a.address) {
			return &Error{Stage: a.stage, Code: 553, Enhanced: "5.6.7", Err: ErrUnfit,
				Text: "the server does not take addresses with characters beyond ASCII (it does not offer SMTPUTF8)"}
		}
	}
	if limit := s.MaxSize(); limit > 0 && e.Size > limit {
		return &Error{Stage: reply.Mail, Code: 552, Enhanced: "5.3.4", Err: ErrUnfit,
			Text: fmt.Sprintf("the message has %d bytes; the server takes at most %d", e.Size, limit)}
	}
	if err := checkNotify(e.Notify); err != nil {
		return &Error{Stage: reply.Mail, Code: 501, Enhanced: "5.5.4", Text: err.Error(), Err: ErrUnfit}
	}
	if len(e.EnvID) > 100 || strings.ContainsFunc(e.EnvID, func(r rune) bool { return r < ' ' || r > '~' }) {
		return &Error{Stage: reply.Mail, Code: 501, Enhanced: "5.5.4", Err: ErrUnfit,
			Text: "not an envelope id: " + strconv.Quote(e.EnvID)}
	}
	return nil
}

// endsAddress reports whether a character ends an address in an envelope.
func endsAddress(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == 0x7f }

// checkNotify says what is wrong with a value of Envelope.Notify.
func checkNotify(s string) error {
	if s == "" || strings.EqualFold(s, "never") {
		return nil
	}
	seen := map[string]bool{}
	for word := range strings.SplitSeq(strings.ToLower(s), ",") {
		if word != "success" && word != "failure" && word != "delay" || seen[word] {
			return fmt.Errorf("notify %q is neither never nor success, failure and delay joined by commas", s)
		}
		seen[word] = true
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// appendMail appends the MAIL line, with the parameters that the server knows.
func (s *Session) appendMail(b []byte, e Envelope) []byte {
	b = append(append(append(b, "MAIL FROM:<"...), e.From...), '>')
	if s.sizes && e.Size > 0 {
		b = strconv.AppendInt(append(b, " SIZE="...), e.Size, 10)
	}
	if !ascii(e.From) || !ascii(e.To) {
		if s.eightBit {
			b = append(b, " BODY=8BITMIME"...) // the header has the address too
		}
		b = append(b, " SMTPUTF8"...)
	}
	if s.requireTLS {
		b = append(b, " REQUIRETLS"...)
	}
	if s.dsn && (e.Notify != "" || e.EnvID != "") {
		b = append(b, " RET=HDRS"...)
		if e.EnvID != "" {
			b = appendXtext(append(b, " ENVID="...), e.EnvID)
		}
	}
	return append(b, '\r', '\n')
}

// appendRcpt appends the RCPT line. Where a report is wanted, it also names the address as it was
// given (ORCPT).
func (s *Session) appendRcpt(b []byte, e Envelope) []byte {
	b = append(append(append(b, "RCPT TO:<"...), e.To...), '>')
	if s.dsn && e.Notify != "" {
		b = append(append(b, " NOTIFY="...), strings.ToUpper(e.Notify)...)
		if ascii(e.To) {
			b = appendXtext(append(b, " ORCPT=rfc822;"...), e.To)
		} else {
			b = appendUTF8Xtext(append(b, " ORCPT=utf-8;"...), e.To)
		}
	}
	return append(b, '\r', '\n')
}

func appendData(b []byte, _ Envelope) []byte { return append(b, "DATA\r\n"...) }

// appendXtext appends s as RFC 3461 4 writes values of parameters.
func appendXtext(b []byte, s string) []byte {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '+' || c == '=' {
			b = append(b, '+', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// appendUTF8Xtext appends an address as RFC 6533 3 writes it in ASCII (utf-8-addr-xtext).
func appendUTF8Xtext(b []byte, s string) []byte {
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || r == '+' || r == '=' || r == '\\' {
			b = fmt.Appendf(b, `\x{%X}`, r)
		} else {
			b = append(b, byte(r))
		}
	}
	return b
}
