package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/definition"
)

// Result is what is printed.
type Result struct {
	Letter      string             `json:"letter,omitempty"`
	Rows        int                `json:"rows"`
	Connections int                `json:"connections,omitempty"`
	Delay       string             `json:"delay,omitempty"`
	Offer       string             `json:"offer,omitempty"`
	Rounds      int                `json:"rounds"`
	Size        int                `json:"message_bytes,omitempty"`
	Contenders  map[string]Figures `json:"medians,omitempty"`
	Ratios      []Ratio            `json:"ratios,omitempty"`
	// Fsyncs and the allocations are of one run each, without peers beside it; 0 is not known.
	Fsyncs          float64 `json:"fsyncs,omitempty"`
	PlanAllocations float64 `json:"plan_allocations,omitempty"`
	SendAllocations float64 `json:"send_allocations,omitempty"`
	PlanGarbage     float64 `json:"plan_allocated_bytes,omitempty"`
	SendGarbage     float64 `json:"send_allocated_bytes,omitempty"`
}

// contender is one of those that are run in turn.
type contender struct {
	name string
	run  func(context.Context) (Figures, error)
}

// send runs everything in rounds.
func (b *bench) send(ctx context.Context) (any, error) {
	sample, err := b.sample(ctx)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Letter: b.letter, Rows: b.rows, Connections: b.conns, Offer: b.offer, Rounds: b.rounds, Size: len(sample),
		Contenders: map[string]Figures{},
	}
	if b.delay > 0 {
		r.Delay = b.delay.String()
	}
	contenders, err := b.contenders(sample)
	if err != nil {
		return nil, err
	}
	runs := map[string][]Figures{}
	for round := range b.rounds {
		for _, c := range contenders {
			f, err := c.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			runs[c.name] = append(runs[c.name], f)
			b.say("%d/%d %s: %.0f/s (send %.0f/s), %.0f+%.0f µs", round+1, b.rounds, c.name, f.Whole, f.Send, f.PlanCPU, f.SendCPU)
		}
	}
	for name, of := range runs {
		r.Contenders[name] = medians(of)
	}
	r.Ratios = ratios(runs)
	return r, b.alone(ctx, r)
}

// ratios compares mailshot with each of the others.
func ratios(runs map[string][]Figures) []Ratio {
	var all []Ratio
	add := func(of string, over, under []float64) {
		if r, ok := ratio(of, over, under); ok {
			all = append(all, r)
		}
	}
	send := func(f Figures) float64 { return f.Send }
	whole := func(f Figures) float64 { return f.Whole }
	cost := func(f Figures) float64 { return f.PlanCPU + f.SendCPU }
	ours := runs[mailshotName]
	for _, other := range slices.Sorted(maps.Keys(runs)) {
		if other == mailshotName || other == "html/template" {
			continue
		}
		add("send ÷ "+other, pick(ours, send), pick(runs[other], send))
		add("whole ÷ "+other, pick(ours, whole), pick(runs[other], whole))
		add("cpu ÷ "+other, pick(ours, cost), pick(runs[other], cost))
	}
	if templates := pick(runs["html/template"], cost); templates != nil {
		limit := pick(runs["bare"], cost)
		for i := range limit {
			limit[i] += templates[i]
		}
		add("cpu ÷ (bare + html/template)", pick(ours, cost), limit)
	}
	return all
}

const mailshotName = "mailshot"

// contenders are mailshot and its peers, in the order of a round.
func (b *bench) contenders(sample []byte) ([]contender, error) {
	file := filepath.Join(b.base, "message")
	if err := os.WriteFile(file, sample, 0o600); err != nil {
		return nil, err
	}
	ready := func(role string) func(context.Context) (Figures, error) {
		return b.peer(b.self, role, "-addr", "ADDR", "-message", file, "-rows", strconv.Itoa(b.rows),
			"-conns", strconv.Itoa(b.conns))
	}
	ours := func(name, program string, conns int) contender {
		return contender{name, func(ctx context.Context) (Figures, error) { return b.client(ctx, program, conns) }}
	}
	cs := []contender{ours(mailshotName, b.mailshot, b.conns)}
	if b.against != "" {
		cs = append(cs, ours("against", b.against, b.conns))
	}
	if b.others > 0 {
		cs = append(cs, ours(fmt.Sprintf("mailshot over %d", b.others), b.mailshot, b.others))
	}
	for _, peer := range strings.FieldsFunc(b.peers, func(r rune) bool { return r == ',' }) {
		switch peer {
		case "smtp-source":
			program, err := smtpSource()
			if err != nil {
				b.say("%v", err)
				continue
			}
			cs = append(cs, contender{peer, b.peer(program, "-d", "-s", strconv.Itoa(b.conns), "-m", strconv.Itoa(b.rows),
				"-l", strconv.Itoa(len(sample)), "-f", peerFrom, "-t", peerTo, "ADDR")})
		case "go-smtp":
			cs = append(cs, contender{peer, ready("role-go-smtp")})
		case "bare":
			if b.offer != "none" { // it has no right to a pipeline
				cs = append(cs, contender{peer, ready("role-bare")})
			}
		case "template":
			if letters[b.letter]().html != "" {
				cs = append(cs, contender{"html/template", b.templates})
			}
		default:
			return nil, fmt.Errorf("--peers %q: smtp-source, go-smtp, bare or template", peer)
		}
	}
	return cs, nil
}

// smtpSource finds Postfix's traffic generator.
func smtpSource() (string, error) {
	for _, name := range []string{"smtp-source", "/usr/sbin/smtp-source"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("smtp-source is not there, so it is not run: it is in Debian's package postfix " +
		"(apt-get download postfix, then dpkg-deb -x; it needs libpostfix-*.so of the same package in LD_LIBRARY_PATH)")
}

// client plans and sends a campaign with a mailshot.
func (b *bench) client(ctx context.Context, program string, conns int) (Figures, error) {
	dir, done, err := b.fresh()
	if err != nil {
		return Figures{}, err
	}
	defer done()
	return b.measure(ctx, true, func(addr string) (*exec.Cmd, error) {
		file, err := b.campaign(dir, addr, b.rows, conns)
		return b.command(ctx, dir, program, "send", "--yes", file), err
	})
}

// peer runs a program that sends ready bytes; the argument ADDR stands for the sink's address.
func (b *bench) peer(program string, args ...string) func(context.Context) (Figures, error) {
	return func(ctx context.Context) (Figures, error) {
		return b.measure(ctx, false, func(addr string) (*exec.Cmd, error) {
			args := slices.Clone(args)
			args[slices.Index(args, "ADDR")] = addr
			return exec.CommandContext(ctx, program, args...), nil
		})
	}
}

// measure runs a command that sends all rows to a new sink. plans says whether what is before the first MAIL is a plan.
func (b *bench) measure(ctx context.Context, plans bool, command func(addr string) (*exec.Cmd, error)) (Figures, error) {
	var f Figures
	s, err := b.serve(ctx, "")
	if err != nil {
		return f, err
	}
	cmd, err := command(s.addr)
	if err != nil {
		return f, errors.Join(err, s.abandon())
	}
	p, err := begin(cmd)
	if err != nil {
		return f, errors.Join(err, s.abandon())
	}
	var planned, plan time.Duration // by the clock, and of the processors
	noted := make(chan struct{})
	go func() {
		defer close(noted)
		if _, ok := <-s.first; ok && plans {
			planned, plan = time.Since(p.start), spent(p.cmd.Process.Pid)
		}
	}()
	took, err := p.end()
	n, sinkCPU, serr := s.end()
	<-noted
	if err := errors.Join(err, serr); err != nil {
		return f, err
	}
	if n.Accepted != int64(b.rows) {
		return f, fmt.Errorf("the sink took %d messages of %d\n%s", n.Accepted, b.rows, p.out.Bytes())
	}
	rows := float64(b.rows)
	micro := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / rows }
	f = Figures{
		Send: rows / (took - planned).Seconds(), Whole: rows / took.Seconds(),
		PlanCPU: micro(plan), SendCPU: micro(cpu(p.cmd.ProcessState) - plan), SinkCPU: micro(sinkCPU),
		Peak: p.megabytes(), Flights: float64(n.Bursts) / rows,
	}
	if plans {
		f.Plan = rows / planned.Seconds()
	}
	return f, nil
}

// command is a command of mailshot with state of its own in dir.
func (b *bench) command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"XDG_STATE_HOME="+filepath.Join(dir, "state"), "MAILSHOT_STATE=", "MAILSHOT_ACCOUNTS=", "MAILSHOT_LIMITS=")
	return cmd
}

// templates executes the letter with the standard library, and sends nothing.
func (b *bench) templates(ctx context.Context) (Figures, error) {
	p, err := begin(exec.CommandContext(ctx, b.self, "role-template", b.letter, strconv.Itoa(b.rows)))
	if err != nil {
		return Figures{}, err
	}
	_, err = p.end()
	return Figures{SendCPU: float64(cpu(p.cmd.ProcessState).Nanoseconds()) / 1e3 / float64(b.rows)}, err
}

// trial writes a campaign to a new sink, and calls use with it. The sink ends and the folder goes after that. keep is a
// folder below the campaign's for what the sink gets, or "".
func (b *bench) trial(ctx context.Context, rows, conns int, keep string, use func(dir, file string, s *server) error) error {
	dir, done, err := b.fresh()
	if err != nil {
		return err
	}
	defer done()
	if keep != "" {
		keep = filepath.Join(dir, keep)
	}
	s, err := b.serve(ctx, keep)
	if err != nil {
		return err
	}
	file, err := b.campaign(dir, s.addr, rows, conns)
	if err == nil {
		err = use(dir, file, s)
	}
	return errors.Join(err, s.abandon())
}

// sample is one message as mailshot makes it: the ready bytes of the peers.
func (b *bench) sample(ctx context.Context) (message []byte, err error) {
	err = b.trial(ctx, 1, 1, "kept", func(dir, file string, _ *server) error {
		out, err := b.command(ctx, dir, b.mailshot, "send", "--yes", file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("a message to begin with: %w\n%s", err, out)
		}
		names, _ := filepath.Glob(filepath.Join(dir, "kept", "*.eml"))
		if len(names) != 1 {
			return fmt.Errorf("a message to begin with: %d came\n%s", len(names), out)
		}
		message, err = os.ReadFile(names[0])
		return err
	})
	return message, err
}

// alone measures what needs a run of its own: fsyncs under strace, and allocations within this program.
func (b *bench) alone(ctx context.Context, r *Result) error {
	if err := b.library(ctx, r); err != nil {
		return err
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		b.say("strace is not there, so fsyncs are not counted")
		return nil
	}
	traced := *b
	traced.mailshot = filepath.Join(b.base, "traced")
	trace := filepath.Join(b.base, "trace")
	script := fmt.Sprintf("#!/bin/sh\nexec %s -f --seccomp-bpf -qq -e trace=fsync,fdatasync -o %s %s \"$@\"\n",
		strace, trace, b.mailshot)
	if err := os.WriteFile(traced.mailshot, []byte(script), 0o700); err != nil {
		return err
	}
	if _, err := traced.client(ctx, traced.mailshot, b.conns); err != nil {
		return fmt.Errorf("counting fsyncs: %w", err)
	}
	calls, err := os.ReadFile(trace)
	r.Fsyncs = round(float64(bytes.Count(calls, []byte("sync("))) / float64(b.rows))
	return err
}

// library has another process of this program plan and send through the library, and takes its allocations.
func (b *bench) library(ctx context.Context, r *Result) error {
	return b.trial(ctx, b.rows, b.conns, "", func(dir, file string, _ *server) error {
		cmd := b.command(ctx, dir, b.self, "role-library", file, b.profile)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("counting allocations: %w", err)
		}
		var a allocations
		each := func(n uint64) float64 { return round(float64(n) / float64(b.rows)) }
		err = json.Unmarshal(out, &a)
		r.PlanAllocations, r.SendAllocations = each(a.Plan), each(a.Send)
		r.PlanGarbage, r.SendGarbage = each(a.PlanBytes), each(a.SendBytes)
		return err
	})
}

// allocations are those of a whole run.
type allocations struct{ Plan, Send, PlanBytes, SendBytes uint64 }

// libraryRole plans and sends a campaign file, and prints its allocations: role-library FILE FOLDER-FOR-PROFILES.
func libraryRole(args []string) error {
	ctx := context.Background()
	d, err := definition.Load(args[0])
	if err != nil {
		return err
	}
	c, err := campaign.Open(ctx, campaign.Options{Definition: d})
	if err != nil {
		return err
	}
	defer c.Close()
	counted := func(name string, do func() error) (n, bytes uint64, err error) {
		var before, after runtime.MemStats
		if args[1] != "" {
			f, err := os.Create(filepath.Join(args[1], name+".pprof"))
			if err != nil {
				return 0, 0, err
			}
			defer f.Close()
			if err := pprof.StartCPUProfile(f); err != nil {
				return 0, 0, err
			}
			defer pprof.StopCPUProfile()
		}
		runtime.ReadMemStats(&before)
		err = do()
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc, err
	}
	var a allocations
	var planErr, sendErr error
	a.Plan, a.PlanBytes, planErr = counted("plan", func() error { _, err := c.Plan(ctx, campaign.PlanOptions{}); return err })
	if planErr == nil {
		a.Send, a.SendBytes, sendErr = counted("send", func() error { _, err := c.Run(ctx, nil, campaign.RunOptions{}); return err })
	}
	return errors.Join(planErr, sendErr, json.NewEncoder(os.Stdout).Encode(a))
}
