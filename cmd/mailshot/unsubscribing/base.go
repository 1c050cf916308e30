package unsubscribing

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/schema"
	"mailshot/cmd/mailshot/door"
	"mailshot/render/address"
)

// Base is the address that links to the page begin with.
type Base struct {
	origin string // https://host, or with a port that is not usual
	path   string // without a slash at its end
}

// String returns the address in ASCII.
func (b Base) String() string { return b.origin + b.path }

// Path is the path below which links are, "" for all of the host.
func (b Base) Path() string {
	path, err := url.PathUnescape(b.path)
	if err != nil {
		return b.path
	}
	return path
}

// ParseBase reads the address that links begin with. Mail programs do not accept http: for unsubscribing, so only an
// address of this machine may have it.
func ParseBase(text string) (Base, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return Base{}, fmt.Errorf("%q is not the address of a page; for example https://www.acme.example/u", schema.Clip(text))
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return Base{}, fmt.Errorf("%q has more than a host and a path", schema.Clip(text))
	}
	b, err := baseOf(u)
	if err != nil {
		return Base{}, err
	}
	if u.Scheme == "http" && !door.Local(u.Hostname()) {
		return Base{}, fmt.Errorf("%q: mail programs take only an address that begins with https: here", schema.Clip(text))
	}
	return b, nil
}

// baseOf returns an address in its normal form.
func baseOf(u *url.URL) (Base, error) {
	host := strings.TrimSuffix(u.Hostname(), ".")
	if _, err := netip.ParseAddr(host); err != nil && !strings.EqualFold(host, "localhost") {
		a, err := address.Parse("x@" + host)
		if err != nil {
			return Base{}, fmt.Errorf("%q is not the name of a host", schema.Clip(host))
		}
		host = a.Domain()
	}
	host = strings.ToLower(host)
	port := u.Port()
	if port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		port = ""
	}
	switch {
	case port != "":
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return Base{u.Scheme + "://" + host, strings.TrimRight(u.EscapedPath(), "/")}, nil
}

// actions matches the actions of a template.
var actions = regexp.MustCompile(`\{\{.*?\}\}`)

// token matches the action that names a person in an address.
var token = regexp.MustCompile(`\{\{-?\s*\.mailshot\.token\s*-?\}\}`)

// Check compares the campaigns with the address that links begin with. Each mistake is a *schema.Error at its place.
func (b Base) Check(campaigns []*definition.Definition) (errs []error) {
	for _, d := range campaigns {
		link := d.Bulk.URL
		bad := func(text, hint string) {
			place := d.Path
			if link.Given() {
				place = fmt.Sprintf("%s:%d:%d", d.Path, link.Line, link.Column)
			}
			errs = append(errs, &schema.Error{Code: "bad-value", Place: place, Text: text, Hint: hint})
		}
		want := b.String() + "/{{.mailshot.token}}"
		u, err := url.Parse(actions.ReplaceAllString(link.Text, "x"))
		switch {
		case !link.Given():
			bad("the campaign has no unsubscribe.url", "unsubscribe: { url: \""+want+"\" }")
		case !token.MatchString(link.Text):
			bad("unsubscribe.url has no {{.mailshot.token}}, so the page could not tell who leaves", "url: \""+want+"\"")
		case err != nil || !b.leads(u):
			bad("unsubscribe.url does not begin with "+b.String(), "url: \""+want+"\", or another --base-url")
		}
	}
	return errs
}

// leads says whether an address is at or below the base.
func (b Base) leads(u *url.URL) bool {
	other, err := baseOf(u)
	return err == nil && other.origin == b.origin &&
		(other.path == b.path || strings.HasPrefix(other.path, b.path+"/"))
}

// senders returns the campaigns' senders and topics as the page shows them: only what all campaigns have in common.
func senders(campaigns []*definition.Definition) (sender, domain string, topics []topic) {
	for i, d := range campaigns {
		name, at := "", d.SenderDomain()
		if m, err := address.ParseMailbox(d.From.Text); err == nil && !strings.Contains(d.From.Text, "{{") {
			name = m.Name
		}
		if i == 0 {
			sender, domain = name, at
		}
		if at == "" || at != domain {
			return "", "", nil
		}
		if name != sender {
			sender = ""
		}
		for key, name := range d.Bulk.Topics {
			topics = append(topics, topic{strings.ToLower(key), name})
		}
		if key := d.Bulk.Topic; key != "" && d.Bulk.Topics[key] == "" {
			topics = append(topics, topic{strings.ToLower(key), key})
		}
	}
	slices.SortStableFunc(topics, func(a, b topic) int { return strings.Compare(a.key, b.key) })
	topics = slices.CompactFunc(topics, func(a, b topic) bool { return a.key == b.key })
	if len(topics) < 2 { // the only topic is the one that brought the person here
		topics = nil
	}
	slices.SortStableFunc(topics, func(a, b topic) int { return strings.Compare(a.name, b.name) })
	if a, err := address.Parse("x@" + domain); err == nil {
		_, domain, _ = strings.Cut(a.Unicode(), "@")
	}
	return sender, domain, topics
}

type topic struct{ key, name string }
