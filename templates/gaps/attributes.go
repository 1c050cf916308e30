package gaps

import (
	"regexp"
	"slices"
	"strings"
)

// leading are the attributes that lead somewhere or load something.
var leading = []string{
	"href", "src", "action", "background", "poster", "srcset", "formaction", "data", "imagesrcset", "xlink:href",
}

// attribute matches one attribute of a tag: its name, and its value in one of the three ways to write it.
var attribute = regexp.MustCompile(`(?s)([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?`)

// tag finds the links of one tag.
func (g *form) tag(from, to int) {
	text := g.text[from:to]
	name := strings.IndexAny(text, " \t\r\n\f/>")
	if name < 0 {
		return
	}
	for _, m := range attribute.FindAllStringSubmatchIndex(text[name:], -1) {
		attr := strings.ToLower(text[name+m[2] : name+m[3]])
		start, end := -1, -1
		for i := 4; i < len(m); i += 2 {
			if m[i] >= 0 {
				start, end = from+name+m[i], from+name+m[i+1]
			}
		}
		value := ""
		if start >= 0 {
			value = g.text[start:end]
		}
		isURL := attr == "style" && strings.Contains(strings.ToLower(value), "url(")
		if start < 0 || !slices.Contains(leading, attr) && !isURL {
			continue
		}
		g.link(Place{Kind: Link, Name: attr, From: start, To: end, At: start,
			Shares: strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "mailto:?")}, value)
	}
}

// link notes a link, if it has an action or leads nowhere.
func (g *form) link(p Place, value string) {
	prints := false
	for _, a := range g.actions {
		if a.Start >= p.From && a.End <= p.To {
			if !prints {
				p.At = a.Start
			}
			prints = true
		}
	}
	if prints {
		g.links = append(g.links, p)
		return
	}
	if v := Judge(p.Name, value, p.Shares); v != Leads {
		if v == Broken {
			p.Kind = Garbled
		}
		// An editor leaves background="" and the like behind, and no mail program minds.
		if p.Name == "href" || p.Name == "src" || v == Broken {
			g.fixed = append(g.fixed, p)
		}
	}
}

// Verdict says what an address is.
type Verdict int

// The verdicts.
const (
	Leads  Verdict = iota // nothing is wrong with it
	Empty                 // there is no address: "", "mailto:", "https:///x"
	Broken                // it is not what was meant: "https:/example.com", "https://.example.com"
)

var (
	emptyURL   = regexp.MustCompile(`(?i)\burl\(\s*(?:["']|&#34;|&#39;|&quot;)*\s*\)`)
	descriptor = regexp.MustCompile(`^[0-9.]+[wxh]$`)
)

// Judge says whether the value of an attribute leads anywhere. It knows the escapes that html/template writes. shares
// says that mailto: without an address is meant.
func Judge(attr, value string, shares bool) Verdict {
	v := strings.TrimSpace(value)
	switch attr {
	case "style":
		if emptyURL.MatchString(v) {
			return Empty
		}
		return Leads
	case "srcset", "imagesrcset":
		return judgeSet(v)
	}
	if v == "" {
		return Empty
	}
	scheme, rest, ok := strings.Cut(v, ":")
	if strings.HasPrefix(v, "//") {
		scheme, rest, ok = "https", v, true
	}
	if !ok {
		return Leads
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		return judgeHost(rest)
	case "mailto", "tel", "sms", "cid":
		to, _, _ := strings.Cut(rest, "?")
		if strings.TrimSpace(to) == "" && !shares {
			return Empty
		}
	}
	return Leads
}

// judgeSet looks at the images of a srcset. What has commas within its addresses is not looked at.
func judgeSet(v string) Verdict {
	if v == "" {
		return Empty
	}
	if strings.Contains(v, "data:") {
		return Leads
	}
	for image := range strings.SplitSeq(v, ",") {
		words := strings.Fields(image)
		if len(words) > 0 && descriptor.MatchString(words[0]) {
			return Empty
		}
	}
	return Leads
}

// judgeHost looks at what follows the scheme of a web address.
func judgeHost(rest string) Verdict {
	after := strings.TrimLeft(rest, "/")
	if !strings.HasPrefix(rest, "//") {
		if after == "" {
			return Empty
		}
		return Broken
	}
	host := rest[2:]
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	port := ""
	if !strings.HasPrefix(host, "[") {
		host, port, _ = strings.Cut(host, ":")
	}
	switch low := strings.ToLower(strings.TrimSpace(host)); {
	case low == "":
		return Empty
	case low == "http" || low == "https": // https://https://example.com
		if port == "" {
			return Broken
		}
	case strings.HasPrefix(low, ".") || strings.Contains(low, ".."):
		return Broken
	}
	return Leads
}
