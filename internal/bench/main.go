// Command bench measures how fast campaigns are planned and sent: go run ./internal/bench --letter plain. It writes a
// campaign, sends it with mailshot to a sink in a second process, and prints what that took as JSON.
//
// Beside mailshot it runs peers against the same sink: smtp-source of Postfix, a loop of go-smtp's client, and a bare
// writer of pipelined commands. The last two send bytes that are ready, and the bare writer is the limit. A round runs
// each of them once, in turn. A ratio is taken within a round, so that both sides of it met the same machine.
//
// Every run starts from nothing: a new folder, new state, a new sink.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	letter   string
	rows     int
	conns    int
	others   int // connections of one more contender, or 0
	delay    time.Duration
	offer    string
	rounds   int
	block    int
	mailshot string
	against  string
	peers    string
	form     string
	profile  string
	dir      string
}

func main() {
	if len(os.Args) > 1 {
		if role, ok := roles[os.Args[1]]; ok {
			exit(role(os.Args[2:]))
			return
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// roles are what the program does in its other processes.
var roles = map[string]func(args []string) error{
	"role-sink":     sinkRole,
	"role-go-smtp":  goSMTPRole,
	"role-bare":     bareRole,
	"role-template": templateRole,
	"role-library":  libraryRole,
	"role-load":     loadRole,
	"role-sign":     signRole,
}

func exit(err error) {
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.letter, "letter", "plain", "what is sent: "+strings.Join(letterNames(), ", "))
	fs.IntVar(&o.rows, "rows", 10_000, "rows of the list")
	fs.IntVar(&o.conns, "conns", 10, "connections")
	fs.IntVar(&o.others, "other-conns", 0, "run mailshot with this number of connections, too, and compare the two")
	fs.DurationVar(&o.delay, "delay", 0, "wait of the sink before each burst of replies")
	fs.StringVar(&o.offer, "offer", "pipelining", "what the sink offers: none, pipelining, or chunking (both)")
	fs.IntVar(&o.rounds, "rounds", 7, "how often everything is run")
	fs.IntVar(&o.block, "block", 0, "ledger.block of the campaign; 0 leaves it out")
	fs.StringVar(&o.mailshot, "mailshot", "", "the mailshot to measure (default: built from this checkout)")
	fs.StringVar(&o.against, "against", "", "another mailshot to run beside it and to compare it with")
	fs.StringVar(&o.peers, "peers", "smtp-source,go-smtp,bare,template", "the peers to run, with commas between them")
	fs.StringVar(&o.form, "form", "send", "what is measured: send; plan (a check beside rows stored without messages); "+
		"resume (half is sent: the first message, and status); workbook (the memory of a check); "+
		"signed (a send with DKIM beside bare signatures)")
	fs.StringVar(&o.profile, "profile", "", "a folder for profiles of the processor, plan.pprof and send.pprof")
	fs.StringVar(&o.dir, "dir", "", "where to put the temporary folder (default: the system's)")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("%q: no arguments are taken", fs.Arg(0))
	case !slices.Contains(letterNames(), o.letter):
		return o, fmt.Errorf("--letter %q: one of %s", o.letter, strings.Join(letterNames(), ", "))
	case !slices.Contains([]string{"none", "pipelining", "chunking"}, o.offer):
		return o, fmt.Errorf("--offer %q: none, pipelining or chunking", o.offer)
	case !slices.Contains([]string{"send", "plan", "resume", "workbook", "signed"}, o.form):
		return o, fmt.Errorf("--form %q: send, plan, resume, workbook or signed", o.form)
	case o.rows < 1 || o.conns < 1 || o.rounds < 1:
		return o, errors.New("--rows, --conns and --rounds count from 1")
	}
	return o, nil
}

// run does what the flags say, and prints a Result.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	base, err := os.MkdirTemp(o.dir, "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	b := &bench{options: o, base: base, say: func(format string, a ...any) { fmt.Fprintf(stderr, format+"\n", a...) }}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.profile != "" {
		if b.profile, err = filepath.Abs(b.profile); err != nil {
			return err
		}
	}
	if b.mailshot == "" {
		b.mailshot = filepath.Join(base, "mailshot")
		build := exec.CommandContext(ctx, "go", "build", "-o", b.mailshot, "mailshot/cmd/mailshot")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("building mailshot: %w: %s", err, out)
		}
	}
	form := map[string]func(context.Context) (any, error){
		"send": b.send, "plan": b.plan, "resume": b.resume, "workbook": b.workbook, "signed": b.signed,
	}[o.form]
	result, err := form(ctx)
	if err != nil {
		return err
	}
	e := json.NewEncoder(stdout)
	e.SetIndent("", "  ")
	return e.Encode(result)
}

// bench is one call of the program.
type bench struct {
	options
	self string // this program
	base string // the temporary folder
	key  string // that campaigns sign with; "" = they do not
	say  func(format string, a ...any)
}

// fresh makes a new folder for one run; done removes it.
func (b *bench) fresh() (dir string, done func(), err error) {
	dir, err = os.MkdirTemp(b.base, "run")
	return dir, func() { os.RemoveAll(dir) }, err
}
