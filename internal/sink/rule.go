package sink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Rule is one fault, made by [ParseRule]. The package comment lists them. It is a value that may be shared.
type Rule struct {
	text   string
	point  string
	when   []condition
	store  bool
	action string // reply delay stall drop reset half garbage raw
	delay  time.Duration
	answer string // the bytes of reply and raw
	code   int    // of reply
	then   string // raw: "", or drop or reset after it
}

// String is the text that ParseRule was given.
func (r Rule) String() string { return r.text }

// points are the places where a rule may apply, each with what is known there.
var points = map[string]struct {
	address bool // there is an address to match
	silent  bool // there is no reply here: only drop, reset, stall and delay
}{
	"connect": {}, "tls": {silent: true}, "ehlo": {}, "starttls": {}, "auth": {},
	"mail": {address: true}, "rcpt": {address: true}, "data": {address: true},
	"body": {address: true, silent: true}, "dot": {address: true},
}

// condition is one WHEN of a rule.
type condition struct {
	kind    string // address share once count
	pattern string
	share   float64 // 0…1
	n       int64
	onward  bool // n+
	perConn bool
}

// ParseRule reads a rule as the package comment describes it.
func ParseRule(s string) (Rule, error) {
	r := Rule{text: s}
	point, rest, found := strings.Cut(s, ":")
	r.point = strings.ToLower(strings.TrimSpace(point))
	at, known := points[r.point]
	if !known {
		return Rule{}, fmt.Errorf("rule %q: unknown point %q (one of %s)", s, r.point, pointNames())
	}
	if !found {
		return Rule{}, fmt.Errorf("rule %q: no action (POINT:ACTION or POINT:WHEN:ACTION)", s)
	}
	action := rest
	// An action may hold colons, and a condition may not. So what comes before the first colon is tried as conditions, and
	// else belongs to the action.
	if when, after, ok := strings.Cut(rest, ":"); ok {
		if cs, err := parseConditions(when); err == nil {
			r.when, action = cs, after
		} else if _, aerr := parseAction(rest); aerr != nil {
			return Rule{}, fmt.Errorf("rule %q: %w", s, err)
		}
	}
	for _, c := range r.when {
		if c.kind == "address" && !at.address {
			return Rule{}, fmt.Errorf("rule %q: no address is known at %s", s, r.point)
		}
		if c.kind == "once" && (!at.address || r.point == "mail") {
			return Rule{}, fmt.Errorf("rule %q: no recipient is known at %s", s, r.point)
		}
	}
	a, err := parseAction(strings.TrimSpace(action))
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", s, err)
	}
	r.store, r.action, r.delay, r.answer, r.code, r.then = a.store, a.action, a.delay, a.answer, a.code, a.then
	if r.store && r.point != "dot" {
		return Rule{}, fmt.Errorf("rule %q: there is a message to store only at dot", s)
	}
	if at.silent && !slices.Contains([]string{"drop", "reset", "stall", "delay"}, r.action) {
		return Rule{}, fmt.Errorf("rule %q: nothing is answered at %s: use drop, reset, stall or delay", s, r.point)
	}
	return r, nil
}

func pointNames() string {
	var names []string
	for name := range points {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func parseConditions(s string) ([]condition, error) {
	var cs []condition
	for word := range strings.SplitSeq(s, ",") {
		c, err := parseCondition(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func parseCondition(s string) (condition, error) {
	if s == "once" {
		return condition{kind: "once"}, nil
	}
	if num, ok := strings.CutSuffix(s, "%"); ok {
		f, err := strconv.ParseFloat(num, 64)
		if err != nil || !(f >= 0 && f <= 100) {
			return condition{}, fmt.Errorf("%q is not a percentage", s)
		}
		return condition{kind: "share", share: f / 100}, nil
	}
	if strings.ContainsAny(s, "@*?") {
		if strings.ContainsAny(s, " \t\r\n\"") {
			return condition{}, fmt.Errorf("%q is not an address pattern", s)
		}
		return condition{kind: "address", pattern: strings.ToLower(s)}, nil
	}
	num, perConn := strings.CutSuffix(s, "/conn")
	num, onward := strings.CutSuffix(num, "+")
	n, err := strconv.ParseInt(num, 10, 64)
	if err != nil || n < 1 {
		return condition{}, fmt.Errorf("unknown condition %q "+
			"(an address pattern, a percentage, once, N, N+, N/conn or N+/conn)", s)
	}
	return condition{kind: "count", n: n, onward: onward, perConn: perConn}, nil
}

func parseAction(s string) (Rule, error) {
	var r Rule
	word, rest, _ := strings.Cut(s, " ")
	word, r.store = strings.CutPrefix(word, "store-")
	rest = strings.TrimSpace(rest)
	r.action = word
	switch word {
	case "drop", "reset", "stall", "half", "garbage":
		if rest != "" {
			return Rule{}, fmt.Errorf("%q takes nothing after it", word)
		}
		return r, nil
	case "delay":
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return Rule{}, fmt.Errorf("delay %q is not a time such as 2s", rest)
		}
		r.delay = d
		return r, nil
	case "raw":
		quoted, err := strconv.QuotedPrefix(rest)
		after := strings.TrimSpace(rest[len(quoted):])
		if err != nil || !slices.Contains([]string{"", "drop", "reset"}, after) {
			return Rule{}, errors.New(`raw needs a quoted string, such as raw "250 ok\r\n"; drop or reset may follow`)
		}
		r.answer, _ = strconv.Unquote(quoted)
		r.then = after
		return r, nil
	}
	if len(word) == 3 && strings.Trim(word, "0123456789") == "" {
		r.action = "reply"
		r.code, _ = strconv.Atoi(word)
		lines := strings.Split(strings.ReplaceAll(rest, `\n`, "\n"), "\n")
		var b strings.Builder
		for i, line := range lines {
			sep := "-"
			if i == len(lines)-1 {
				sep = " "
			}
			b.WriteString(word + sep + strings.Trim(line, "\r") + "\r\n")
		}
		r.answer = b.String()
		return r, nil
	}
	return Rule{}, fmt.Errorf("unknown action %q "+
		"(a reply such as 450 4.2.1 later, or one of delay, drop, garbage, half, raw, reset, stall, store-…)", s)
}

// ruleState is a rule in one server, with its counts.
type ruleState struct {
	Rule
	seed uint64

	mu    sync.Mutex
	seen  map[string]int64        // by recipient, for shares and once
	count []int64                 // by condition, over the server
	conns map[*conn]map[int]int64 // by connection and condition
}

func newRuleState(r Rule, seed uint64) *ruleState {
	return &ruleState{
		Rule: r, seed: seed,
		seen:  make(map[string]int64),
		count: make([]int64, len(r.when)),
		conns: make(map[*conn]map[int]int64),
	}
}

// hit reports whether the rule holds now, for address ("" if it is not known).
func (r *ruleState) hit(c *conn, address string) bool {
	if len(r.when) == 0 {
		return true
	}
	address = strings.ToLower(address)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, w := range r.when {
		switch w.kind {
		case "address":
			if !glob(w.pattern, address) {
				return false
			}
		case "share":
			key := strconv.Itoa(i) + " " + address
			r.seen[key]++
			if !r.drawn(w.share, key, r.seen[key]) {
				return false
			}
		case "once":
			key := strconv.Itoa(i) + " " + address
			r.seen[key]++
			if r.seen[key] > 1 {
				return false
			}
		case "count":
			var n int64
			if w.perConn {
				if r.conns[c] == nil {
					r.conns[c] = make(map[int]int64)
				}
				r.conns[c][i]++
				n = r.conns[c][i]
			} else {
				r.count[i]++
				n = r.count[i]
			}
			if n != w.n && !(w.onward && n > w.n) {
				return false
			}
		}
	}
	return true
}

// forget drops the counts of a connection.
func (r *ruleState) forget(c *conn) {
	r.mu.Lock()
	delete(r.conns, c)
	r.mu.Unlock()
}

// drawn decides a share by a hash, so that it does not depend on the order in which connections come.
func (r *ruleState) drawn(share float64, key string, times int64) bool {
	h := fnv.New64a()
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], r.seed)
	binary.LittleEndian.PutUint64(b[8:], uint64(times))
	h.Write(b[:])
	h.Write([]byte(r.text))
	h.Write([]byte{0})
	h.Write([]byte(key))
	// FNV's high bits change little with the last bytes; splitmix64's end mixes them.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11)/(1<<53) < share
}

// glob matches s against a pattern of "*" (any run) and "?" (any one byte).
func glob(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
