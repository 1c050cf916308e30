// Command budget says what a message costs, step by step: go run ./internal/bench/budget ROWS PROFILE… reads the
// profiles that the bench writes with --profile, of a campaign of so many rows, and prints µs a message.
//
// A sample belongs to the innermost function that a step knows. What the runtime does for itself (the garbage
// collector, the scheduler) is a step of its own, and SQLite belongs to the function of the ledger that asked it.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// steps are looked through for each function, the first that matches takes it.
var steps = []struct {
	name string
	of   *regexp.Regexp
}{
	{"GC and allocation", regexp.MustCompile(
		`^runtime\.(gcBgMarkWorker|bgsweep|bgscavenge|gcStart|mallocgc|growslice|makeslice|newobject|gcAssist)`)},
	{"list and rows", regexp.MustCompile(`campaign/recipients|encoding/csv`)},
	{"ids", regexp.MustCompile(`crypto/.*hmac|crypto/hmac`)},
	{"digest", regexp.MustCompile(`sha256|\.Digest|campaign/digest`)},
	{"check", regexp.MustCompile(`campaign/check|Maker\)\.Check|templates\.\(\*?[vV]isible|mailshot/templates/gaps`)},
	{"templates", regexp.MustCompile(`mailshot/templates|html/template|text/template`)},
	{"encoding", regexp.MustCompile(`mailshot/render`)},
	{"ledger: fsync", regexp.MustCompile(`_unixSync|_full_fsync|syscall\.(Fsync|Fdatasync)`)},
	{"ledger: suppression", regexp.MustCompile(`[sS]uppress|[sS]creen`)},
	{"ledger: statements", regexp.MustCompile(`campaign/ledger`)},
	{"remembering", regexp.MustCompile(`campaign/(accounts|repeats)`)},
	{"write", regexp.MustCompile(`net\.\(\*(conn|netFD|Buffers)\)\.(Write|write|WriteTo)|poll\.\(\*FD\)\.Write`)},
	{"read", regexp.MustCompile(`net\.\(\*(conn|netFD)\)\.Read|poll\.\(\*FD\)\.Read`)},
	{"pool", regexp.MustCompile(`mailshot/sender`)},
	{"admission and events", regexp.MustCompile(`campaign/(dispatch|pacing|caps)`)},
	{"scheduler", regexp.MustCompile(`^runtime\.(schedule|findRunnable|mcall|park_m|futex|netpoll|mstart|goschedImpl)`)},
	{"the rest of a campaign", regexp.MustCompile(`mailshot/campaign`)},
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "budget:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: budget ROWS PROFILE…")
	}
	rows, err := strconv.Atoi(args[0])
	if err != nil || rows < 1 {
		return fmt.Errorf("%q is not a number of rows", args[0])
	}
	for _, name := range args[1:] {
		traces, err := exec.Command("go", "tool", "pprof", "-traces", name).Output()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		spent := sum(string(traces))
		var all float64
		for _, ms := range spent {
			all += ms
		}
		fmt.Fprintf(stdout, "%s: %.0f µs a message\n", name, all*1000/float64(rows))
		order := slices.SortedFunc(maps.Keys(spent), func(a, b string) int { return cmp.Compare(spent[b], spent[a]) })
		for _, step := range order {
			fmt.Fprintf(stdout, "  %-28s %6.1f µs %5.1f %%\n", step, spent[step]*1000/float64(rows), 100*spent[step]/all)
		}
	}
	return nil
}

// sample is the first line of a stack in what pprof -traces prints: how long, and the innermost function.
var sample = regexp.MustCompile(`^\s*([\d.]+)(ns|us|µs|ms|s)\s+(\S.*)$`)

// sum gives the milliseconds of each step.
func sum(traces string) map[string]float64 {
	spent := map[string]float64{}
	var ms float64
	var stack []string
	add := func() {
		if len(stack) > 0 {
			spent[stepOf(stack)] += ms
		}
		stack = stack[:0]
	}
	units := map[string]float64{"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1, "s": 1000}
	for lines := bufio.NewScanner(strings.NewReader(traces)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "-----------") {
			add()
		} else if m := sample.FindStringSubmatch(line); m != nil && len(stack) == 0 {
			n, _ := strconv.ParseFloat(m[1], 64)
			ms, stack = n*units[m[2]], append(stack, m[3])
		} else if len(stack) > 0 && strings.TrimSpace(line) != "" {
			stack = append(stack, strings.TrimSpace(line))
		}
	}
	add()
	return spent
}

// stepOf is the step of a stack, whose innermost function is first.
func stepOf(stack []string) string {
	for _, function := range stack {
		for _, s := range steps {
			if s.of.MatchString(function) {
				return s.name
			}
		}
	}
	return "what no step knows"
}
