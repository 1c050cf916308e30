package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

func (t *tool) sinkCommand() *cobra.Command {
	var o sink.Options
	var fail []string
	var out, format, record string
	cmd := &cobra.Command{
		Use:   "sink",
		Short: "The catch-all server on its own",
		Long: `sink accepts every message for everybody and delivers none. It prints its address on standard
output, then runs until it is interrupted. --out keeps the messages, and --record a line of JSON for
each, before the message is answered.

A rule makes it misbehave: POINT:ACTION or POINT:WHEN,WHEN…:ACTION.
  POINT   connect tls ehlo starttls auth mail rcpt data body dot
  WHEN    *@gmail.example (who), 1% (a share), once (the first time for each), 3 or 3+ (the third
          time, or from then on), 3/conn (in each connection)
  ACTION  450 4.2.1 slow down (a reply), delay 2s, stall, drop, reset, half, garbage, raw "250 ok\r\n";
          at dot also store-ACTION: keep the message first`,
		Example: `  mailshot sink --listen 127.0.0.1:2525 --out caught
  mailshot sink --fail 'rcpt:*@slow.example,once:450 4.2.1 later' --fail 'dot:1%:store-drop'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := parseRules(fail)
			if err != nil {
				return err
			}
			o.Rules = rules
			return t.sink(cmd, o, out, format, record)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.Addr, "listen", "127.0.0.1:2525", "listen on this `ADDRESS`; port 0 is any free port")
	fs.StringVar(&o.TLS, "tls", "none", "`MODE`: none, starttls or implicit, with a throw-away certificate")
	fs.StringVar(&o.Username, "user", "", "ask for this login `NAME`")
	fs.StringVar(&o.Password, "password", "",
		"ask for this `PASSWORD` as well (a rehearsal's; it is visible in the list of processes)")
	fs.Int64Var(&o.MaxSize, "max-size", 0, "refuse messages above this number of `BYTES`")
	fs.StringArrayVar(&fail, "fail", nil,
		"a fault to show (`RULE`); may be given more than once; the first that matches is used")
	fs.StringVar(&out, "out", "", "keep messages in this `PATH`")
	fs.StringVar(&format, "format", "eml", "with --out: "+strings.Join(mailbox.Formats(), ", "))
	fs.StringVar(&record, "record", "", "add a line of JSON for each message to this `FILE`")
	return cmd
}

func (t *tool) sink(cmd *cobra.Command, o sink.Options, out, format, record string) (err error) {
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	if out != "" {
		if o.Store, err = mailbox.Open(format, out, mailbox.Options{}); err != nil {
			return usage(err, "mailshot sink --help")
		}
		defer func() { err = errors.Join(err, o.Store.Close()) }()
	}
	if record != "" {
		var f *os.File
		if f, err = os.OpenFile(record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return usage(err, "mailshot sink --help")
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		o.Record = f
	}
	lines := &lineWriter{w: t.stderr}
	o.Observe = func(e sink.Event) {
		switch e.Kind {
		case "stored", "fault":
			text := fmt.Sprintf("mailshot: %d %s %s -> %s", e.Connection, e.Kind, e.From, strings.Join(e.To, " "))
			if e.Text != "" {
				text += " (" + e.Text + ")"
			}
			lines.add(report.Clean(text))
		}
	}
	s, err := sink.Start(o)
	if err != nil {
		return usage(err, "mailshot sink --listen 127.0.0.1:0")
	}
	if _, err := fmt.Fprintln(t.stdout, s.Addr()); err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	err = s.Close()
	t.say("%s accepted in %s", human.Plural(s.Accepted(), "message"), human.Plural(int64(s.Connections()), "connection"))
	return err
}

// lineWriter writes whole lines from several goroutines.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}
