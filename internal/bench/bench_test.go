package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The bench starts its own program in other roles. Here that program is the test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		exit(roles[os.Args[1]](os.Args[2:]))
		return
	}
	code := m.Run()
	if built != "" {
		os.RemoveAll(filepath.Dir(built))
	}
	os.Exit(code)
}

var (
	build sync.Once
	built string
)

// mailshot builds the program once for all tests.
func mailshot(t *testing.T) string {
	t.Helper()
	build.Do(func() {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			t.Fatal(err)
		}
		built = filepath.Join(dir, "mailshot")
		if out, err := exec.Command("go", "build", "-o", built, "mailshot/cmd/mailshot").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
	return built
}

// A run of 50 rows goes through every contender and every figure. What the figures are is not asserted, only that they
// are there.
func TestFiftyRows(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the bench reads /proc")
	}
	t.Parallel()
	var out, said bytes.Buffer
	err := run(t.Context(), []string{
		"--rows", "50", "--conns", "2", "--rounds", "1", "--peers", "go-smtp,bare,template", "--dir", t.TempDir(),
		"--mailshot", mailshot(t),
	}, &out, &said)
	if err != nil {
		t.Fatal(err, said.String())
	}
	var r Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	ours, bare := r.Contenders[mailshotName], r.Contenders["bare"]
	for name, n := range map[string]float64{
		"plan": ours.Plan, "send": ours.Send, "whole": ours.Whole, "peak": ours.Peak, "flights": ours.Flights,
		"bare": bare.Send, "bare flights": bare.Flights, "go-smtp": r.Contenders["go-smtp"].Send,
		"allocations": r.PlanAllocations, "sending's": r.SendAllocations, "size": float64(r.Size),
	} {
		if n <= 0 {
			t.Errorf("%s: nothing was measured\n%s", name, out.String())
		}
	}
	if len(r.Ratios) < 4 {
		t.Errorf("ratios: %v", r.Ratios)
	}
	// Four commands, one answer each, against one round trip: whoever counts writes of the sink must see that.
	if lockStep := r.Contenders["go-smtp"].Flights; lockStep < 3 || bare.Flights > 2 {
		t.Errorf("round trips: go-smtp %v, bare %v", lockStep, bare.Flights)
	}
}

// The other forms say something of a few rows, too. The sink is slow, so that the run that is
// interrupted has messages left.
func TestForms(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the bench reads /proc")
	}
	t.Parallel()
	for form, figure := range map[string]string{
		"plan": "check ÷ rows alone", "resume": "first message, s", "workbook": "peak_mb",
		"signed": "whole ÷ bare signatures",
	} {
		var out, said bytes.Buffer
		err := run(t.Context(), []string{
			"--form", form, "--letter", "static", "--rows", "300", "--conns", "2", "--rounds", "1", "--delay", "20ms",
			"--dir", t.TempDir(), "--mailshot", mailshot(t),
		}, &out, &said)
		if err != nil || !strings.Contains(out.String(), figure) {
			t.Errorf("%s: %v\n%s\n%s", form, err, out.String(), said.String())
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of   []float64
		want float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.of); got != c.want {
			t.Errorf("median(%v) = %v, not %v", c.of, got, c.want)
		}
	}
}

// Ratios are taken round by round: of the medians 20 and 40 the ratio would be 0.5.
func TestRatio(t *testing.T) {
	t.Parallel()
	got, ok := ratio("a ÷ b", []float64{10, 20, 90}, []float64{40, 10, 60})
	want := Ratio{"a ÷ b", 1.5, 0.25, 2}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Error(diff, ok)
	}
	if _, ok := ratio("", []float64{1}, []float64{0}); ok {
		t.Error("a ratio to nothing")
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	for in, want := range map[float64]float64{0: 0, 123456: 123500, 0.00123456: 0.001235, -98765: -98770, 1: 1} {
		if got := round(in); got != want {
			t.Errorf("round(%v) = %v, not %v", in, got, want)
		}
	}
}

func TestMedians(t *testing.T) {
	t.Parallel()
	got := medians([]Figures{{Send: 1, Peak: 30}, {Send: 3, Peak: 10}, {Send: 2, Peak: 20}})
	if diff := cmp.Diff(Figures{Send: 2, Peak: 20}, got); diff != "" {
		t.Error(diff)
	}
}

// The name of a program may hold what looks like the end of its name.
func TestProc(t *testing.T) {
	t.Parallel()
	stat := "7 (a) (b c) S 1 7 7 0 -1 4194304 100 0 0 0 150 25 0 0 20 0 9 0 100 1 2"
	if got := spentIn(stat); got != 1750*time.Millisecond {
		t.Errorf("spent %v", got)
	}
	if got := peakIn("Name:\tx\nVmPeak:\t  999 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 5 kB\n"); got != 1234 {
		t.Errorf("peak %d", got)
	}
}

// Letters are as large as the figures say that they are.
func TestLetters(t *testing.T) {
	t.Parallel()
	for name, html := range map[string]int{"plain": 8_000, "logic": 9_000, "loop": 8_000} {
		l := letters[name]()
		if n := len(l.html); n < html*8/10 || n > html*12/10 {
			t.Errorf("%s: %d bytes of HTML", name, n)
		}
		if n := len(l.text); n < 1_600 || n > 2_400 {
			t.Errorf("%s: %d bytes of text", name, n)
		}
	}
	for n := range 2000 {
		for i := 1; i <= fields; i++ {
			if strings.ContainsAny(cell(n, i), ",\"\n") {
				t.Fatalf("cell %d of row %d would need quotes", i, n)
			}
		}
	}
}
