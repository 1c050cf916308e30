package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"mailshot/cmd/mailshot/web/runs"
)

// hostile are texts that break out of some place of a page if they are not taken for text.
func hostile(t *testing.T) []string {
	t.Helper()
	file, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		text, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, text)
	}
	return all
}

// tame puts an x in place of each character that means something to HTML, so that a text of the same length and with
// the same words is left: what mailshot finds in a text, and says on a page, is the same for both. Entities stay, for
// a cell with an entity is a finding; so is a word with a question mark in the place of a letter, as x?xml would be.
var tame = strings.NewReplacer("<?", "xx", "?>", "xx", "<", "x", ">", "x", `"`, "x", "'", "x", "=", "x", "`", "x")

// hostileWorlds is how many worlds have the texts, a few each: a world takes its time.
const hostileWorlds = 8

// Whatever a cell, a subject, the name of a file, a campaign file or a server says, and whatever a person types: no
// page has an element, an attribute or a script more than with x in place of what means something to HTML. Every page
// that a link or a form leads to is looked at, in every phase of a campaign.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	texts := hostile(t)
	if len(texts) < 60 {
		t.Fatalf("%d texts", len(texts))
	}
	for i := range hostileWorlds {
		if i%3 > 0 && !*long {
			continue
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			var some []string
			for n := i; n < len(texts); n += hostileWorlds {
				some = append(some, texts[n])
			}
			text := strings.Join(some, " ")
			plain := tour(newWorld(t, tame.Replace(text)))
			if len(plain) < 30 {
				t.Fatalf("%d pages: the test looks at nothing", len(plain))
			}
			seen := tour(newWorld(t, text))
			known := map[string]bool{offersImages: true}
			for _, v := range plain {
				for _, e := range v.shape {
					known[e] = true
				}
			}
			for key, v := range plain {
				if got, ok := seen[key]; !ok {
					t.Errorf("%q: no page %s", text, key)
				} else if strings.HasPrefix(key, authors) {
					for _, e := range got.shape {
						if !known[e] {
							t.Errorf("%q: %s: %s is on no other page", text, key, e)
						}
					}
				} else if d := difference(v.shape, got.shape); d != "" {
					t.Errorf("%q: %s: %s", text, key, d)
				}
			}
			for key := range seen {
				if _, ok := plain[key]; !ok {
					t.Errorf("%q: one page more: %s", text, key)
				}
			}
		})
	}
}

// authors is where a person types the text of the message. That is markup by right, so the page may show a mistake in
// place of the message; it has no element that other pages do not have.
const authors = "typed POST /c/x/campaign.yaml/message"

// offersImages is a link of the message's page where what was typed has something from elsewhere.
const offersImages = "<a data-images data-swap href>"

// visited is a page that was looked at.
type visited struct {
	how   string // what was asked for, and when
	key   string // the same for the pages of one kind
	saved bool   // it is a file to be kept, and not shown
	shape []string
	links []string // that were followed from it
	forms []form
}

// tour looks at all pages of a world in each phase of its campaigns: before a plan, with a plan, and after the run.
func tour(w *world) map[string]visited {
	w.Helper()
	c := &crawl{world: w}
	c.phase("before", false)
	for _, file := range w.Files[:2] {
		w.plan(file)
	}
	w.until(w.Main, runs.Planned)
	w.until("wrong/campaign.yaml", runs.Ended) // it makes no plan
	c.phase("planned", false)
	w.send(w.Main, w.addresses)
	c.figures()
	c.phase("after", true)
	c.typed()
	all := map[string]visited{}
	for _, v := range c.all {
		name := url.PathEscape(fileName(c.Text))
		all[strings.ReplaceAll(v.key, name, "x")] = v
	}
	return all
}

// crawl follows every link of the pages from the first one and from the routes that are about a campaign file.
type crawl struct {
	*world
	all []visited
}

// kindOf is what an address has in common with others that show the same things: its path, what it asks for, and which
// view of it.
func kindOf(target string) string {
	method, address, ok := strings.Cut(target, " ")
	if !ok {
		method, address = "", target
	}
	u, err := url.Parse(address)
	if err != nil {
		return target
	}
	var names []string
	for name, values := range u.Query() {
		if name == "view" {
			name += values[0]
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return method + " " + u.EscapedPath() + "?" + strings.Join(names, "&")
}

// mostPages is the most of a phase: a link that makes another link without an end is a fault too.
const mostPages = 150

// phase looks at the pages of every route, and at all that their links lead to if follow is set. Of addresses of
// one kind the first is looked at.
func (c *crawl) phase(name string, follow bool) {
	c.Helper()
	todo := []string{"/"}
	for _, pattern := range c.Routes() {
		if !strings.HasPrefix(pattern, "GET ") || strings.Contains(pattern, "assets") || strings.Contains(pattern, "events") {
			continue
		}
		for _, file := range c.Files {
			_, target := request(pattern, file)
			todo = append(todo, target)
		}
	}
	seen := map[string]bool{}
	for n := 0; len(todo) > 0; {
		target := todo[0]
		kind := kindOf(target)
		if todo = todo[1:]; seen[kind] {
			continue
		}
		seen[kind] = true
		if n++; n > mostPages {
			c.Fatalf("%s: more than %d pages", name, mostPages)
		}
		v := c.look(name, c.settled(target), "GET "+target)
		if follow {
			todo = append(todo, v.links...)
		}
	}
}

// figures waits until the results have their figures, which are made in the background.
func (c *crawl) figures() {
	c.Helper()
	for limit := time.Now().Add(most); time.Now().Before(limit); {
		got := c.ask("GET", pathOf(c.Main, "results"), nil, nil)
		if text := body(c.T, got); got.StatusCode == http.StatusNotFound || strings.Contains(text, `class="figures"`) {
			return
		}
	}
	c.Fatal("the results have no figures")
}

// settled is the answer when nothing in the page is still being made.
func (c *crawl) settled(target string) *http.Response {
	c.Helper()
	for limit := time.Now().Add(most); ; {
		got := c.ask("GET", target, nil, nil)
		text := body(c.T, got)
		if got.Body = io.NopCloser(strings.NewReader(text)); !strings.Contains(text, "data-poll") {
			return got
		}
		if time.Now().After(limit) {
			c.Fatalf("%s: a part of the page is never made", target)
		}
	}
}

// look takes an answer apart and keeps it, if it is a page.
func (c *crawl) look(phase string, got *http.Response, how string) visited {
	c.Helper()
	text := body(c.T, got)
	v := visited{how: fmt.Sprintf("%s: %s: %d", phase, how, got.StatusCode), key: phase + " " + kindOf(how)}
	v.saved = strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment")
	if strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") && got.StatusCode/100 != 3 {
		root, err := html.Parse(strings.NewReader(text))
		if err != nil {
			c.Fatal(err)
		}
		v.walk(c, root)
	} else {
		v.shape = []string{fmt.Sprint(got.StatusCode)}
	}
	c.all = append(c.all, v)
	return v
}

// form is a form of a page.
type form struct {
	method, action string
	fields         url.Values
	texts          []string // the fields that a person types into
}

// walk records the elements with their attributes, and the text of scripts and styles. It follows links and keeps
// forms.
func (v *visited) walk(c *crawl, n *html.Node) {
	switch n.Type {
	case html.CommentNode:
		v.shape = append(v.shape, "comment")
	case html.TextNode:
		if p := n.Parent; p.Data == "script" || p.Data == "style" || p.Data == "title" && n.PrevSibling != nil {
			v.shape = append(v.shape, "text of "+p.Data+" "+n.Data)
		}
	case html.ElementNode:
		if n.Data == "ul" && attribute(n, "class") == "findings" {
			v.findings(c, n)
			return
		}
		if n.Data == "figure" && attribute(n, "class") == "chart" {
			v.chart(c, n)
			return
		}
		v.element(c, n)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		v.walk(c, child)
	}
}

// findingShape is what a finding may have, whatever was found: more may be found in one text than in another.
var findingShape = regexp.MustCompile(`^(<(li|svg|use|div|p|b class|bdi|span class|a href|a data-to-line|pre|code|details|summary|ul)` +
	`( class| dir| lang| href| id| data-line| data-to-line| data-finding| data-row| aria-hidden)* ?>)*$`)

// findings looks at a list of findings. How many there are is not part of the page's shape.
func (v *visited) findings(c *crawl, list *html.Node) {
	for li := range list.ChildNodes() {
		if li.Type != html.ElementNode {
			continue
		}
		one := visited{how: v.how}
		one.walk(c, li)
		if shape := strings.Join(one.shape, ""); !findingShape.MatchString(shape) {
			c.Errorf("%s: a finding is %s", v.how, shape)
		}
	}
	v.shape = append(v.shape, "findings")
}

// chart looks at a chart, and keeps what kinds of elements it has. How many there are is not part of the page's shape: a
// run that went on when a minute ended has a column more.
func (v *visited) chart(c *crawl, figure *html.Node) {
	one := visited{how: v.how}
	for child := range figure.ChildNodes() {
		one.walk(c, child)
	}
	slices.Sort(one.shape)
	v.shape = append(v.shape, slices.Compact(one.shape)...)
	v.links, v.forms = append(v.links, one.links...), append(v.forms, one.forms...)
}

func (v *visited) element(c *crawl, n *html.Node) {
	attr := map[string]string{}
	var names []string
	for _, a := range n.Attr {
		attr[a.Key] = a.Val
		if a.Key != "data-events" { // something may still be under way
			names = append(names, a.Key)
		}
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
			c.Errorf("%s: <%s %s>", v.how, n.Data, a.Key)
		}
		if slices.Contains([]string{"href", "src", "action", "formaction", "data-events", "data-href"}, a.Key) {
			c.leads(v, n, a.Val)
		}
	}
	if src := attr["src"]; n.Data == "script" && (!strings.HasPrefix(src, "/assets/") || n.FirstChild != nil) {
		c.Errorf("%s: a script that is not the window's: %q", v.how, src)
	}
	slices.Sort(names)
	v.shape = append(v.shape, "<"+n.Data+" "+strings.Join(names, " ")+">")
	switch n.Data {
	case "a":
		to := attr["href"]
		if strings.HasPrefix(to, "/") && !slices.Contains(v.links, to) && attr["download"] == "" {
			v.links = append(v.links, to)
		}
	case "form":
		v.forms = append(v.forms, form{method: strings.ToUpper(attr["method"]), action: attr["action"], fields: url.Values{}})
	case "input", "textarea", "select":
		if len(v.forms) == 0 || attr["name"] == "" {
			return
		}
		f := &v.forms[len(v.forms)-1]
		_, checked := attr["checked"]
		switch kind := attr["type"]; {
		case n.Data == "select":
			f.fields.Set(attr["name"], chosen(n))
		case kind == "hidden", checked:
			f.fields.Add(attr["name"], attr["value"])
		case kind != "checkbox" && kind != "radio" && kind != "file":
			f.texts = append(f.texts, attr["name"])
		}
	}
}

// mailFile is the address of a file of a mail, at the mails' port.
var mailFile = regexp.MustCompile(`^/[A-Z2-7]{26}/files/[0-9]+$`)

// leads holds what an element leads to: a place of the window, a part of the page, or a mail in its frame.
func (c *crawl) leads(v *visited, n *html.Node, to string) {
	c.Helper()
	own := strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, `/\`) ||
		strings.HasPrefix(to, "?") || strings.HasPrefix(to, "#") || to == ""
	mail := n.Data == "iframe" && strings.HasPrefix(to, c.MailAddress()+"/") ||
		n.Data == "a" && mailFile.MatchString(strings.TrimPrefix(to, c.MailAddress()))
	icon := n.Data == "link" && to == "data:,"
	outside := n.Data == "a" && strings.HasPrefix(to, "https://") && attribute(n, "rel") == "noreferrer" &&
		!strings.Contains(to, "evil")
	if !own && !mail && !icon && !outside {
		c.Errorf("%s: <%s> leads to %q", v.how, n.Data, to)
	}
	if n.Data == "iframe" && attribute(n, "sandbox") != "" {
		c.Errorf("%s: the mail's frame may %q", v.how, attribute(n, "sandbox"))
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// chosen is the value of a select.
func chosen(n *html.Node) string {
	value, found := "", false
	for o := range n.Descendants() {
		if o.Data != "option" || o.Type != html.ElementNode {
			continue
		}
		selected := slices.ContainsFunc(o.Attr, func(a html.Attribute) bool { return a.Key == "selected" })
		if selected || !found {
			value, found = attribute(o, "value"), true
		}
		if selected {
			return value
		}
	}
	return value
}

// typed types the text into every field of every form that was seen, one form at a time, and looks at what comes back.
// The forms of one action that have the same fields are one.
func (c *crawl) typed() {
	c.Helper()
	seen := map[string]bool{}
	for i := len(c.all) - 1; i >= 0; i-- {
		for _, f := range c.all[i].forms {
			name := strings.ReplaceAll(f.action, url.PathEscape(fileName(c.Text)), "x") // one name in all worlds
			key := f.method + " " + name + " " + strings.Join(f.texts, " ")
			if seen[key] || f.action == "/language" || f.action == "" {
				continue
			}
			seen[key] = true
			for _, field := range f.texts {
				f.fields.Set(field, c.Text)
			}
			c.settle()
			if f.method == "POST" {
				c.look("typed", c.ask("POST", f.action, f.fields, nil), key)
			} else {
				c.look("typed", c.ask("GET", f.action+"?"+f.fields.Encode(), nil, nil), key)
			}
		}
	}
}

// settle waits until no plan is being made that a form before has asked for: what a page shows of it hangs on the
// moment.
func (c *crawl) settle() {
	for _, file := range c.Files {
		if c.Desk().Runs.Of(file) != nil {
			c.until(file, runs.Planned, runs.Asking, runs.Ended)
		}
	}
}

// difference is the first difference of two pages; "" = there is none.
func difference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		at := func(s []string) string {
			if i < len(s) {
				return s[i]
			}
			return "the end"
		}
		if at(want) != at(got) {
			return fmt.Sprintf("%s in place of %s, behind %s", at(got), at(want), strings.Join(want[max(0, min(i, len(want))-4):min(i, len(want))], ""))
		}
	}
	return ""
}
