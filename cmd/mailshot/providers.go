package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/sender/reply"
)

func (t *tool) providersCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "providers [ID|HOST]",
		Short: "What is known about mail providers: servers, caps, and where each figure comes from",
		Long: `providers lists the presets that server.provider in a campaign file can name, or shows one: its
servers, what it allows, what mailshot keeps to, and where and when each figure was read. For the
name of a server it shows the presets to which the server belongs. The figures are careful ones:
limits.raise in the campaign file raises them.`,
		Example: `  mailshot providers gmail
  mailshot providers smtp.office365.com`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			found := reply.Presets()
			if len(args) > 0 {
				if found = providersNamed(args[0]); len(found) == 0 {
					return &exit{exitFailed, fmt.Errorf("there is no preset for a provider or server %q", args[0]),
						"mailshot providers"}
				}
			}
			switch {
			case asJSON:
				return writeJSON(t.stdout, found)
			case len(args) == 0:
				return writeProviders(t.stdout, found)
			}
			for i, p := range found {
				if i > 0 {
					fmt.Fprintln(t.stdout)
				}
				if err := writeProvider(t.stdout, newScreen(t.stdout), p); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// providersNamed are the presets with that id, or else those of the server with that name.
func providersNamed(name string) []reply.Provider {
	if p, ok := reply.Preset(strings.ToLower(name)); ok {
		return []reply.Provider{p}
	}
	return reply.Match(name)
}

// writeProviders writes one line for each provider.
func writeProviders(w io.Writer, all []reply.Provider) error {
	var out table
	out.add("ID", "PROVIDER", "SERVER", "CAPS", "CONNECTIONS")
	for _, p := range all {
		host, connections := p.Host, ""
		if host == "" {
			host = "(your own)"
		}
		if p.Connections > 0 {
			connections = strconv.Itoa(p.Connections)
		}
		out.add(p.ID, p.Name, fmt.Sprintf("%s:%d", host, p.Ports[0].Number), providerCaps(p), connections)
	}
	return out.write(w, "", 0)
}

// providerCaps are the caps of a provider as a campaign file has them.
func providerCaps(p reply.Provider) string {
	if len(p.Caps) == 0 {
		return "none known"
	}
	var caps []string
	for _, c := range p.Caps {
		caps = append(caps, c.String())
	}
	return strings.Join(caps, ", ")
}

// overLimit says what a provider does above its caps.
var overLimit = map[string]string{
	"reject-temp":        "refuses for now",
	"reject-perm-text":   "refuses as if for good, though it passes",
	"accept-then-bounce": "accepts, and throws away: only the caps here protect you",
	"queue":              "accepts, and keeps it waiting",
}

// writeProvider writes all that is known about one provider.
func writeProvider(w io.Writer, s screen, p reply.Provider) error {
	fmt.Fprintf(w, "%s  %s\n", s.bold(p.ID), p.Name)
	var head table
	line := func(name, text string) {
		if text != "" {
			head.add(name, text)
		}
	}
	host := p.Host
	if host == "" {
		host = "your own"
		if len(p.Hosts) > 0 {
			host = strings.Join(p.Hosts, ", ")
		}
	}
	line("server", host)
	if len(p.Hosts) > 1 && p.Host != "" {
		line("also", strings.Join(p.Hosts[1:], ", "))
	}
	var ports []string
	for _, port := range p.Ports {
		ports = append(ports, fmt.Sprintf("%d %s", port.Number, port.TLS))
	}
	line("ports", strings.Join(ports, ", "))
	line("auth", strings.Join(p.Auth, ", "))
	line("username", p.Username)
	by := map[string]string{"login": "login", "domain": "the sender's domain", "ip": "the sending machine"}
	line("counted by", by[p.Scope])
	line("over the cap", overLimit[p.Over])
	if err := head.write(w, "  ", 0); err != nil {
		return err
	}
	for _, f := range p.Figures {
		name, value := strings.ReplaceAll(f.What, "_", " "), f.Value
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(w, "  %s %s\n", name, s.bold(value))
		if f.Limit != "" {
			fmt.Fprintf(w, "      theirs: %s\n", f.Limit)
		}
		from := f.Basis + ": " + f.Source
		if f.Source == "mailshot" {
			from = "a careful start of mailshot's own"
		}
		fmt.Fprintf(w, "      %s (%s)\n", from, f.CheckedOn)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(w, "  note: %s\n", n)
	}
	_, err := fmt.Fprintf(w, "  in the campaign file: server: { provider: %s }\n", p.ID)
	return err
}
