package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/probing"
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

func (t *tool) probe(cmd *cobra.Command, args []string, f probeFlags) error {
	o, err := f.options()
	if err != nil {
		return usage(err, cmd.CommandPath()+" --help")
	}
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	var p *probing.Probing
	if named := len(args) > 0 && !exists(path(args)) && !strings.HasSuffix(args[0], ".yaml"); named {
		p, err = t.probeServer(ctx, args[0], f, o)
	} else {
		p, err = t.probeCampaign(cmd, ctx, args, &f, o)
	}
	if err != nil {
		return err
	}
	if f.dns {
		if f.domain == "" {
			return usage(errors.New("--dns needs a domain, and the From address has none"),
				"mailshot probe --dns --domain example.com "+shell.Quote(p.Server))
		}
		p.Look(ctx, f.domain, f.selector, f.resolver)
	}
	if f.json {
		err = writeJSON(t.stdout, p.JSON())
	} else {
		err = t.writeProbe(p)
	}
	if err != nil {
		return err
	}
	switch serious := p.Serious(); {
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

// probeServer looks at a server that is named on the command line.
func (t *tool) probeServer(ctx context.Context, name string, f probeFlags, o sender.ProbeOptions) (*probing.Probing, error) {
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
	p, err := probing.Server(ctx, cfg, o)
	if err != nil {
		return nil, usage(err, "mailshot probe --help")
	}
	return p, nil
}

// whileProbing says that a server keeps the probe waiting.
func (t *tool) whileProbing(e sender.Event) {
	if e.Kind == sender.Silent {
		t.say("%s", silent(e))
	}
}

// probeCampaign looks at a campaign's server.
func (t *tool) probeCampaign(cmd *cobra.Command, ctx context.Context, args []string, f *probeFlags,
	o sender.ProbeOptions) (_ *probing.Probing, err error) {
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
	p, err := probing.Campaign(ctx, c, s, o)
	if err != nil {
		return nil, t.refuse(err, d.Path)
	}
	if f.domain == "" {
		f.domain = c.Domain()
	}
	return p, nil
}

// writeProbe shows a probe to a person: the conversation, what the server is like, what the DNS says, and the findings.
func (t *tool) writeProbe(p *probing.Probing) error {
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
	var facts table
	for _, f := range p.Facts() {
		facts.add(f[0], f[1])
	}
	if err := facts.write(&b, "", 0); err != nil {
		return err
	}
	for i, r := range p.Records {
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
	t.findings(p.Findings)
	return nil
}
