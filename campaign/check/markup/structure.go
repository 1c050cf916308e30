package markup

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"mailshot/campaign/check/target"
	"mailshot/templates/source"
)

// never are elements that mail programs leave out or refuse, with the code and the reason.
var never = map[string][2]string{
	"script": out("html-script", "no mail program runs scripts, and filters refuse them"),
	"iframe": out("html-frame", "no mail program shows it"), "frame": out("html-frame", "no mail program shows it"),
	"frameset": out("html-frame", "no mail program shows it"), "object": out("html-frame",
		"hardly any mail program shows it"),
	"embed": out("html-frame", "no mail program shows it"), "applet": out("html-frame", "no mail program shows it"),
	"portal": out("html-frame", "no mail program shows it"),
	"form":   out("html-form", "many mail programs remove it or warn about it"),
	"input":  out("html-form", "many mail programs remove it"), "select": out("html-form", "many mail programs remove it"),
	"textarea": out("html-form", "many mail programs remove it"),
	"video":    out("html-media", "only Apple Mail plays it; the others show what is in it"),
	"audio":    out("html-media", "only Apple Mail plays it; the others show what is in it"),
	"canvas":   out("html-media", "it is drawn by a script, and no mail program runs one"),
	"svg":      out("html-media", "Gmail and Outlook do not show it"),
	"marquee":  out("html-media", "most mail programs do not move it"),
}

func out(code, why string) [2]string { return [2]string{code, why} }

// instead says what to write in place of an element.
var instead = map[string]string{
	"html-script": "remove it", "html-frame": "link to the page", "html-form": "link to a page with the form",
	"html-media": "show an image that links to it",
}

// alone are elements without an end tag, and optional are elements whose end tag may be left out (HTML Standard,
// 13.1.2).
var (
	alone = strings.Fields("area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen " +
		"image")
	optional = strings.Fields("p li dt dd tr td th thead tbody tfoot option optgroup html head body colgroup caption rp rt")
)

// html looks at HTML. whole says that there is nothing around it.
func (l *looker) html(text string, whole bool) {
	l.tags = tagsOf(text)
	l.elements()
	l.anchors()
	l.nesting()
	l.colours()
	l.declared()
	l.together()
	l.vanishing()
	l.support()
	l.directions(whole)
	isDocument := slices.ContainsFunc(l.tags, func(t tag) bool {
		return t.kind == opens &&
			(t.name == "html" || t.name == "body")
	})
	if whole || isDocument {
		l.document(isDocument)
	}
	if whole {
		l.onlyImages()
	}
}

// elements looks at each element by itself.
func (l *looker) elements() {
	for i := range l.tags {
		t := &l.tags[i]
		if t.kind != opens {
			continue
		}
		if why, ok := never[t.name]; ok && !isData(t) {
			l.say(t.at, why[0], fmt.Sprintf("<%s>: %s", t.name, why[1]), instead[why[0]])
		}
		l.repeated(t)
		for _, a := range t.attrs {
			if strings.HasPrefix(a.name, "on") && a.given && len(a.name) > 4 && !target.Dynamic(a.name) {
				l.say(a.named, "html-script", a.name+": no mail program runs scripts, and filters refuse them", "remove it")
			}
		}
		switch t.name {
		case "img":
			l.img(t)
		case "link":
			if strings.Contains(lower(t.value("rel")), "stylesheet") && !strings.Contains(lower(t.value("href")), "font") {
				l.say(t.at, "html-stylesheet", "the style sheet is in another file, which most mail programs do not load",
					"write its rules into <style>; mailshot writes them into the elements")
			}
		case "base":
			if _, ok := t.get("href"); ok {
				l.say(t.at, "html-base", "<base>: most mail programs do not know it, and links go nowhere", "write whole addresses")
			}
		}
	}
}

// isData says whether an element is a <script> with data and no code: JSON-LD, which mail programs read to show an
// order or a flight above the message.
func isData(t *tag) bool {
	return t.name == "script" && strings.TrimSpace(lower(t.value("type"))) == "application/ld+json"
}

// anchors looks at the links, with their texts.
func (l *looker) anchors() {
	places := l.places()
	for i := range l.tags {
		t := &l.tags[i]
		if t.kind != opens || t.name != "a" && t.name != "area" {
			continue
		}
		href, has := t.get("href")
		if !has {
			if t.value("name") == "" && t.value("id") == "" && !slices.ContainsFunc(t.attrs,
				func(a attr) bool { return target.Dynamic(a.name) }) {
				l.say(t.at, "link-no-address", "the link has no href, so it leads nowhere", "write href, or remove the link")
			}
			continue
		}
		text, pictured, silent := l.inside(i)
		if t.name == "area" || t.value("aria-label") != "" || t.value("title") != "" ||
			strings.Contains(t.value("style"), "background") {
			pictured = true
		}
		if silent && !pictured && strings.TrimSpace(loud(text)) == "" {
			pictured = true
			l.say(href.at, "link-no-text", `the link is an image with an empty alt, so nobody hears where it leads`,
				"write in alt where the link leads")
		}
		l.link(href.at, href.value, text, pictured)
		if strings.Contains(href.value, "&amp;") { // its own entities are resolved
			l.escapedTwice(href.at, l.text[href.at:t.end])
		}
		if to := strings.TrimSpace(href.value); places != nil && len(to) > 1 && to[0] == '#' && !target.Dynamic(to) &&
			!places[to[1:]] {
			l.say(href.at, "link-nowhere", fmt.Sprintf("the link %q leads to a place that the message does not have", to),
				"write id="+strconv.Quote(to[1:])+" where it is to lead")
		}
	}
}

// places returns the places that a link within the message can lead to; nil if they are not all known.
func (l *looker) places() map[string]bool {
	if !l.Whole || slices.ContainsFunc(l.actions, func(a source.Action) bool { return a.Kind == source.Include }) {
		return nil
	}
	all := map[string]bool{"top": true}
	for i := range l.tags {
		for _, name := range []string{"id", "name"} {
			is := l.tags[i].value(name)
			if target.Dynamic(is) {
				return nil
			}
			all[is] = true
		}
	}
	return all
}

// inside returns the text of a link, and whether there is something else to see. silent says whether an image with an
// empty alt is in it.
func (l *looker) inside(i int) (text string, pictured, silent bool) {
	var b strings.Builder
	boxed := false // a table is in it: a link of its cell is within this one, and is seen as its text
	for j := i + 1; j < len(l.tags); j++ {
		switch t := &l.tags[j]; {
		case t.kind == closes && t.name == "a", t.kind == opens && t.name == "a":
			return unescaped(b.String()), pictured || boxed && t.kind == opens, silent
		case t.kind == opens && t.name == "table":
			boxed = true
		case t.kind == words:
			b.WriteString(t.text)
		case t.kind == comment: // the words for Outlook are in it
			pictured = pictured || strings.Contains(t.text, "<v:") || strings.Contains(t.text, "[if")
		case t.kind == opens && t.name == "img":
			alt, has := t.get("alt")
			if has && strings.TrimSpace(alt.value) == "" {
				silent = true
			} else {
				pictured = true
			}
		case t.kind == opens && t.name == "svg":
			pictured = true
		case t.kind == opens && t.name == "br":
			b.WriteString(" ")
		}
	}
	return unescaped(b.String()), pictured, silent
}

// document looks at the parts of a document around its text.
func (l *looker) document(full bool) {
	first := 0
	var html, title *tag
	has := map[string]bool{}
	text := ""
	right, letters := 0, 0
	dir := false
	for i := range l.tags {
		t := &l.tags[i]
		has[t.name] = has[t.name] || t.kind == opens
		if _, ok := t.get("dir"); ok || strings.Contains(lower(t.value("style")), "direction") {
			dir = true
		}
		switch {
		case t.kind == doctype:
			has["!doctype"] = true
		case t.kind == opens && t.name == "html":
			html = t
		case t.kind == raw && t.name == "title":
			title, text = t, strings.TrimSpace(t.text)
		case t.kind == words:
			for _, r := range t.text {
				switch {
				case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana):
					right++
					letters++
				case unicode.IsLetter(r):
					letters++
				}
			}
		}
	}
	if right*2 > letters && right > 10 && !dir {
		l.say(first, "html-dir", "the text runs from right to left, and no dir says so",
			`write dir="rtl" at <html> and at the outer table`)
	}
	l.layoutTables()
	if !full {
		return
	}
	if !has["!doctype"] {
		l.say(first, "html-doctype", "the document has no doctype", "begin it with <!doctype html>")
	}
	if html != nil && html.value("lang") == "" && !slices.ContainsFunc(html.attrs,
		func(a attr) bool { return target.Dynamic(a.name) }) {
		l.say(html.at, "html-lang", "<html> says no language", `write lang="en", so that it is read aloud in its own voice`)
	}
	switch {
	case title != nil && untitled.MatchString(text):
		l.say(title.at, "html-title", "the title is one that a program has given", "write the subject: some programs show or read it")
	case title != nil && text == "":
		l.say(title.at, "html-title", "the title is empty", "write the subject: some programs show or read it")
	case title == nil && has["head"]:
		l.say(first, "html-title", "the document has no title", "write the subject: some programs show or read it")
	}
}

// layoutTables finds tables that are only for layout, and do not say so.
func (l *looker) layoutTables() {
	type table struct {
		t              *tag
		header, nested bool
		rows           int
	}
	var open []*table
	for i := range l.tags {
		t := &l.tags[i]
		switch {
		case t.kind == opens && t.name == "table":
			if len(open) > 0 {
				open[len(open)-1].nested = true
			}
			open = append(open, &table{t: t})
		case t.kind == opens && t.name == "tr" && len(open) > 0:
			open[len(open)-1].rows++
		case t.kind == opens && (t.name == "th" || t.name == "caption") && len(open) > 0:
			open[len(open)-1].header = true
		case t.kind == closes && t.name == "table" && len(open) > 0:
			is := open[len(open)-1]
			open = open[:len(open)-1]
			bare := is.t.value("cellpadding") == "0" && is.t.value("border") == "0"       // of no data
			single := is.rows == 1 && strings.IndexByte(l.text[is.t.at:t.at], silent) < 0 // an action may repeat a row
			if role := is.t.value("role"); role == "" && (is.nested || bare || single) && !is.header {
				l.say(is.t.at, "layout-table", "the table lays out, and does not say so",
					`write role="presentation", so that nobody hears "table with 1 row"`)
			}
		}
	}
}
