// Package probing is what an examination of a mail server finds: the conversation, what the server is like, what
// would go wrong, and what the DNS says. Call [Server] for a server, or [Campaign] for one of a campaign's, and
// [Probing.Look] for the DNS. Nothing is sent, and no secret is in what is found.
package probing

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/readiness"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/records"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// Probing is all that was found.
type Probing struct {
	*sender.Probed
	Host     string
	Presets  []reply.Provider // to which the server belongs
	Findings []check.Finding  // what would go wrong
	Records  []Record         // what the DNS says; nil before Look

	keys []records.Key // with which the campaign signs
}

// Record is what was found about one kind of DNS record.
type Record struct {
	Record  string `json:"record"`  // SPF, DKIM, DMARC, MX or PTR
	OK      bool   `json:"ok"`      // nothing is wrong
	Code    string `json:"code"`    // short and stable; "" when OK
	Text    string `json:"text"`    // the record, or what is wrong
	Publish string `json:"publish"` // the line to publish; "" when there is none
	Serious bool   `json:"serious"` // receivers refuse mail because of it
}

// Server looks at a server.
func Server(ctx context.Context, cfg sender.Config, o sender.ProbeOptions) (*Probing, error) {
	probed, err := sender.Probe(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	return &Probing{Probed: probed, Host: cfg.Host, Presets: reply.Match(cfg.Host),
		Findings: readiness.Probed(probed, time.Now())}, nil
}

// Campaign looks at one of a campaign's servers as a send would use it, and compares the campaign's messages and caps
// with what the server allows.
func Campaign(ctx context.Context, c *campaign.Campaign, s *definition.Server, o sender.ProbeOptions) (*Probing,
	error) {
	probed, err := c.Probe(ctx, s, o)
	if err != nil {
		return nil, err
	}
	e, err := c.Estimate(ctx, campaign.EstimateOptions{Repeat: true})
	if err != nil {
		return nil, err
	}
	p := &Probing{Probed: probed, Host: s.Host, Presets: reply.Match(s.Host), Findings: c.Judge(s, probed, e)}
	for _, k := range c.Keys(ctx) {
		p.keys = append(p.keys, records.Key{Name: k[0], Value: k[1]})
	}
	return p, nil
}

// Look looks at the DNS records of a domain that mail is to come from, and of the keys that the campaign signs with.
// selector names another DKIM key, and at the DNS server to ask; "" = the system's.
func (p *Probing) Look(ctx context.Context, domain, selector, at string) {
	p.Records = nil
	cfg := records.Config{
		Domain: domain, Selector: selector, Keys: p.keys, Server: p.Host, Provider: len(p.Presets) > 0,
	}
	if r := Resolver(at); r != nil {
		cfg.Resolver = r
	}
	for _, f := range records.Look(ctx, cfg) {
		p.Records = append(p.Records, Record{f.Record, f.OK, f.Code, f.Text, f.Publish, f.Serious})
	}
}

// Resolver asks the DNS server at an address, on port 53 if it names none; "" is the system's.
func Resolver(at string) *net.Resolver {
	if at == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(at); err != nil {
		at = net.JoinHostPort(strings.Trim(at, "[]"), "53")
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}}
}

// Serious counts the findings that would stop mail. It leaves out what stopped the probe itself.
func (p *Probing) Serious() (n int) {
	for _, f := range p.Findings {
		if f.Severity == check.Error {
			n++
		}
	}
	for _, r := range p.Records {
		if r.Serious {
			n++
		}
	}
	return n
}

// Facts say what the server is like, a name and a value each; a name of "" goes on with the one before.
func (p *Probing) Facts() (facts [][2]string) {
	fact := func(name, format string, args ...any) {
		facts = append(facts, [2]string{name, report.Clean(fmt.Sprintf(format, args...))})
	}
	fact("server", "%s", p.Server)
	fact("reached", "%s", dashed(p.Reached))
	if p.Connect > 0 {
		fact("round trip", "%s, connecting %s", milliseconds(p.RoundTrip), milliseconds(p.Connect))
	}
	if p.TLS {
		fact("tls", "%s", tls.VersionName(p.TLSVersion))
	} else if p.Reached != "" {
		fact("tls", "none")
	}
	for i, c := range p.Certificates[:min(1, len(p.Certificates))] {
		sum := sha256.Sum256(c.Raw)
		fact("certificate", "%s", strings.Join(names(p, i), ", "))
		fact("", "by %s, until %s (%s)", c.Issuer.CommonName, c.NotAfter.Format(time.DateOnly), left(c.NotAfter))
		fact("fingerprint", "%s", hex.EncodeToString(sum[:]))
	}
	if p.Extensions != nil {
		fact("offers", "%s", strings.Join(extensions(p), ", "))
		fact("logins", "%s", dashed(strings.Join(p.Mechanisms(), ", ")))
		most := "not said"
		if p.MaxSize > 0 {
			most = human.Size(p.MaxSize)
		}
		fact("largest", "%s", most)
	}
	for _, preset := range p.Presets {
		fact("preset", "%s (%s)", preset.ID, preset.Name)
	}
	return facts
}

func dashed(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// left is how much longer a certificate is valid.
func left(until time.Time) string {
	if d := time.Until(until); d > 0 {
		return human.Plural(int64(d.Hours()/24), "day") + " left"
	}
	return "expired"
}

// names are the names that the i-th certificate is valid for.
func names(p *Probing, i int) []string {
	c := p.Certificates[i]
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		all = append(all, "no name")
	}
	return all
}

// extensions are the keywords that EHLO's answer offered, sorted. AUTH and SIZE have lines of their own.
func extensions(p *Probing) []string {
	var all []string
	for keyword := range p.Extensions {
		if keyword != "AUTH" && keyword != "SIZE" {
			all = append(all, keyword)
		}
	}
	if slices.Sort(all); len(all) == 0 {
		all = append(all, "nothing")
	}
	return all
}

// output is a probe in JSON.
type output struct {
	Server       string            `json:"server"`             // host and port
	Until        string            `json:"until"`              // how far the probe was to go
	Reached      string            `json:"reached"`            // how far it came
	Error        string            `json:"error"`              // why not farther; "" if nothing was wrong
	Conversation []string          `json:"conversation"`       // "> " is ours, "< " the server's
	Connect      float64           `json:"connect_seconds"`    // until the connection stood
	RoundTrip    float64           `json:"round_trip_seconds"` // of a command
	TLS          string            `json:"tls"`                // its version; "" = none
	Certificates []certificate     `json:"certificates"`       // the server's first
	Extensions   map[string]string `json:"extensions"`         // of EHLO, with their parameters
	Mechanisms   []string          `json:"auth"`               // SASL mechanisms offered
	MaxSize      int64             `json:"max_size"`           // bytes of a message; 0 = not said
	Presets      []string          `json:"presets"`            // of providers that have this server
	Findings     []check.Finding   `json:"findings"`
	Records      []Record          `json:"records,omitempty"` // of the DNS
}

// certificate is a server's certificate in JSON.
type certificate struct {
	Names       []string  `json:"names"`
	Issuer      string    `json:"issuer"`
	NotAfter    time.Time `json:"not_after"`
	Fingerprint string    `json:"fingerprint"` // hex SHA-256
}

// JSON is a probe for scripts.
func (p *Probing) JSON() any {
	out := output{
		Server: p.Server, Until: p.Until, Reached: p.Reached,
		Conversation: []string{}, Certificates: []certificate{}, Presets: []string{},
		Connect: p.Connect.Seconds(), RoundTrip: p.RoundTrip.Seconds(),
		Extensions: p.Extensions, Mechanisms: append([]string{}, p.Mechanisms()...), MaxSize: p.MaxSize,
		Findings: append([]check.Finding{}, p.Findings...), Records: p.Records,
	}
	if p.Err != nil {
		out.Error = report.Clean(p.Err.Error())
	}
	if p.TLS {
		out.TLS = tls.VersionName(p.TLSVersion)
	}
	for _, l := range p.Conversation {
		side := "> "
		if l.Server {
			side = "< "
		}
		out.Conversation = append(out.Conversation, side+report.Clean(l.Text))
	}
	for i, c := range p.Certificates {
		sum := sha256.Sum256(c.Raw)
		out.Certificates = append(out.Certificates,
			certificate{names(p, i), c.Issuer.CommonName, c.NotAfter, hex.EncodeToString(sum[:])})
	}
	for _, preset := range p.Presets {
		out.Presets = append(out.Presets, preset.ID)
	}
	return out
}
