package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/meter"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/costing"
	"mailshot/internal/shell"
	"mailshot/internal/traffic"
)

// trafficFlags are those of estimate --traffic.
type trafficFlags struct {
	on   bool
	line string
	read traffic.Line
}

// check reads the line. A line alone asks for the traffic, too, and an empty one is a mistake. file is the campaign's.
func (f *trafficFlags) check(cmd *cobra.Command, file string) (err error) {
	if !cmd.Flags().Changed("line") {
		return nil
	}
	f.on = true
	if f.read, err = costing.ParseLine(f.line); err != nil {
		return usage(err, "mailshot estimate --traffic --line 2mbit,600ms "+shell.Quote(file))
	}
	return nil
}

// counter counts the messages of an estimate, with the settings of the campaign's first server.
func (t *tool) counter(d *definition.Definition, of *campaign.Campaign, f trafficFlags) *costing.Counter {
	c := costing.Config{Line: f.read, Timed: f.line != "", Several: len(d.Servers), Signed: len(d.Signatures) > 0,
		Notify: d.Notify}
	if len(d.Servers) == 0 {
		return costing.New(c)
	}
	c.Server = d.Servers[0]
	c.Allowance = of.Allowance(c.Server)
	// What an earlier run of the campaign found is better than a guess. Whether it can be read matters to nobody.
	runs, _ := meter.Read(ledger.Beside(t.stateFile(d), of.ID(), meter.Ending))
	c.Offers = costing.OffersOf(runs, c.Server.Name)
	return costing.New(c)
}

// capsTime is for how long the caps and rules of a campaign stretch it.
func capsTime(e *campaign.Estimate) time.Duration { return e.Forecast.End.Sub(e.Start.Round(0)) }

// printTraffic prints what a campaign costs on the wire.
func (t *tool) printTraffic(c costing.Traffic) error {
	if c.Content.Messages == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\non the line%s\n", lineWords(c.Line))
	var paths table
	paths.add(append([]string{"path", "bytes", "at least", "at most", "frames", "at least", "at most", "content"},
		timeHead(c)...)...)
	for i, p := range c.Paths {
		name := pathWords(p)
		if i == 0 {
			name += " (this campaign)"
		}
		paths.add(append([]string{name}, costWords(p)...)...)
	}
	paths.add("")
	paths.add("fetching them again")
	for _, p := range c.Fetch {
		paths.add(append([]string{pathWords(p)}, costWords(p)...)...)
	}
	if err := paths.write(&b, "  ", 0); err != nil {
		return err
	}
	if err := writeShares(&b, c); err != nil {
		return err
	}
	if err := writeFrames(&b, c.Paths[0]); err != nil {
		return err
	}
	for _, line := range verdict(c) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, a := range c.Assumed {
		fmt.Fprintf(&b, "  assumed: %s\n", report.Clean(a))
	}
	_, err := io.WriteString(t.stdout, b.String())
	if c.Line == nil {
		t.say("for the time it takes, name a line: --line 2mbit,600ms, or %s", strings.Join(costing.Presets(), ", "))
	}
	return err
}

// lineWords is a line for people: ": 512 kbit/s up, 2 Mbit/s down, round trip 80 ms".
func lineWords(l *costing.Line) string {
	if l == nil {
		return ""
	}
	rates := bitRate(l.Up) + " each way"
	if l.Down != l.Up {
		rates = bitRate(l.Up) + " up, " + bitRate(l.Down) + " down"
	}
	return fmt.Sprintf(": %s, round trip %s", rates, time.Duration(l.RTT*float64(time.Second)).Round(10*time.Microsecond))
}

func bitRate(n int64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}} {
		if float64(n) >= u.of {
			return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", float64(n)/u.of), "0"), ".") + " " + u.name
		}
	}
	return fmt.Sprintf("%d bit/s", n)
}

func pathWords(p costing.Path) string {
	return p.Path + map[string]string{"none": ", no TLS", "implicit": ", TLS", "starttls": ", STARTTLS"}[p.Security]
}

func timeHead(c costing.Traffic) []string {
	if c.Line == nil {
		return nil
	}
	return []string{"time"}
}

func costWords(p costing.Path) []string {
	words := []string{
		amount(p.Volume.Expected), amount(p.Volume.Lower), amount(p.Volume.Upper),
		fmt.Sprint(p.Segments.Expected), fmt.Sprint(p.Segments.Lower), fmt.Sprint(p.Segments.Upper), percent(p.Efficiency),
	}
	if p.Time != nil {
		words = append(words, lasting(seconds(p.Time.Total)))
	}
	return words
}

// seconds is a duration; what is longer than the longest one is that one.
func seconds(s float64) time.Duration {
	if s >= time.Duration(math.MaxInt64).Seconds() {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// amount is a number of bytes with three digits, so that bounds can be told apart.
func amount(n int64) string {
	switch {
	case n < 1000:
		return human.Size(n)
	case n < 999_500:
		return digits(float64(n)/1e3) + " kB"
	case n < 999_500_000:
		return digits(float64(n)/1e6) + " MB"
	}
	return digits(float64(n)/1e9) + " GB"
}

// digits is a number with three digits.
func digits(f float64) string {
	switch {
	case f < 9.995:
		return fmt.Sprintf("%.2f", f)
	case f < 99.95:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.0f", f)
}

// percent is a share for people.
func percent(share float64) string {
	switch {
	case share == 0:
		return "0 %"
	case share < 0.0995:
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// writeShares says what the bytes of the campaign's own path are.
func writeShares(w io.Writer, c costing.Traffic) error {
	own, all := c.Paths[0], float64(c.Paths[0].Volume.Expected)
	payload := own.PayloadUp + own.PayloadDown
	protocol := "SMTP"
	if own.Security != "none" {
		protocol = "SMTP and TLS"
	}
	var shares table
	for _, s := range []struct {
		name  string
		n     int64
		words string
	}{
		{"content", c.Content.User, "texts and files before they are encoded"},
		{"base64", c.Content.Base64, added(c.Content.Base64, c.Content.InBase64)},
		{"quoted-printable", c.Content.Quoted, added(c.Content.Quoted, c.Content.InQuoted)},
		{"headers", c.Content.Header, "of the messages and their parts"},
		{protocol, payload - c.Content.Size, "commands, replies and what protects them"},
		{"TCP and IP", own.Volume.Expected - payload, "headers and acknowledgements"},
	} {
		if s.n > 0 {
			shares.add(s.name, amount(s.n), percent(float64(s.n)/all), s.words)
		}
	}
	if _, err := fmt.Fprintf(w, "\n  the %s of this campaign\n", amount(own.Volume.Expected)); err != nil {
		return err
	}
	return shares.write(w, "    ", 0)
}

// added says how much an encoding adds to what is in it.
func added(n, in int64) string {
	return fmt.Sprintf("what it adds to %s: %s", amount(in), percent(float64(n)/float64(max(1, in))))
}

// classes are the upper ends of the classes of frames; the last class are full frames.
var classes = []int{99, 299, 599, 999}

// writeFrames shows how long the frames of a path are.
func writeFrames(w io.Writer, p costing.Path) error {
	full := 0
	for _, l := range p.Lengths {
		full = max(full, l.Frame)
	}
	counts := make([]int64, len(classes)+2)
	all := int64(0)
	for _, l := range p.Lengths {
		i := 0
		for i < len(classes) && l.Frame > classes[i] {
			i++
		}
		if l.Frame == full && full > classes[len(classes)-1] {
			i = len(counts) - 1
		}
		counts[i] += l.Data + l.Bare
		all += l.Data + l.Bare
	}
	var rows table
	from := 60
	for i, n := range counts {
		name := fmt.Sprintf("%d, full", full)
		if i < len(classes) {
			name, from = fmt.Sprintf("%d to %d", from, classes[i]), classes[i]+1
		} else if i == len(classes) {
			name = fmt.Sprintf("%d to %d", from, max(from, full-1))
		}
		if n > 0 {
			rows.add(name, fmt.Sprint(n), percent(float64(n)/float64(all)), strings.Repeat("#", int(30*n/max(1, all))))
		}
	}
	if _, err := fmt.Fprint(w, "\n  its frames by their length in bytes (Ethernet)\n"); err != nil {
		return err
	}
	if err := rows.write(w, "    ", 0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// verdict says in lines what the paths save and cost, and what binds.
func verdict(c costing.Traffic) (lines []string) {
	own := c.Paths[0]
	find := func(path string, tls bool) *costing.Path {
		for i := range c.Paths {
			if p := &c.Paths[i]; p.Path == path && (p.Security != "none") == tls {
				return p
			}
		}
		return nil
	}
	tls := own.Security != "none"
	change := func(a, b int64) string { return percent(float64(a-b) / float64(b)) }
	if clear := find(own.Path, false); tls && clear != nil && own.Volume.Expected > clear.Volume.Expected {
		lines = append(lines, fmt.Sprintf("TLS adds %s (%s)", amount(own.Volume.Expected-clear.Volume.Expected),
			change(own.Volume.Expected, clear.Volume.Expected)))
	}
	if slow := find("lock-step", tls); slow != nil && own.Path != "lock-step" && slow.Volume.Expected > own.Volume.Expected {
		lines = append(lines, fmt.Sprintf("%s saves %d of %d round trips, and %s, against one command at a time", own.Path,
			slow.Rounds-own.Rounds, slow.Rounds, amount(slow.Volume.Expected-own.Volume.Expected)))
	}
	if own.Time == nil {
		return lines
	}
	lines = append(lines, fmt.Sprintf("the line needs %s over %s, without the time of the server",
		lasting(seconds(own.Time.Total)), human.Plural(own.Time.Parallel, "connection")))
	each := time.Duration(own.Time.Parallel)
	parts := fmt.Sprintf("%s of waiting for answers, %s of bytes", lasting(waits(own.Time)/each),
		lasting(seconds(own.Time.Bytes)/each))
	binds := map[string]string{
		"caps": fmt.Sprintf("caps and hours, which stretch it to %s; a faster line changes nothing",
			roughly(seconds(c.Caps))),
		"bandwidth":   "bandwidth (" + parts + "); fewer bytes help, and more connections do not",
		"round trips": "round trips (" + parts + "); more connections help, and a faster line does not",
	}[c.Binds]
	return append(lines, "what binds: "+binds)
}

// lasting is human.Duration, and milliseconds below a second.
func lasting(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return human.Duration(d)
}

func waits(t *costing.Time) time.Duration { return seconds(t.Rounds + t.Connecting + t.SlowStart) }

// reportTraffic prints what the sessions of a campaign have counted.
func (t *tool) reportTraffic(ctx context.Context, s *stored, asJSON bool) error {
	sum, err := s.Summary(ctx)
	if err != nil {
		return err
	}
	sent := int64(0)
	for _, c := range sum.Counts {
		switch ledger.State(c.State) {
		case ledger.Sent, ledger.Bounced, ledger.Complained:
			sent += c.N
		}
	}
	runs, unread := meter.Read(ledger.Beside(t.stateFile(s.def), sum.Campaign, meter.Ending))
	r := costing.NewReport(sum.Campaign, sent, runs)
	if unread != nil {
		r.Unread = unread.Error()
	}
	if asJSON {
		return writeJSON(t.stdout, r)
	}
	if err := printCounted(t.stdout, r, t.now().Location()); err != nil {
		return err
	}
	t.hint("mailshot estimate --traffic " + shell.Quote(s.file))
	return nil
}

// sayTraffic says that what the connections of a run counted is not kept. Nothing else comes of it.
func (t *tool) sayTraffic(sum *campaign.Summary) {
	if sum.Traffic != nil {
		t.say("what went over the line is not recorded, and report --traffic lacks it: %s", report.Clean(sum.Traffic.Error()))
	}
}

// printCounted prints what sessions have counted, and what that is on the line.
func printCounted(w io.Writer, r costing.Report, zone *time.Location) error {
	var b strings.Builder
	switch {
	case r.Unread != "":
		fmt.Fprintf(&b, "what was counted cannot be read: %s\n", report.Clean(r.Unread))
	case r.Runs == 0:
		fmt.Fprintf(&b, "nothing was counted for %s that were sent\n", human.Plural(r.Sent, "mail"))
	case r.Counted > r.Sent:
		fmt.Fprintf(&b, "counted for %s, in %s since %s\n", human.Plural(r.Counted, "mail"), human.Plural(r.Runs, "run"),
			r.Since.In(zone).Format("2 Jan 2006 15:04"))
		fmt.Fprintf(&b, "by the ledger servers have taken only %d: it was begun anew, and what was counted is older\n", r.Sent)
	default:
		fmt.Fprintf(&b, "counted for %d of %s that servers have taken, in %s since %s\n", r.Counted,
			human.Plural(r.Sent, "mail"), human.Plural(r.Runs, "run"), r.Since.In(zone).Format("2 Jan 2006 15:04"))
		if r.Counted < r.Sent {
			b.WriteString("the others went over connections that a killed run had open, or before this was counted, " +
				"or the record could not be written\n")
		}
	}
	for _, p := range r.Parts {
		if err := writeCounted(&b, p); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCounted(w io.Writer, p costing.Counted) error {
	offers := "offers no PIPELINING"
	switch {
	case p.Chunking:
		offers = "offers PIPELINING and CHUNKING"
	case p.Pipelining:
		offers = "offers PIPELINING"
	}
	tls := "no TLS"
	if p.TLS != "" {
		tls = "TLS " + p.TLS
		if p.Security == "starttls" {
			tls += " by STARTTLS"
		}
	}
	fmt.Fprintf(w, "\n%s: %s, %s\n", report.Clean(p.Server), tls, offers)
	var ways []string
	for _, way := range []struct {
		n    int64
		name string
	}{
		{p.Messages.LockStep, "in lock-step"}, {p.Messages.Pipelined, "pipelined"}, {p.Messages.Ahead, "ahead"},
		{p.Messages.Chunked, "by BDAT"},
	} {
		if way.n > 0 {
			ways = append(ways, fmt.Sprintf("%d %s", way.n, way.name))
		}
	}
	var rows table
	rows.add("mails", fmt.Sprintf("%s over %s", strings.Join(ways, ", "), human.Plural(p.Connections, "connection")))
	rows.add("sent", fmt.Sprintf("%s in %s", amount(p.PayloadUp), human.Plural(p.Writes, "write")))
	rows.add("received", fmt.Sprintf("%s in %s", amount(p.PayloadDown), human.Plural(p.Reads, "read")))
	rows.add("flights", fmt.Sprintf("%d; these mails need %d to %d", p.Flights, p.FlightsBound.Lower, p.FlightsBound.Upper))
	rows.add("on the line", fmt.Sprintf("about %s of IP packets, at least %s and at most %s", amount(p.Volume.Expected),
		amount(p.Volume.Lower), amount(p.Volume.Upper)))
	rows.add("frames", fmt.Sprintf("about %d, at least %d and at most %d", p.Segments.Expected, p.Segments.Lower,
		p.Segments.Upper))
	return rows.write(w, "  ", 0)
}
