package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/readiness"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/records"
	"mailshot/internal/shell"
	"mailshot/render/address"
	"mailshot/sender"
	"mailshot/sender/reply"
)

type probeFlags struct {
	until, to, from, tls, id string
	server                   string
	dns                      bool
	selector, domain         string
	resolver                 string
	json                     bool
}

func (t *tool) probeCommand() *cobra.Command {
	var f probeFlags
	cmd := &cobra.Command{
		Use:   "probe [SERVER|CAMPAIGN]",
		Short: "Examine a mail server for what would go wrong; nothing is sent",
		Long: `probe connects to a server (host, host:port or the id of a preset) or to a campaign's, shows the
conversation with secrets masked, and says what it found. With a campaign it logs in as a send
would, and compares the campaign's messages and caps with what the server allows. --dns also checks
the DNS records of the From domain, and gives the lines to publish.
Exit code 0: all is well, 1: the server did not go as far as asked, 3: something else would go
wrong.`,
		Example: `  mailshot probe smtp.example.com:587
  mailshot probe --until rcpt --to someone@example.com campaign.yaml
  mailshot probe --dns --selector mail2026 campaign.yaml`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.probe(cmd, args, f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.until, "until", "",
		"go as far as this `STEP`: "+strings.Join(sender.ProbeSteps(), ", ")+" (default auth with a login, else tls)")
	fs.StringVar(&f.to, "to", "", "with --until rcpt: ask for this `ADDRESS`; nothing is sent to it")
	fs.StringVar(&f.from, "from", "", "with --until mail or rcpt: as this sender `ADDRESS` (default the campaign's)")
	fs.StringVar(&f.tls, "tls", "", "with a server: implicit, starttls or none (default by the port)")
	idFlag(cmd, &f.id, false, "with a campaign: as this `ID` instead of the file's")
	fs.StringVar(&f.server, "server", "", "of a campaign with several servers, the one with this `NAME`")
	fs.BoolVar(&f.dns, "dns", false, "look at SPF, DKIM, DMARC, MX and PTR of the From domain")
	fs.StringVar(&f.selector, "selector", "", "with --dns: the DKIM key with this `NAME`")
	fs.StringVar(&f.domain, "domain", "", "with --dns: this `DOMAIN` (default that of the campaign's From address)")
	fs.StringVar(&f.resolver, "resolver", "",
		"with --dns: ask the DNS server at this `HOST:PORT` (default the system's)")
	fs.BoolVar(&f.json, "json", false, "print as JSON")
	return cmd
}

// probing is all that a probe has found.
type probing struct {
	*sender.Probed
	host     string
	presets  []reply.Provider
	findings []check.Finding
	records  []records.Finding
}

func (t *tool) probe(cmd *cobra.Command, args []string, f probeFlags) error {
	o, err := f.options()
	if err != nil {
		return usage(err, cmd.CommandPath()+" --help")
	}
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	var p *probing
	if named := len(args) > 0 && !exists(path(args)) && !strings.HasSuffix(args[0], ".yaml"); named {
		p, err = t.probeServer(ctx, args[0], f, o)
	} else {
		p, err = t.probeCampaign(cmd, ctx, args, &f, o)
	}
	if err != nil {
		return err
	}
	p.presets = reply.Match(p.host)
	if f.dns {
		if f.domain == "" {
			return usage(errors.New("--dns needs a domain, and the From address has none"),
				"mailshot probe --dns --domain example.com "+shell.Quote(p.Server))
		}
		p.records = records.Look(ctx, records.Config{
			Domain: f.domain, Selector: f.selector, Server: p.host, Provider: len(p.presets) > 0,
			Resolver: resolver(f.resolver),
		})
	}
	if f.json {
		err = writeJSON(t.stdout, p.json())
	} else {
		err = t.writeProbe(p)
	}
	if err != nil {
		return err
	}
	switch serious := p.serious(); {
	case p.Err != nil:
		return &exit{exitFailed, fmt.Errorf("%s did not go as far as %s", p.Server, p.Until),
			"mailshot probe --until " + before(p.Until) + " " + shell.Quote(strings.Join(args, ""))}
	case serious > 0:
		return &exit{exitFindings, errors.New(human.Plural(int64(serious), "error")),
			"fix it, then " + cmd.CommandPath() + " " + shell.Quote(strings.Join(args, ""))}
	}
	return nil
}

// before is the step before another; the first step has itself.
func before(step string) string {
	steps := sender.ProbeSteps()
	return steps[max(0, slices.Index(steps, step)-1)]
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// options checks the flags and returns the session's options.
func (f *probeFlags) options() (sender.ProbeOptions, error) {
	o := sender.ProbeOptions{Until: f.until}
	if o.Until == "" && f.to != "" {
		o.Until = "rcpt"
	}
	if o.Until != "" && !slices.Contains(sender.ProbeSteps(), o.Until) {
		return o, fmt.Errorf("there is no step %q, only %s", o.Until, strings.Join(sender.ProbeSteps(), ", "))
	}
	if o.Until == "rcpt" && f.to == "" {
		return o, errors.New("--until rcpt needs --to ADDRESS")
	}
	for _, a := range []struct {
		text string
		into *string
	}{{f.to, &o.To}, {f.from, &o.From}} {
		if a.text != "" {
			parsed, err := address.Parse(a.text)
			if err != nil {
				return o, err
			}
			*a.into = parsed.String()
		}
	}
	if !f.dns && (f.selector != "" || f.domain != "" || f.resolver != "") {
		return o, errors.New("--selector, --domain and --resolver go with --dns")
	}
	return o, nil
}

// resolver asks the DNS server at an address, on port 53 if it names none; "" is the system's.
func resolver(at string) *net.Resolver {
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

// probeServer looks at a server that is named on the command line.
func (t *tool) probeServer(ctx context.Context, name string, f probeFlags, o sender.ProbeOptions) (*probing, error) {
	cfg := sender.Config{TLS: f.tls, Observe: t.whileProbing}
	if p, ok := reply.Preset(strings.ToLower(name)); ok && p.Host != "" {
		name = net.JoinHostPort(p.Host, strconv.Itoa(p.Ports[0].Number))
	}
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		host, port = strings.Trim(name, "[]"), "587"
		if f.tls == "implicit" {
			port = "465"
		}
		if ps := reply.Match(host); len(ps) > 0 && f.tls == "" {
			port = strconv.Itoa(ps[0].Ports[0].Number)
		}
	}
	cfg.Host = host
	if cfg.Port, err = strconv.Atoi(port); err != nil {
		return nil, usage(fmt.Errorf("%q is neither a server nor a campaign file", name),
			"mailshot probe smtp.example.com:587")
	}
	if o.Until == "auth" {
		return nil, usage(errors.New("a login needs a campaign file, which says where the password is"),
			"mailshot probe CAMPAIGN")
	}
	probed, err := sender.Probe(ctx, cfg, o)
	if err != nil {
		return nil, usage(err, "mailshot probe --help")
	}
	return &probing{Probed: probed, host: host, findings: readiness.Probed(probed, time.Now())}, nil
}

// whileProbing says that a server keeps the probe waiting.
func (t *tool) whileProbing(e sender.Event) {
	if e.Kind == sender.Silent {
		t.say("%s", silent(e))
	}
}

// probeCampaign looks at a campaign's server.
func (t *tool) probeCampaign(cmd *cobra.Command, ctx context.Context, args []string, f *probeFlags,
	o sender.ProbeOptions) (_ *probing, err error) {
	d, err := t.load(cmd, args)
	if err != nil {
		return nil, err
	}
	if f.tls != "" {
		return nil, usage(errors.New("--tls goes with a server; a campaign has its own in server.tls"),
			"mailshot probe "+shell.Quote(d.Path))
	}
	s, err := serverOf(d, f.server)
	if err != nil {
		return nil, usage(err, "mailshot probe --help")
	}
	opts := t.options(d, f.id)
	opts.ObserveConnections = t.whileProbing
	c, err := campaign.Open(ctx, opts)
	if err != nil {
		return nil, t.refuse(err, d.Path)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	probed, err := c.Probe(ctx, s, o)
	if err != nil {
		return nil, t.refuse(err, d.Path)
	}
	e, err := c.Estimate(ctx, campaign.EstimateOptions{Repeat: true})
	if err != nil {
		return nil, t.refuse(err, d.Path)
	}
	if f.domain == "" {
		f.domain = c.Domain()
	}
	return &probing{Probed: probed, host: s.Host, findings: c.Judge(s, probed, e)}, nil
}

// serious counts the findings that would stop mail. It leaves out what stopped the probe itself.
func (p *probing) serious() (n int) {
	for _, f := range p.findings {
		if f.Severity == check.Error {
			n++
		}
	}
	for _, r := range p.records {
		if r.Serious {
			n++
		}
	}
	return n
}

// writeProbe shows a probe to a person: the conversation, what the server is like, what the DNS says, and the findings.
func (t *tool) writeProbe(p *probing) error {
	s := newScreen(t.stdout)
	var b strings.Builder
	for _, l := range p.Conversation {
		if l.Server {
			fmt.Fprintf(&b, "< %s\n", report.Clean(l.Text))
		} else {
			fmt.Fprintf(&b, "%s\n", s.bold("> "+report.Clean(l.Text)))
		}
	}
	b.WriteString("\n")
	facts := p.facts()
	if err := facts.write(&b, "", 0); err != nil {
		return err
	}
	for i, r := range p.records {
		if i == 0 {
			b.WriteString("\n")
		}
		state := "ok"
		if !r.OK {
			state = "NOT OK"
		}
		fmt.Fprintf(&b, "%s %s: %s\n", r.Record, state, report.Clean(r.Text))
		if r.Publish != "" {
			fmt.Fprintf(&b, "    publish: %s\n", report.Clean(r.Publish))
		}
	}
	if _, err := fmt.Fprint(t.stdout, b.String()); err != nil {
		return err
	}
	t.findings(p.findings)
	return nil
}

// facts is a table of what the server is like.
func (p *probing) facts() (facts table) {
	fact := func(name, format string, args ...any) { facts.add(name, report.Clean(fmt.Sprintf(format, args...))) }
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
	for _, preset := range p.presets {
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
func names(p *probing, i int) []string {
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
func extensions(p *probing) []string {
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

// json is a probe for scripts.
func (p *probing) json() any {
	type certificate struct {
		Names       []string  `json:"names"`
		Issuer      string    `json:"issuer"`
		NotAfter    time.Time `json:"not_after"`
		Fingerprint string    `json:"fingerprint"`
	}
	out := struct {
		Server       string            `json:"server"`
		Until        string            `json:"until"`
		Reached      string            `json:"reached"`
		Error        string            `json:"error"`
		Conversation []string          `json:"conversation"`
		Connect      float64           `json:"connect_seconds"`
		RoundTrip    float64           `json:"round_trip_seconds"`
		TLS          string            `json:"tls"`
		Certificates []certificate     `json:"certificates"`
		Extensions   map[string]string `json:"extensions"`
		Mechanisms   []string          `json:"auth"`
		MaxSize      int64             `json:"max_size"`
		Presets      []string          `json:"presets"`
		Findings     []check.Finding   `json:"findings"`
		Records      []records.Finding `json:"records,omitempty"`
	}{
		Server: p.Server, Until: p.Until, Reached: p.Reached,
		Conversation: []string{}, Certificates: []certificate{}, Presets: []string{},
		Connect: p.Connect.Seconds(), RoundTrip: p.RoundTrip.Seconds(),
		Extensions: p.Extensions, Mechanisms: append([]string{}, p.Mechanisms()...), MaxSize: p.MaxSize,
		Findings: append([]check.Finding{}, p.findings...), Records: p.records,
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
	for _, preset := range p.presets {
		out.Presets = append(out.Presets, preset.ID)
	}
	return out
}
