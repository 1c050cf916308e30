package web_test

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mailshot/cmd/mailshot/web"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/internal/chromiumtest"
)

var only = flag.String("window.only", "", "draw only the pictures whose name has what this `expression` matches")

// wanted reports whether a picture is to be drawn.
func wanted(names ...string) bool {
	return slices.ContainsFunc(names, regexp.MustCompile(*only).MatchString)
}

// TestDrawPictures draws the pictures of docs/window.md: each page of a small company's campaigns, on a phone and on a
// desk, light and dark, in English, and some in Persian. Run it when pages or styles have changed:
//
//	go test ./cmd/mailshot/web -run TestDrawPictures -timeout 20m -pictures ../../../docs/window
//
// It waits for the minutes until a cap holds a run back. Names and numbers are the same each time; the moments of what
// happens while it draws are moved to one day, and the servers of the test get the name of one. What a page says beside
// that is what it says.
func TestDrawPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no pictures are asked for")
	}
	g := newGallery(t)
	g.before()
	g.sent()
	g.held()
}

// gallery draws pages.
type gallery struct {
	*window
	to     string // the folder of the pictures
	origin string
	shift  time.Duration // of the moments that the pages show
}

// drawn is when the pictures are said to be drawn.
var drawn = time.Date(2026, 11, 30, 10, 4, 0, 0, time.UTC)

func newGallery(t *testing.T) *gallery {
	t.Helper()
	chromiumtest.Program(t)
	to, err := filepath.Abs(*pictures)
	if err != nil {
		t.Fatal(err)
	}
	local := time.Local
	time.Local = time.UTC // the pages and the axes of charts
	t.Cleanup(func() { time.Local = local })
	t.Chdir(t.TempDir())
	for _, dir := range []string{to, "campaigns", "nothing"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	company(t, "campaigns")
	now := time.Now()
	g := &gallery{to: to, shift: drawn.Sub(now.Truncate(time.Minute)), window: &window{T: t, Dir: "campaigns"}}
	t.Setenv("XDG_STATE_HOME", t.TempDir()) // else the commands name the ledger of the accounts
	if g.Window, err = web.Open(web.Config{Dir: g.Dir}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- g.Serve(ctx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	g.browse(1280)
	g.run(chromedp.Navigate(g.Address()), chromedp.WaitVisible("h1", chromedp.ByQuery))
	g.origin = "http://" + host(g.Address())
	return g
}

// how is how a page is looked at.
type how struct {
	width        int64
	scheme, lang string
}

var (
	english = []how{{1280, "light", "en"}, {1280, "dark", "en"}, {375, "light", "en"}, {375, "dark", "en"}}
	persian = []how{{1280, "light", "fa"}, {375, "dark", "fa"}}
	both    = append(append([]how{}, english...), persian...)
)

// see draws a page in several ways. ready is what is there when the page is whole; then is done before each picture.
func (g *gallery) see(name, target, ready string, ways []how, then ...chromedp.Action) {
	g.Helper()
	if !wanted(name) {
		return
	}
	for _, way := range ways {
		g.language(g.origin, way.lang)
		g.scheme(way.scheme)
		g.run(emulation.SetDeviceMetricsOverride(way.width, 900, 1, way.width < 600),
			chromedp.Navigate(g.origin+target), chromedp.WaitVisible(ready, chromedp.ByQuery))
		g.run(then...)
		g.draw(fmt.Sprintf("%s.%s.%s.%d.png", name, way.lang, way.scheme, way.width), way.width)
	}
}

// mask moves the moments of today that a page shows, and gives the servers of the test the name of one.
const mask = `((delta) => {
	const two = (n) => String(n).padStart(2, "0"), days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
	let today = false;
	const moved = (s) => s.replace(
		/(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d)|\b(\w+day), (\d\d):(\d\d) UTC|\b(\d\d):(\d\d)(:\d\d)?\b/g,
		(all, y, m, d, h, min, day, h2, min2, h3, min3) => {
			if (y) {
				const at = Date.UTC(y, m - 1, d, h, min);
				today = Math.abs(at - Date.now()) < 36e5 * 6;
				return today ? new Date(at + delta).toISOString().slice(0, 16).replace("T", " ") : all;
			}
			if (day) { // the first of November 2026 was a Sunday
				const at = new Date(Date.UTC(2026, 10, 1 + days.indexOf(day), h2, min2) + delta);
				return days[at.getUTCDay()] + ", " + two(at.getUTCHours()) + ":" + two(at.getUTCMinutes()) + " UTC";
			}
			const at = new Date((h3 * 60 + +min3) * 60000 + delta); // the end of an axis has no day
			return all.length > 5 || today ? two(at.getUTCHours()) + ":" + two(at.getUTCMinutes()) + all.slice(5) : all;
		})
		.replace(/127\.0\.0\.1:\d+/g, "smtp.example.com:587").replaceAll("127.0.0.1", "smtp.example.com").replaceAll("sink.example", "smtp.example.com");
	const latin = (s) => s.replace(/[۰-۹]/g, (d) => d.charCodeAt(0) - 0x6f0);
	const persian = (s) => s.replace(/\d/g, (d) => String.fromCharCode(0x6f0 + +d));
	for (const w = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); w.nextNode();) {
		const was = w.currentNode.data;
		const read = latin(was), then = moved(read);
		const now = then === read ? was : read === was ? then : persian(then);
		if (now !== w.currentNode.data) w.currentNode.data = now;
	}
	for (const f of document.querySelectorAll("input[name=host]")) f.value = moved(f.value);
	for (const f of document.querySelectorAll("input[name=port]")) f.value = "587";
	document.activeElement?.blur();
})(%d)`

// The most that a picture shows of a page, in pixels from its top: the rest is more of the same.
var tallest = map[int64]int64{1280: 1280, 768: 1280, 375: 1500}

// largest is how many bytes a picture has at most.
const largest = 60_000

// draw writes a picture of the page.
func (g *gallery) draw(name string, width int64) {
	g.Helper()
	var tall int64
	var shot []byte
	g.run(chromedp.Evaluate("document.activeElement?.blur()", nil),
		chromedp.Evaluate("document.documentElement.scrollHeight", &tall),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			tall = min(tall, tallest[width]) // a frame below the screen would not be drawn
			return emulation.SetDeviceMetricsOverride(width, tall, 1, width < 600).Do(ctx)
		}),
		chromedp.Evaluate("new Promise((done) => setTimeout(done, 400))", nil, awaited), // a frame that is being drawn
		chromedp.Evaluate(fmt.Sprintf(mask, g.shift.Milliseconds()),
			nil), // last: a page is made new when it has news
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			shot, err = page.CaptureScreenshot().WithClip(&page.Viewport{
				Width: float64(width), Height: float64(tall), Scale: 1}).Do(ctx)
			return err
		}))
	whole, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		g.Fatal(err)
	}
	for colours := 128; ; colours /= 2 {
		small := fewer(whole, colours)
		if len(small) > largest && colours > 16 {
			continue
		}
		if len(small) > largest {
			g.Errorf("%s has %d bytes", name, len(small))
		}
		if err := os.WriteFile(filepath.Join(g.to, name), small, 0o644); err != nil {
			g.Fatal(err)
		}
		return
	}
}

// fewer returns a picture as a PNG of at most n colours: the commonest one, then each time the one that is worst off,
// by how often it is there and how far from the nearest one taken. It holds pixels alone.
func fewer(from image.Image, n int) []byte {
	type colour struct {
		color.RGBA
		far   float64 // from the nearest one taken, squared
		often float64
		at    uint8 // that one's place
	}
	whole := image.NewRGBA(from.Bounds())
	draw.Draw(whole, whole.Bounds(), from, from.Bounds().Min, draw.Src)
	place := map[color.RGBA]int{}
	var all []colour
	for i := 0; i < len(whole.Pix); i += 4 {
		c := color.RGBA{whole.Pix[i], whole.Pix[i+1], whole.Pix[i+2], 255}
		if _, ok := place[c]; !ok {
			place[c] = len(all)
			all = append(all, colour{RGBA: c, far: math.Inf(1)})
		}
		all[place[c]].often++
	}
	var palette color.Palette
	for len(palette) < min(n, len(all)) {
		worst, most := 0, -1.0
		for i, c := range all {
			if w := math.Sqrt(c.often) * min(c.far, 1e9); w > most {
				worst, most = i, w
			}
		}
		taken := all[worst].RGBA
		for i, c := range all {
			r, g, b := float64(c.R)-float64(taken.R), float64(c.G)-float64(taken.G), float64(c.B)-float64(taken.B)
			if far := r*r + g*g + b*b; far < c.far {
				all[i].far, all[i].at = far, uint8(len(palette))
			}
		}
		palette = append(palette, taken)
	}
	few := image.NewPaletted(whole.Bounds(), palette)
	for i := range few.Pix {
		few.Pix[i] = all[place[color.RGBA{whole.Pix[4*i], whole.Pix[4*i+1], whole.Pix[4*i+2], 255}]].at
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, few); err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}

// plan makes a plan of a campaign of the company, and waits for it.
func (g *gallery) plan(file string, ask runs.Ask) *runs.Run {
	g.Helper()
	d := g.Desk()
	c, err := d.Shelf.Campaign(g.Context(), file)
	if err != nil || c.Def == nil {
		g.Fatal(err, c)
	}
	ask.Inputs = survey.Version(c.Def)
	run, err := d.Runs.Plan(g.Context(), file, c.Def.Home(), d.Shelf.Options(c), ask)
	if err != nil {
		g.Fatal(err)
	}
	await(g.T, run, runs.Planned, runs.Ended)
	return run
}

// await waits until a run is in one of these phases.
func await(t *testing.T, run *runs.Run, phases ...runs.Phase) {
	t.Helper()
	for {
		changed := run.Changed()
		for _, p := range phases {
			if run.Phase() == p {
				return
			}
		}
		select {
		case <-changed:
		case <-time.After(most):
			t.Fatalf("the run is in %s", run.Phase())
		}
	}
}

// goes says yes to a plan.
func (g *gallery) goes(run *runs.Run) {
	g.Helper()
	s := run.Snapshot()
	if s.Plan == nil {
		g.Fatalf("no plan: %v", s.Err)
	}
	if err := run.Send(s.Plan.ToSend); err != nil {
		g.Fatal(err)
	}
}

// The campaigns' files in the address of a page.
const (
	invoices   = "/c/invoices%2Fcampaign.yaml/"
	newsletter = "/c/newsletter%2Fcampaign.yaml/"
	renewals   = "/c/renewals%2Fcampaign.yaml/"
	nowruz     = "/c/nowruz%2Fcampaign.yaml/"
)

// before draws what there is before the first message is sent, and lets the runs begin.
func (g *gallery) before() {
	g.Helper()
	run := g.plan("newsletter/campaign.yaml", runs.Ask{})
	g.goes(run)
	rehearsed := g.plan("nowruz/campaign.yaml", runs.Ask{ToSink: true})
	g.goes(rehearsed)
	await(g.T, run, runs.Ended)
	await(g.T, rehearsed, runs.Ended)
	g.yesterday("newsletter/campaign.yaml")
	g.plan("renewals/campaign.yaml", runs.Ask{})
	run = g.plan("invoices/campaign.yaml", runs.Ask{Wait: true})
	g.see("plan", invoices+"plan", "#number", both)
	g.see("plan-refused", renewals+"plan", "[data-why]", english)
	g.see("people", renewals+"people", ".kinds", both)
	const looked = "#survey .odds, #survey .here"
	g.see("message", invoices+"message?row=17", looked, english, chromedp.WaitVisible("#preview iframe", chromedp.ByQuery))
	g.see("message", nowruz+"message", looked, persian, chromedp.WaitVisible("#preview iframe", chromedp.ByQuery))
	g.see("message-mistake", invoices+"message?row=17", looked, english[:2],
		chromedp.Evaluate(`(() => { const t = document.querySelector("#text"); t.focus(); t.setSelectionRange(0, 0); })()`,
			nil),
		chromedp.SendKeys("#text", "{{.nmae}} ", chromedp.ByQuery),
		chromedp.WaitVisible("#preview.stale", chromedp.ByQuery), chromedp.WaitVisible("#findings [data-line]",
			chromedp.ByQuery),
		chromedp.Evaluate(`delete document.querySelector("#text").dataset.dirty`, nil))
	g.goes(run)
}

// yesterday moves the attempts of a campaign that has been sent to an hour of some days before, so that its chart shows
// more than the seconds that it took.
func (g *gallery) yesterday(file string) {
	g.Helper()
	shelf := g.Desk().Shelf
	c, err := shelf.Campaign(g.Context(), file)
	if err != nil {
		g.Fatal(err)
	}
	db, err := sql.Open("sqlite", shelf.Ledger(c))
	if err != nil {
		g.Fatal(err)
	}
	defer db.Close()
	const hour = 52 * time.Minute
	begun := time.Date(2026, 11, 27, 9, 2, 0, 0, time.UTC)
	if _, err := db.Exec(`UPDATE attempts SET time = ? + (no * ? / max + no * no * ? / max / max) / 2
		FROM (SELECT max(no) AS max FROM attempts)`,
		begun.UnixNano(), int64(hour), int64(hour)); err != nil {
		g.Fatal(err)
	}
}

// sent draws what becomes of messages.
func (g *gallery) sent() {
	g.Helper()
	g.see("new", "/new", "form", english)
	g.run(chromedp.Navigate(g.origin+newsletter+"server"), chromedp.Click("[data-server] .actions button",
		chromedp.ByQuery),
		chromedp.WaitVisible("[data-probe]", chromedp.ByQuery))
	g.see("server", newsletter+"server", "[data-probe]", both)
	g.see("rehearse", nowruz+"rehearse", "[data-past]", both)
	g.see("rehearsed", nowruz+"rehearse/1", "tr[data-row]", persian[:1],
		chromedp.Click("tr[data-row] a", chromedp.ByQuery), chromedp.WaitVisible("iframe", chromedp.ByQuery))
	g.see("results", newsletter+"results", ".chips", append(both, how{768, "light", "en"}, how{768, "dark", "fa"}))
	g.see("results-empty", renewals+"results", ".empty", english[2:3])
	g.see("decide", newsletter+"results?state=unknown", ".deciding", english)
	g.see("person", newsletter+"results?state=unknown", ".deciding", english,
		chromedp.Click("tr[data-row] a", chromedp.ByQuery),
		chromedp.WaitVisible(".story", chromedp.ByQuery))
	g.letter()
}

// letter draws the page of one message.
func (g *gallery) letter() {
	g.Helper()
	if !wanted("one", "one-sent") {
		return
	}
	fill := chromedp.Evaluate(`for (const [id, text] of Object.entries({server: "newsletter/campaign.yaml", from: "Kettle & Leaf <hello@kettle.example>",
		to: "Dora Marsh <dora.marsh@example.com>", subject: "Your order 4711",
		text: "Dear Dora,\n\nyour teapot is on its way. It should be with you on Thursday.\n\nKind regards,\nEmil"}))
		{ const f = document.getElementById(id); if (f) f.value = text; }`, nil)
	g.see("one", "/one", "#to", english[:1], fill)
	g.run(chromedp.Click(".letter button", chromedp.ByQuery), chromedp.WaitVisible("[data-result=sent]", chromedp.ByQuery))
	var at string
	g.run(chromedp.Evaluate("location.pathname", &at))
	g.see("one", "/one?server=newsletter/campaign.yaml", "#to", both, fill)
	g.see("one-sent", at, "[data-result]", english[:3])
}

// held draws what goes on: a run near the end of its cap.
func (g *gallery) held() {
	g.Helper()
	run, late := g.Desk().Runs.Of("invoices/campaign.yaml"), time.Now().Add(4*time.Minute)
	for s := run.Snapshot(); wanted("run", "campaigns") && s.Done < 1000; s = run.Snapshot() {
		select {
		case <-run.Changed():
		case <-time.After(time.Second):
		}
		if run.Phase() == runs.Ended || time.Now().After(late) {
			g.Fatalf("the run has ended or hangs: %+v", s)
		}
	}
	g.see("run", invoices+"run", "[data-holds]", both)
	g.see("campaigns", "/", ".cards", both)
	run.Pause()
	await(g.T, run, runs.Ended)
	g.empty()
}

// empty draws the first page of a folder without campaigns.
func (g *gallery) empty() {
	g.Helper()
	w, err := web.Open(web.Config{Dir: "nothing", Accounts: filepath.Join(g.TempDir(), "accounts.db")})
	if err != nil {
		g.Fatal(err)
	}
	g.beside = append(g.beside, w)
	ctx, stop := context.WithCancel(g.Context())
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx, nil) }()
	g.run(chromedp.Navigate(w.Address()), chromedp.WaitVisible(".empty", chromedp.ByQuery))
	g.origin = "http://" + host(w.Address())
	g.see("campaigns-empty", "/", ".empty", english[:1])
	stop()
	if err := <-served; err != nil {
		g.Error(err)
	}
}
