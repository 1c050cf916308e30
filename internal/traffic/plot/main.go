// Command plot draws the pictures of docs/traffic.md: lines show the model, and dots show what was measured.
//
//	go run ./internal/traffic/plot docs/traffic
//
// It reads measured.csv in that folder, which internal/traffic/lab writes, and writes bytes.svg and delay.svg beside it.
package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"mailshot/internal/traffic"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: plot FOLDER")
		os.Exit(2)
	}
	pictures, err := draw(os.Args[1])
	for name, picture := range pictures {
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], name), []byte(picture), 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// draw makes the pictures of what was measured.
func draw(folder string) (map[string]string, error) {
	points, err := read(filepath.Join(folder, "measured.csv"))
	if err != nil {
		return nil, err
	}
	return map[string]string{"bytes.svg": bytesOf(points).svg(), "delay.svg": delayOf(points).svg()}, nil
}

// point is a measured point.
type point struct {
	kind, what, security string
	n, size              float64
	figures              []float64
}

// read reads measured points. A line is kind, path or protocol, security, messages, size and figures.
func read(name string) ([]point, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.Comment = -1, '#'
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var points []point
	for _, row := range rows {
		if len(row) < 6 {
			return nil, fmt.Errorf("%s: a line of %d fields: %q", name, len(row), row)
		}
		p := point{kind: row[0], what: row[1], security: row[2]}
		for i, text := range row[3:] {
			v, err := strconv.ParseFloat(text, 64)
			switch {
			case err != nil:
				return nil, fmt.Errorf("%s: %w", name, err)
			case i == 0:
				p.n = v
			case i == 1:
				p.size = v
			default:
				p.figures = append(p.figures, v)
			}
		}
		points = append(points, p)
	}
	return points, nil
}

// series are the lines of both pictures: the names in measured.csv, and what a reader calls them.
var series = []struct {
	what, label string
	tally       func(traffic.Line) *traffic.Tally
}{
	{"lock-step", "SMTP, lock-step", func(l traffic.Line) *traffic.Tally { return smtp(l, traffic.LockStep) }},
	{"pipelined", "SMTP, pipelined", func(l traffic.Line) *traffic.Tally { return smtp(l, traffic.Pipelined) }},
	{"ahead", "SMTP, one flight", func(l traffic.Line) *traffic.Tally { return smtp(l, traffic.Ahead) }},
	{"POP3", "POP3", pop3},
	{"IMAP", "IMAP", imap},
}

// The lengths are those of the measured sessions: the sink's answers, and Dovecot's.
func smtp(l traffic.Line, p traffic.Path) *traffic.Tally {
	return traffic.Session{Line: l, Path: p, Replies: traffic.Replies{Greeting: 38, Ehlo: 128, Mail: 57, Rcpt: 38, Data: 52,
		End: 23, Quit: 15, Together: true}}.Tally()
}

// pop3 is how internal/inbox/pop3 reads a mailbox of ten to a hundred messages.
func pop3(l traffic.Line) *traffic.Tally {
	f := traffic.POP3(l, 10, 28)
	f.Open = []traffic.Exchange{{Down: 29}, {Up: 6, Down: 86}, {Up: 15, Down: 48}, {Up: 62, Down: 16}, {Up: 6, Down: 65},
		{Up: 6, Down: 14}, {Up: 6, Down: 1400}, {Up: 6, Down: 900}}
	f.Ask, f.Lead, f.Then, f.Quick = 18, 5, nil, true
	return f.Tally()
}

// imap is how internal/inbox/imap reads one.
func imap(l traffic.Line) *traffic.Tally {
	f := traffic.IMAP(l, 10, 28, true)
	f.Open = []traffic.Exchange{{Down: 138}, {Up: 15, Down: 182}, {Up: 26, Down: 48}, {Up: 62, Down: 418}, {Up: 15, Down: 451},
		{Up: 18, Down: 301}, {Up: 19, Down: 300}, {Up: 50, Down: 7900}}
	f.Ask, f.Lead, f.Batch, f.Piece, f.AskPiece, f.Close, f.Quick = 47, 38, 64, 256<<10, 49, nil, true
	return f.Tally()
}

// cost is what n messages of a size cost.
func cost(t *traffic.Tally, size float64, n int64) traffic.Cost {
	t.Add(traffic.Message{Mail: traffic.MailLine("news@example.org", int(size)), Rcpt: traffic.RcptLine("somebody@example.com"),
		Size: int(size), User: int(size)}, n)
	return t.Cost()
}

// bytesOf is the picture of bytes: what the wire carries beyond the messages, as a share of them.
func bytesOf(points []point) chart {
	c := chart{
		title: "Bytes beyond the message, in percent of it", note: "100 messages a connection (10 of 1 MB), no TLS; " +
			"lines: model, dots: captures, bars: bounds",
		y: []tick{{3, "3 %"}, {5, "5 %"}, {10, "10 %"}, {20, "20 %"}, {50, "50 %"}, {100, "100 %"}},
	}
	share := func(volume, n, size float64) float64 { return 100 * (volume/n/size - 1) }
	for _, s := range series {
		l := line{label: s.label}
		for _, size := range sizes() {
			k := cost(s.tally(traffic.Line{}), size, 100)
			l.at = append(l.at, xy{size, share(float64(k.Volume.Expected), 100, size)})
		}
		for _, p := range points {
			most := 100.0
			if p.size >= 1e6 {
				most = 10
			}
			if p.kind == "volume" && p.what == s.what && p.security == "none" && p.n == most {
				l.dots = append(l.dots, dot{xy{p.size, share(p.figures[1], p.n, p.size)}, share(p.figures[0], p.n, p.size),
					share(p.figures[2], p.n, p.size)})
			}
		}
		c.lines = append(c.lines, l)
	}
	return c
}

// delayOf is the picture of delay: the time for a message over a satellite.
func delayOf(points []point) chart {
	c := chart{
		title: "Seconds for a message on a line of 600 ms and 50 Mbit/s",
		note:  "10 messages a connection, no TLS; lines: model, dots: measured",
		y:     []tick{{0.5, "0.5 s"}, {1, "1 s"}, {2, "2 s"}, {5, "5 s"}, {10, "10 s"}},
	}
	way := traffic.Line{RTT: 600 * time.Millisecond, Up: 50_000_000}
	for _, s := range series {
		l := line{label: s.label}
		for _, size := range sizes() {
			n := int64(10)
			if size > 300_000 {
				continue // nothing was measured beyond with ten messages
			}
			l.at = append(l.at, xy{size, cost(s.tally(way), size, n).Delay(0).Total.Seconds() / float64(n)})
		}
		for _, p := range points {
			if p.kind == "delay" && p.what == s.what && p.security == "none" && p.n == 10 && p.figures[2] > 500 {
				at := p.figures[0] / 1000 / p.n
				l.dots = append(l.dots, dot{xy{p.size, at}, at, at})
			}
		}
		c.lines = append(c.lines, l)
	}
	return c
}
