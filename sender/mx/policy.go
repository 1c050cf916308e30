package mx

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailshot/internal/ellipsis"
)

// Mode is what a policy asks of a sender (RFC 8461 5).
type Mode string

// The modes.
const (
	Enforce Mode = "enforce" // only hosts of the policy, only with a certificate that verifies
	Testing Mode = "testing" // deliver as if there were no policy
	None    Mode = "none"    // there is no policy any more
)

// maxAge is the longest time that a policy may be kept (RFC 8461 3.2).
const maxAge = 31557600 * time.Second

// Policy is a domain's MTA-STS policy. It does not change once it was made.
type Policy struct {
	Mode    Mode
	MX      []string      // lower case: host names, or "*." and a domain, the star being one label
	MaxAge  time.Duration // how long it may be kept
	ID      string        // of the TXT record that led to it
	Expires time.Time     // MaxAge after it was fetched
}

// Enforced reports whether there is a policy and it must be enforced. p may be nil.
func (p *Policy) Enforced() bool { return p != nil && p.Mode == Enforce }

// Allows reports whether the policy names a mail exchanger (RFC 8461 4.1): *.example.com is each
// name with one label more, and not example.com itself.
func (p *Policy) Allows(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	label, parent, _ := strings.Cut(host, ".")
	for _, pattern := range p.MX {
		if rest, wild := strings.CutPrefix(pattern, "*."); wild && label != "" && parent == rest || pattern == host {
			return true
		}
	}
	return false
}

// ParsePolicy reads a policy (RFC 8461 3.2): lines of "key: value" that end with CRLF or LF.
// Unknown keys are passed over. Of a key that may be there only once, the first counts.
func ParsePolicy(text string) (*Policy, error) {
	p := &Policy{MaxAge: -1}
	given := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, "\r \t")
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, errors.New("a line without a colon")
		}
		value = strings.Trim(value, " \t")
		if key == "mx" {
			pattern := strings.ToLower(strings.TrimSuffix(value, "."))
			if !domainName(strings.TrimPrefix(pattern, "*.")) {
				return nil, fmt.Errorf("mx %s is not a host", ellipsis.Quote(value, 61))
			}
			p.MX = append(p.MX, pattern)
		} else if _, twice := given[key]; !twice {
			given[key] = value
		}
	}
	if given["version"] != "STSv1" {
		return nil, errors.New("its version is not STSv1")
	}
	switch p.Mode = Mode(given["mode"]); p.Mode {
	case Enforce, Testing, None:
	default:
		return nil, fmt.Errorf("no mode %s", ellipsis.Quote(given["mode"], 61))
	}
	if p.Mode != None && len(p.MX) == 0 {
		return nil, errors.New("it names no mx")
	}
	seconds, err := strconv.ParseUint(given["max_age"], 10, 34) // ten digits at most
	if err != nil {
		return nil, fmt.Errorf("max_age %s is not a number of seconds", ellipsis.Quote(given["max_age"], 61))
	}
	p.MaxAge = time.Duration(min(seconds, uint64(maxAge/time.Second))) * time.Second
	return p, nil
}

// parseRecord returns the id of a domain's MTA-STS record among its TXT records (RFC 8461 3.1).
// Exactly one record must begin like one.
func parseRecord(texts []string) (id string, err error) {
	var records []string
	for _, t := range texts {
		if strings.HasPrefix(t, "v=STSv1;") || t == "v=STSv1" {
			records = append(records, t)
		}
	}
	if len(records) != 1 {
		return "", fmt.Errorf("%d MTA-STS records", len(records))
	}
	for field := range strings.SplitSeq(records[0], ";") {
		key, value, _ := strings.Cut(strings.Trim(field, " \t"), "=")
		if key == "id" {
			id = value
			break
		}
	}
	if id == "" || len(id) > 32 || strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return "", errors.New("the MTA-STS record has no id")
	}
	return id, nil
}

// domainName reports whether a lower-case text can be the name of a host in the DNS.
func domainName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(s) <= 253
}
