package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/list"
	"mailshot/campaign/recipients"
)

// plan checks a list, which makes every message and drafts every row, and beside it drafts the rows without messages.
func (b *bench) plan(ctx context.Context) (any, error) {
	var checks, loads []Figures
	for round := range b.rounds {
		check, err := b.only(ctx, b.mailshot, "check")
		if err != nil {
			return nil, err
		}
		load, err := b.only(ctx, b.self, "role-load")
		if err != nil {
			return nil, err
		}
		checks, loads = append(checks, check), append(loads, load)
		b.say("%d/%d check %.0f/s, rows alone %.0f/s", round+1, b.rounds, check.Plan, load.Plan)
	}
	rate := func(f Figures) float64 { return f.Plan }
	r, _ := ratio("check ÷ rows alone", pick(checks, rate), pick(loads, rate))
	return &Result{
		Letter: b.letter, Rows: b.rows, Rounds: b.rounds, Ratios: []Ratio{r},
		Contenders: map[string]Figures{"check": medians(checks), "rows alone": medians(loads)},
	}, nil
}

// only runs a command on a new campaign that needs no server.
func (b *bench) only(ctx context.Context, program, command string) (Figures, error) {
	dir, done, err := b.fresh()
	if err != nil {
		return Figures{}, err
	}
	defer done()
	file, err := b.campaign(dir, "127.0.0.1:2525", b.rows, b.conns)
	if err != nil {
		return Figures{}, err
	}
	return b.timed(b.command(ctx, dir, program, command, file))
}

// timed runs a command that goes through all rows and sends nothing.
func (b *bench) timed(cmd *exec.Cmd) (Figures, error) {
	p, err := begin(cmd)
	if err != nil {
		return Figures{}, err
	}
	took, err := p.end()
	rows := float64(b.rows)
	return Figures{
		Plan: rows / took.Seconds(), PlanCPU: float64(cpu(p.cmd.ProcessState).Nanoseconds()) / 1e3 / rows, Peak: p.megabytes(),
	}, err
}

// loadRole reads, types and stores the rows of a campaign's list, and makes no message.
func loadRole(args []string) error {
	ctx := context.Background()
	d, err := definition.Load(args[0])
	if err != nil {
		return err
	}
	cfg, err := list.Config(ctx, d, nil)
	if err != nil {
		return err
	}
	rows, err := recipients.Open(cfg)
	if err != nil {
		return err
	}
	defer rows.Close()
	l, err := ledger.Open(filepath.Join(filepath.Dir(args[0]), ".mailshot", "state.db"))
	if err != nil {
		return err
	}
	defer l.Close()
	draft, err := l.Draft(ctx, ledger.Campaign{ID: "bench"})
	if err != nil {
		return err
	}
	digest := make([]byte, 32)
	var some []ledger.Row
	add := func() error {
		_, err := draft.Add(ctx, some)
		some = some[:0]
		return err
	}
	for row, err := range rows.Rows(ctx) {
		if err != nil {
			return err
		}
		some = append(some, ledger.Row{
			Number: row.Number, Place: row.Place, Key: row.Key, Fields: row.Encode(), State: ledger.Pending,
			Address: row.Address.String(), AddressKey: row.Address.Key(), Digest: digest,
		})
		if len(some) == 4000 {
			if err := add(); err != nil {
				return err
			}
		}
	}
	if err := add(); err != nil {
		return err
	}
	return draft.Freeze(ctx, ledger.Campaign{})
}

// resume goes on with a campaign half of which is sent: the time to the first message, and that of a status meanwhile.
func (b *bench) resume(ctx context.Context) (any, error) {
	r := &Result{Letter: b.letter, Rows: b.rows, Rounds: b.rounds}
	return r, b.trial(ctx, b.rows, b.conns, "", func(dir, file string, s *server) (err error) {
		r.Ratios, err = b.resumed(ctx, dir, file, s)
		return err
	})
}

func (b *bench) resumed(ctx context.Context, dir, file string, s *server) ([]Ratio, error) {
	half, err := begin(b.command(ctx, dir, b.mailshot, "send", "--yes", "--quiet", "--limit", strconv.Itoa(b.rows/2), file))
	if err != nil {
		return nil, err
	}
	took, err := half.end()
	if err != nil {
		return nil, err
	}
	b.say("planned, and the first half sent in %.1f s", took.Seconds())
	var firsts, asked []time.Duration
	for round := range b.rounds {
		for len(s.first) > 0 {
			<-s.first
		}
		run, err := begin(b.command(ctx, dir, b.mailshot, "send", "--yes", "--quiet", file))
		if err != nil {
			return nil, err
		}
		<-s.first
		firsts = append(firsts, time.Since(run.start))
		status, err := begin(b.command(ctx, dir, b.mailshot, "status", file))
		if err != nil {
			return nil, err
		}
		took, serr := status.end()
		if code := status.cmd.ProcessState.ExitCode(); code == 1 || code == 2 {
			err = serr
		}
		asked = append(asked, took)
		err = errors.Join(err, run.cmd.Process.Signal(os.Interrupt))
		// Exit code 75 says that messages are left.
		if _, rerr := run.end(); run.cmd.ProcessState.ExitCode() != 75 {
			err = errors.Join(err, rerr, errors.New("the run was to be interrupted: use more --rows"))
		}
		if err != nil {
			return nil, err
		}
		b.say("%d/%d first message after %.2f s, status %.2f s", round+1, b.rounds, firsts[round].Seconds(), took.Seconds())
	}
	return []Ratio{seconds("first message, s", firsts), seconds("status, s", asked)}, nil
}

// seconds are a median and its spread.
func seconds(of string, times []time.Duration) Ratio {
	var over, under []float64
	for _, d := range times {
		over, under = append(over, d.Seconds()), append(under, 1)
	}
	r, _ := ratio(of, over, under)
	return r
}

// workbook checks a workbook of 12 columns, three of which have another text in each row.
func (b *bench) workbook(ctx context.Context) (any, error) {
	dir, done, err := b.fresh()
	if err != nil {
		return nil, err
	}
	defer done()
	name := filepath.Join(dir, "people.xlsx")
	if err := writeWorkbook(name, b.rows); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "campaign.yaml")
	err = errors.Join(
		os.WriteFile(file, []byte("id: bench\nfrom: news@news.example\nsubject: News for {{.name}}\n"+
			"recipients: { file: people.xlsx, address: email }\nbody: { text: body.txt }\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "body.txt"), []byte("Dear {{.name}} of {{.company}},\n\nall is well.\n"), 0o600))
	if err != nil {
		return nil, err
	}
	var runs []Figures
	for range b.rounds {
		f, err := b.timed(b.command(ctx, dir, b.mailshot, "check", file))
		if err != nil {
			return nil, err
		}
		runs = append(runs, f)
		b.say("check %.0f rows/s, peak %.0f MB", f.Plan, f.Peak)
	}
	return &Result{Rows: b.rows, Rounds: b.rounds, Contenders: map[string]Figures{"check": medians(runs)}}, nil
}
