package imap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// allowance is what a server may send until the end of the next command.
type allowance struct {
	total   int64 // octets, all in all
	literal int64 // octets of the largest literal
	numbers int   // of a SEARCH
	time    time.Duration
	uids    map[uint32]bool // of the messages that are asked for
}

// idle is the allowance between commands, when a server only says that there is something new.
const idleTotal = 256 << 10

// guard is the connection as the library sees it. It reads one response after another, holds the limits, and hands on
// only those that the library needs and understands. What breaks a limit closes the connection, and the library reads
// the end of it. Its methods are for any goroutine; the library reads in one.
type guard struct {
	net.Conn // of the session; nothing is read from it but by br
	br       *bufio.Reader
	cfg      Config

	mu      sync.Mutex
	may     allowance
	err     error    // why the connection can no longer be used
	said    string   // the text of BYE
	numbers []uint32 // that SEARCH gave

	answered bool // SEARCH has given numbers, or none

	// Of the goroutine that reads.
	out    []byte // to hand on
	pass   int64  // octets of a literal behind out, to hand on
	inside bool   // a response goes on behind the literal
	drop   bool   // and nobody wants it
	over   bool   // BYE was said
}

// newGuard takes a session's connection over.
func newGuard(s *session, greeting string) *guard {
	_ = s.conn.SetDeadline(time.Time{})
	return &guard{Conn: s.conn, br: s.br, cfg: s.cfg, out: []byte(greeting), may: allowance{total: idleTotal, literal: 0}}
}

// The library's deadlines are not used: those of the guard are for whole answers.

func (g *guard) SetDeadline(time.Time) error      { return nil }
func (g *guard) SetReadDeadline(time.Time) error  { return nil }
func (g *guard) SetWriteDeadline(time.Time) error { return nil }

// arm gives the next command its allowance.
func (g *guard) arm(a allowance) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.may, g.numbers, g.answered = a, nil, false
	_ = g.Conn.SetReadDeadline(time.Now().Add(a.time))
}

// disarm is called at the end of a command.
func (g *guard) disarm() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.may = allowance{total: idleTotal}
	_ = g.Conn.SetReadDeadline(time.Time{})
}

// broken says why the connection can no longer be used; nil = it can.
func (g *guard) broken() (said string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.said, g.err
}

// found are the numbers of the last SEARCH. ok reports whether there was an answer to it.
func (g *guard) found() (numbers []uint32, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.numbers, g.answered
}

// fail closes the connection. The first reason is kept.
func (g *guard) fail(err error) {
	g.mu.Lock()
	if g.err == nil {
		g.err = err
	}
	g.mu.Unlock()
	_ = g.Close()
}

// Close closes the connection.
func (g *guard) Close() error {
	if c, ok := g.Conn.(interface{ NetConn() net.Conn }); ok {
		return c.NetConn().Close() // closing the TLS connection could wait for a peer that does not read
	}
	return g.Conn.Close()
}

// Write writes all of p, within the time of an answer.
func (g *guard) Write(p []byte) (int, error) {
	_ = g.Conn.SetWriteDeadline(time.Now().Add(g.cfg.Timeouts.Answer))
	n, err := g.Conn.Write(p)
	if err != nil {
		g.fail(err)
	}
	return n, err
}

// Read hands on what is wanted of what the server says. Its only error is io.EOF, behind which the reason is in broken.
func (g *guard) Read(p []byte) (int, error) {
	for len(g.out) == 0 {
		if g.pass > 0 {
			n, err := g.br.Read(p[:min(int64(len(p)), g.pass)])
			if g.pass -= int64(n); n > 0 {
				return n, nil
			}
			if err != nil {
				g.fail(err)
				return 0, io.EOF
			}
			continue
		}
		if err := g.next(); err != nil {
			g.fail(err)
			return 0, io.EOF
		}
	}
	n := copy(p, g.out)
	g.out = g.out[n:]
	return n, nil
}

// next reads one line: a response, or the part of it up to its next literal.
func (g *guard) next() error {
	first := !g.inside
	switch {
	case first && g.ahead("* SEARCH"):
		return g.search()
	case first && g.ahead("* ESEARCH"):
		return g.extended()
	}
	line, err := g.line()
	if err != nil {
		return err
	}
	if first {
		if line, g.drop = g.filter(line); g.over {
			return errEnded
		}
	}
	size, ok := literal(line)
	if g.inside = ok && (!first || mayHaveLiteral(line)); !g.inside {
		if !g.drop {
			g.out = line
		}
		return nil
	}
	if err := g.spend(size, true); err != nil {
		return err
	}
	if first && isFetch.Match(line) && !named.Match(line) {
		return g.reorder(line, size)
	}
	if g.drop {
		_, err := io.CopyN(io.Discard, g.br, size)
		return err
	}
	g.out, g.pass = line, size
	return nil
}

var (
	isFetch = regexp.MustCompile(`(?i)^\* [0-9]+ FETCH \(`)
	named   = regexp.MustCompile(`(?i)\bUID ([0-9]+)`)
)

// reorder reads a FETCH whose UID comes behind its body, and puts the UID in front of it, where the library looks for
// it.
func (g *guard) reorder(line []byte, size int64) error {
	whole := bytes.Clone(line)
	for more := true; more; {
		body := make([]byte, size) // spend has said that it may be
		if _, err := io.ReadFull(g.br, body); err != nil {
			return err
		}
		line, err := g.line()
		if err != nil {
			return err
		}
		whole = append(append(whole, body...), line...)
		if size, more = literal(line); more {
			if err := g.spend(size, true); err != nil {
				return err
			}
			continue
		}
		g.inside = false
		uid := named.FindSubmatch(line)
		if uid == nil || !g.wanted(uid[1]) {
			return nil
		}
		start := isFetch.FindIndex(whole)[1]
		g.out = slices.Concat(whole[:start], []byte("UID "), uid[1], []byte(" "), whole[start:])
	}
	return nil
}

// ahead reports whether what comes next begins with a text. It waits for no more than it needs to know that.
func (g *guard) ahead(text string) bool {
	for n := range len(text) {
		head, err := g.br.Peek(n + 1)
		if err != nil || !strings.EqualFold(string(head), text[:n+1]) {
			return false
		}
	}
	return true
}

// spend takes octets off the allowance.
func (g *guard) spend(n int64, literal bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if literal && n > g.may.literal {
		return errLiteral
	}
	if g.may.total -= n; g.may.total < 0 {
		return errBudget
	}
	return nil
}

// line reads a line with its end.
func (g *guard) line() ([]byte, error) {
	var line []byte
	for {
		part, err := g.br.ReadSlice('\n')
		if serr := g.spend(int64(len(part)), false); serr != nil {
			return nil, serr
		}
		if line = append(line, part...); len(line) > g.lineMay() {
			return nil, errLine
		}
		if err == nil {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// lineMay is how long a line may be: while numbers are awaited, as long as they may be together.
func (g *guard) lineMay() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(g.cfg.Limits.Line, g.may.numbers*11)
}

// search reads the numbers of SEARCH, whose line may be long. The library does not see them: it keeps them in a set in
// which some orders of them cost a second for each thousand.
func (g *guard) search() error {
	_, _ = g.br.Discard(len("* SEARCH"))
	number, digits, count := uint64(0), 0, 0
	var numbers []uint32
	for {
		b, err := g.br.ReadByte()
		if err != nil {
			return err
		}
		if count++; count == 4096 {
			if err := g.spend(int64(count), false); err != nil {
				return err
			}
			count = 0
		}
		if b >= '0' && b <= '9' {
			if number, digits = number*10+uint64(b-'0'), digits+1; digits > 10 {
				return errStrange
			}
			continue
		}
		if digits > 0 {
			if number == 0 || number > 1<<32-1 {
				return errStrange
			}
			if numbers = append(numbers, uint32(number)); len(numbers) > g.numbersMay() {
				return errMessages
			}
			number, digits = 0, 0
		}
		switch b {
		case ' ', '\r':
		case '\n':
			g.listed(numbers)
			return g.spend(int64(count), false)
		default:
			return errStrange
		}
	}
}

// extended reads the numbers of ESEARCH, which is the form that IMAP4rev2 has of it (RFC 9051 section 7.3.4).
func (g *guard) extended() error {
	line, err := g.line()
	if err != nil {
		return err
	}
	words := strings.Fields(strings.ToUpper(string(line)))
	i := slices.Index(words, "ALL")
	if i < 0 || i+1 == len(words) {
		g.listed(nil)
		return nil
	}
	var numbers []uint32
	most := uint64(max(0, g.numbersMay()))
	for part := range strings.SplitSeq(words[i+1], ",") {
		from, to, ranged := strings.Cut(part, ":")
		if !ranged {
			to = from
		}
		a, aerr := strconv.ParseUint(from, 10, 32)
		b, berr := strconv.ParseUint(to, 10, 32)
		if aerr != nil || berr != nil || a == 0 || b == 0 {
			return errStrange
		}
		a, b = min(a, b), max(a, b)
		if b-a >= most || uint64(len(numbers))+b-a >= most {
			return errMessages
		}
		for ; a <= b; a++ {
			numbers = append(numbers, uint32(a))
		}
	}
	g.listed(numbers)
	return nil
}

// listed keeps the numbers of a SEARCH.
func (g *guard) listed(numbers []uint32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.numbers = append(g.numbers, numbers...)
	slices.Sort(g.numbers)
	g.numbers, g.answered = slices.Compact(g.numbers), true
}

// numbersMay is how many more numbers a SEARCH may give.
func (g *guard) numbersMay() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.may.numbers - len(g.numbers)
}

// literal is the size of the literal that the end of a line announces.
func literal(line []byte) (size int64, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	inside, ok := bytes.CutSuffix(line, []byte("}"))
	i := bytes.LastIndexByte(inside, '{')
	if !ok || i < 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(inside[i+1:]), 10, 63)
	if err != nil {
		if errors.Is(err, strconv.ErrRange) {
			return 1<<63 - 1, true
		}
		return 0, false
	}
	return int64(n), true
}

// mayHaveLiteral reports whether a response may have literals: those that are only text have none.
func mayHaveLiteral(line []byte) bool {
	word, rest := cut(string(line))
	if word != "*" {
		return false
	}
	word, _ = cut(rest)
	switch strings.ToUpper(word) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return false
	}
	return true
}
