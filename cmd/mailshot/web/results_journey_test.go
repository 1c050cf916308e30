package web_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/internal/sink"
	"mailshot/internal/sink/sinktest"
)

// heldCampaign is a folder with a campaign of n rows, whose server is a sink with rules. The server takes the first
// messages, and answers no further one before release is called: what a test is to see of a run, and do to it, comes to
// pass before the run has ended, however long a page takes.
func heldCampaign(t *testing.T, n int, first int64, rules ...string) (dir string, server *sink.Server, release func()) {
	t.Helper()
	var parsed []sink.Rule
	for _, text := range rules {
		r, err := sink.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, r)
	}
	server, release = sinktest.Held(t, sink.Options{Rules: parsed}, first)
	dir = t.TempDir()
	var list strings.Builder
	list.WriteString("email\n")
	for i := range n {
		fmt.Fprintf(&list, "p%d@%s\n", i, []string{"gmail.com", "outlook.com", "example.org"}[i%3])
	}
	file := fmt.Sprintf("id: news\nfrom: Club <club@example.org>\nsubject: Hello\nrecipients: { file: people.csv }\n"+
		"body: { markdown: body.md }\narchive: sent\nserver: { host: %s, port: %d, tls: none }\nlimits: { connections: 1 }\n",
		server.Host(), server.Port())
	for name, text := range map[string]string{"people.csv": list.String(), "body.md": "Hello", "campaign.yaml": file} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, server, release
}

// TestTerminal is the terminal of TestRunAndResults: a process of its own that sends what is left.
func TestTerminal(t *testing.T) {
	file := os.Getenv("MAILSHOT_TEST_SEND")
	if file == "" {
		t.Skip("TestRunAndResults starts it")
	}
	d, err := definition.LoadWith(file, definition.Flags{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := campaign.Open(t.Context(), campaign.Options{Definition: d, Accounts: os.Getenv("MAILSHOT_TEST_ACCOUNTS"),
		Stdin: strings.NewReader("")})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); err != nil {
		t.Fatal(err)
	}
}

// A run is paused, goes on, is cut off, and a terminal goes on with it; then a person looks at the results and decides.
// The server holds one message back without an answer, so that something is on the way when the person cuts it off.
func TestRunAndResults(t *testing.T) {
	ways(t, func(t *testing.T, y way) {
		dir, server, release := heldCampaign(t, 60, 6, "rcpt:p7@outlook.com:550 5.1.1 no such user", "dot:p3@*,once:store-drop",
			"dot:p50@*,once:store-stall", "dot:delay 100ms")
		w := openBy(t, dir, y)
		step := func(page, then string) { w.click(`.steps a[href$="/`+page+`"]`, then) }
		plan := func() string {
			step("plan", `input[value=server]`)
			w.use(`input[value=server]`)
			w.click(`main form .actions button`, `#number`)
			var n string
			w.run(chromedp.AttributeValue(".big", "data-count", &n, nil, chromedp.ByQuery))
			w.fill("#number", n)
			w.click(`.sending button`, `[data-holds]`)
			return n
		}
		w.click(`.card a`, ".steps")
		plan()
		w.shot(fmt.Sprintf("sending-%d", y.width))
		w.wait(`[data-done]:not([data-done="0"])`)
		w.use(`form[action$="/pause"] button`)
		await(t, w.Desk().Runs.Of("campaign.yaml"), runs.Draining, runs.Ended)
		release()
		w.wait(`[data-exit]`)
		w.shot(fmt.Sprintf("paused-%d", y.width))
		left, err := strconv.Atoi(plan())
		if err != nil || left == 0 || left >= 60 {
			t.Fatalf("%d are left: %v", left, err)
		}
		for limit := time.Now().Add(most); server.Accepted() < 50; { // those before p50, and p50 itself
			if w.run(chromedp.Reload(), chromedp.WaitReady("main", chromedp.ByQuery)); time.Now().After(limit) {
				t.Fatalf("the server has %d messages", server.Accepted())
			}
		}
		w.click(`form[action$="/pause"] button`, `main .actions summary`)
		w.click(`main .actions summary`, `form[action$="/abort"] button`)
		w.shot(fmt.Sprintf("draining-%d", y.width))
		w.click(`form[action$="/abort"] button`, `[data-exit]`)
		terminal(t, w)
		w.run(chromedp.Reload(), chromedp.WaitVisible(`[data-state=sent] .number`, chromedp.ByQuery))
		step("results", ".chips")
		w.shot(fmt.Sprintf("results-%d", y.width))
		decide(t, w, y.width)
	})
}

// terminal sends what is left, as another process does, while the page of the run shows it.
func terminal(t *testing.T, w *window) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestTerminal$")
	cmd.Env = append(os.Environ(), "MAILSHOT_TEST_SEND="+filepath.Join(w.Dir, "campaign.yaml"),
		"MAILSHOT_TEST_ACCOUNTS="+w.Accounts)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	seen := false
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			if !seen {
				t.Log("the terminal was quicker than the page")
			}
			return
		default: // a person looks again
			var holder bool
			w.run(chromedp.Reload(), chromedp.WaitVisible("h1", chromedp.ByQuery),
				chromedp.Evaluate(`!!document.querySelector('[data-holder]')`, &holder))
			seen = seen || holder
		}
	}
}

// decide decides about all that is unknown, looks at one person, and looks at the pictures' other forms.
func decide(t *testing.T, w *window, width int64) {
	t.Helper()
	var unknown string
	w.run(chromedp.AttributeValue(`.chips [data-state=unknown]`, "data-count", &unknown, nil, chromedp.ByQuery))
	w.click(`.chips a[data-state=unknown]`, `input[name=all]`)
	w.shot(fmt.Sprintf("decide-%d", width))
	w.use(`input[name=all]`)
	w.click(`button[value=sent]`, `[data-done]`)
	if s := w.text("[data-done]"); !strings.Contains(s, unknown+" message") {
		t.Errorf("%q, %s were unknown", s, unknown)
	}
	w.click(`.chips li:first-child a`, `.find`)
	var sum map[string]int
	w.run(chromedp.Evaluate(`Object.fromEntries([...document.querySelectorAll('.chips [data-count]')].map(a => [a.dataset.state, +a.dataset.count]))`, &sum))
	if sum["sent"] != 59 || sum["refused"] != 1 || len(sum) != 2 {
		t.Errorf("%v", sum)
	}
	w.fill("#q", "p7@")
	w.click(`.find button`, `tr[data-state=refused]`)
	w.click(`tr[data-state=refused] a`, `[data-event=refused]`)
	w.shot(fmt.Sprintf("person-%d", width))
	w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme",
		Value: "dark"}}))
	w.click(`.steps a[href$="/results"]`, ".chips")
	w.shot(fmt.Sprintf("results-dark-%d", width))
}
