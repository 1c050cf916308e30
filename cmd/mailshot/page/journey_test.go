package page

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"mailshot/campaign/check"
)

// dark is HTML with styles of its own for dark colours.
const dark = `<!doctype html><html><head><meta name="color-scheme" content="light dark"><style>
p { color: rgb(1, 2, 3) } @media (prefers-color-scheme: dark) { p { color: rgb(200, 201, 202) } }
@media (max-width: 400px) { p { font-size: 30px } }</style></head>
<body><p>Hello %s</p><img src="cid:logo" alt="The club"><a href="https://club.example/%d">The invoice</a></body></html>`

// club is a gallery of twelve messages.
func club(t *testing.T) string {
	names := []string{"Ann", "Bob", "آرش رضایی", "Dora", "Eve", "Finn", "Gita", "Hugo", "Ida", "Jan", "Kim", "Lea"}
	logo := attached{"logo.png", "image/png", "logo", []byte("\x89PNG\r\n\x1a\nxx")}
	var all []Message
	for i, name := range names {
		m := mail{fmt.Sprintf("p%d@example.com", i+1), "Invoice for " + name, "Hello " + name + ", the cellar is " +
			[]string{"dry", "wet"}[i%2] + ".", fmt.Sprintf(dark, name, i), []attached{logo,
			{"Invoice 1.pdf", "application/pdf", "", []byte(pdf)}, {"evil.html", "text/html", "",
				[]byte("<script>alert(1)</script>")},
			{"terms.txt", "text/plain", "", []byte("The terms.")}}}
		one := Message{Number: int64(i + 1), Place: fmt.Sprintf("people.csv:%d", i+2), Key: m.to, Name: name, Address: m.to,
			Subject: m.subject, Language: []string{"en", "fa"}[i/6], Octets: m.octets(), Change: &Change{Kind: IsSame}}
		if i%4 == 1 {
			one.Findings = []check.Finding{{Code: "no-alt", Severity: check.Warning, Place: "body.md:3:1",
				Text: "an image has no alt"}}
		}
		if i == 3 {
			was := m
			was.subject, was.text = "Invoice for Dorothy", "Hello Dorothy, the cellar was dry."
			was.files = slices.Clone(m.files)
			was.files[3].body = []byte("Other terms.")
			one.Change = &Change{Kind: IsChanged, Was: was.octets(), Cells: []Cell{{"name", "Dorothy", "Dora"}}}
		}
		all = append(all, one)
	}
	all = append(all, Message{Number: 4, Place: "people.csv:99", Key: "gone@example.com", Address: "gone@example.com",
		Change: &Change{Kind: IsGone, Words: []string{"Its state then: sent."}}})
	return write(t, Summary{
		Whole: true, Report: &check.Report{Rows: 13, Counts: map[string]int64{"pending": 12, "invalid": 1},
			Findings: []check.Finding{{Code: "no-alt", Severity: check.Warning, Place: "body.md:3:1",
				Text: "an image has no alt",
				Rows: 3, Places: []string{"people.csv:3", "people.csv:7"}}}},
		Against: &Against{Name: "the plan of the club", Counts: map[string]int64{IsSame: 11, IsChanged: 1, IsGone: 1}},
	}, all...)
}

// pdf is the least that programs take for a PDF.
const pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj " +
	"3 0 obj<</Type/Page/MediaBox[0 0 99 99]/Parent 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// A person opens the file, searches, filters, looks at a message in each way, compares it with the earlier one, and
// opens and saves what is attached.
func TestJourney(t *testing.T) {
	t.Parallel()
	r := look(t, club(t), 1280, false)
	if got := r.text("#main"); !strings.Contains(got, "12 messages") || !strings.Contains(got, "12 pending") ||
		!strings.Contains(got, "1 changed") || !strings.Contains(got, "an image has no alt") {
		t.Errorf("the overview: %s", got)
	}
	hits := func(want string) {
		t.Helper()
		r.wait(`document.getElementById("hits").textContent === ` + quoted(want))
	}
	hits("13 rows")
	r.run(chromedp.KeyEvent("/"))
	r.wait(`document.activeElement.id === "query"`)
	search := func(text string) {
		r.run(chromedp.Evaluate(`(() => { const q = document.getElementById("query"); q.value = `+quoted(text)+`
			q.dispatchEvent(new Event("input")) })()`, nil))
	}
	search("dora")
	hits("1 row of 13")
	search("cellar wet")
	hits("6 rows of 13") // only the texts say so
	search("نیست")
	hits("No row of 13")
	search("")
	hits("13 rows")
	r.run(chromedp.Blur("#query", chromedp.ByQuery))
	choose := func(filter, value string) {
		r.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const s = document.querySelector("[data-filter=%s]")
			s.value = %s; s.dispatchEvent(new Event("change")) })()`, filter, quoted(value)), nil))
	}
	choose("finding", "no-alt")
	hits("3 rows of 13")
	choose("language", "fa")
	hits("1 row of 13")
	choose("language", "")
	choose("finding", "")
	choose("change", IsGone)
	hits("1 row of 13")
	choose("change", "")

	r.open("2")
	r.run(chromedp.KeyEvent("j"))
	r.wait(`location.hash === "#3" && document.querySelector("article.letter").dataset.row === "3"`)
	if got := r.text("article h2"); got != "Invoice for آرش رضایی" {
		t.Errorf("the subject is %q", got)
	}
	r.run(chromedp.KeyEvent("k"))
	r.wait(`document.querySelector("article.letter").dataset.row === "2"`)
	if got := r.text(".findings"); !strings.Contains(got, "an image has no alt") {
		t.Errorf("findings: %s", got)
	}
	r.run(chromedp.KeyEvent("s"))
	r.wait(`document.querySelector("pre.source")?.textContent.startsWith("From: Club")`)
	r.run(chromedp.KeyEvent("t"))
	if got := r.text("pre.text"); got != "Hello Bob, the cellar is wet." {
		t.Errorf("text %q", got)
	}
	r.run(chromedp.KeyEvent("l"))
	if got := r.text(".links"); !strings.Contains(got, "https://club.example/1") {
		t.Errorf("links %q", got)
	}
	r.compared()
	r.attached()
	if said := r.wrong(); len(said) > 0 {
		t.Errorf("the page's script: %q", said)
	}
}

// compared looks at the changes of row 4.
func (r *reader) compared() {
	r.open("4")
	if got := r.text(".changes"); !strings.Contains(got, "Dorothy") || !strings.Contains(got, "the plan of the club") {
		r.Errorf("the change: %s", got)
	}
	r.run(chromedp.Click(".changes button", chromedp.ByQuery))
	var marks []string
	r.eval(`[...document.querySelectorAll("#view .diff :is(ins, del)")].map(e => e.localName + " " + e.textContent.trim())`, &marks)
	if want := []string{"del removed: Dorothy", "ins added: Dora", "del removed: Dorothy,", "ins added: Dora,",
		"del removed: was dry.", "ins added: is wet."}; !slices.Equal(marks, want) {
		r.Errorf("marks %q, want %q", marks, want)
	}
	if got := r.text("#view ul"); !strings.Contains(got, "terms.txt changed: 12 B then, 10 B now") ||
		!strings.Contains(got, "Invoice 1.pdf the same") {
		r.Errorf("files: %s", got)
	}
	r.open("gone-4")
	if got := r.text("article"); !strings.Contains(got, "no message any more") {
		r.Errorf("gone: %s", got)
	}
	r.run(chromedp.KeyEvent("m"))
}

// attached saves one file and opens another.
func (r *reader) attached() {
	dir := r.TempDir()
	r.run(browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(dir))
	r.open("1")
	var acts []string
	r.eval(`[...document.querySelectorAll(".files li")].map(li => [...li.querySelectorAll("a")].map(a => a.textContent).join("|"))`, &acts)
	if want := []string{"Open Invoice 1.pdf|Save", "Save", "Open terms.txt|Save",
		"Open logo.png|Save"}; !slices.Equal(acts, want) {
		r.Errorf("what can be done with the files: %q", acts)
	}
	r.run(chromedp.Evaluate(`document.querySelector(".files li:nth-child(2) a").click()`, nil))
	r.wait(`true`)
	saved := filepath.Join(dir, "evil.html")
	r.until("the file is saved", func() bool { b, err := os.ReadFile(saved); return err == nil && len(b) > 0 })
	for n, want := range map[int]string{1: "application/pdf", 3: "text/plain"} {
		r.run(chromedp.Evaluate(fmt.Sprintf(`document.querySelector(".files li:nth-child(%d) a").click()`, n), nil))
		var id target.ID
		r.until("the file is open", func() bool {
			all, err := target.GetTargets().Do(r.browser())
			if err != nil {
				r.Fatal(err)
			}
			for _, i := range all {
				if i.Type == "page" && strings.HasPrefix(i.URL, "blob:") {
					id = i.TargetID
				}
			}
			return id != ""
		})
		ctx, cancel := chromedp.NewContext(r.ctx, chromedp.WithTargetID(id))
		var kind string
		if err := chromedp.Run(ctx, chromedp.Evaluate("document.contentType", &kind)); err != nil || kind != want {
			r.Errorf("the tab has %q, want %q (%v)", kind, want, err)
		}
		_ = chromedp.Run(ctx, target.CloseTarget(id))
		cancel()
	}
}

// What a mail says for dark colours and for narrow screens holds as the person chose, whatever the system has.
func TestColoursAndWidths(t *testing.T) {
	t.Parallel()
	file := club(t)
	for _, system := range []bool{false, true} {
		r := look(t, file, 1280, system)
		r.open("1")
		var doc string
		see := func() (colour string, size float64, wide float64) {
			r.eval(`document.querySelector("iframe").srcdoc`, &doc)
			var got []any
			// The same document where a test may look into it.
			r.eval(`(async () => {
				const f = document.querySelector("iframe"), g = document.createElement("iframe")
				g.sandbox = "allow-same-origin"; g.style.cssText = "position:absolute;opacity:0;inline-size:" + f.clientWidth + "px;color-scheme:" +
					getComputedStyle(f).colorScheme
				g.srcdoc = f.srcdoc
				await new Promise(done => { g.onload = done; document.body.append(g) })
				const s = g.contentWindow.getComputedStyle(g.contentDocument.querySelector("p"))
				const got = [s.color, parseFloat(s.fontSize), f.clientWidth]
				g.remove()
				return got
			})()`, &got)
			return got[0].(string), got[1].(float64), got[2].(float64)
		}
		if colour, size, wide := see(); colour != "rgb(1, 2, 3)" || size != 16 || wide < 640 {
			t.Errorf("dark system %v, light: %s, %v px, %v wide", system, colour, size, wide)
		}
		r.run(chromedp.KeyEvent("d"))
		if colour, _, _ := see(); colour != "rgb(200, 201, 202)" {
			t.Errorf("dark system %v, dark: %s", system, colour)
		}
		r.run(chromedp.KeyEvent("w"))
		if _, size, wide := see(); size != 30 || wide != 375 {
			t.Errorf("dark system %v, phone: %v px, %v wide", system, size, wide)
		}
		r.run(chromedp.KeyEvent("d"))
		if colour, _, _ := see(); colour != "rgb(1, 2, 3)" {
			t.Errorf("dark system %v, forced dark: %s", system, colour)
		}
		var filter string
		r.eval(`getComputedStyle(document.querySelector("iframe")).filter`, &filter)
		if !strings.Contains(filter, "invert(1)") || !strings.Contains(r.text("#view"), "An approximation") {
			t.Errorf("forced dark: %s", filter)
		}
		r.eval(`document.querySelector("iframe").srcdoc`, &doc)
		if !strings.Contains(doc, "data:image/png;base64,") || strings.Contains(doc, "club.example") {
			t.Errorf("the frame: %s", doc)
		}
	}
}

// Nothing keeps people out: by axe-core, at both widths, light and dark, with the overview, a message and its changes.
// Nothing is wider than the screen.
func TestAccessible(t *testing.T) {
	t.Parallel()
	name := os.Getenv("AXE")
	if name == "" {
		t.Skip("no axe-core on this machine: npm pack axe-core@4.14.1, and AXE=…/axe.min.js")
	}
	axe, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file := club(t)
	for _, width := range []int64{375, 1280} {
		for _, dark := range []bool{false, true} {
			r := look(t, file, width, dark)
			r.run(chromedp.Evaluate(string(axe), nil))
			look := func(what string) {
				var found []string
				r.eval(`axe.run(document, { iframes: false, resultTypes: ["violations"] }).then(r => r.violations.flatMap(v =>
					v.nodes.map(n => v.id + ": " + n.html.slice(0, 160) + " " + (n.any[0]?.message ?? ""))))`, &found)
				for _, f := range found {
					t.Errorf("%d px, dark %v, %s: %s", width, dark, what, f)
				}
				var wide int64
				r.eval("document.documentElement.scrollWidth", &wide)
				if wide > width {
					t.Errorf("%d px, %s: %d px wide", width, what, wide)
				}
				r.shot(fmt.Sprintf("club-%s-%d-%v", strings.ReplaceAll(what, " ", "-"), width, dark))
			}
			look("overview")
			r.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
			look("explained")
			r.open("4")
			look("message")
			r.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil),
				chromedp.KeyEvent("s"))
			look("source")
			r.run(chromedp.Click(".changes button", chromedp.ByQuery))
			look("changes")
			r.run(chromedp.Evaluate(`location.hash = "list"`, nil))
			look("list")
		}
	}
}
