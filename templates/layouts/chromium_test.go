package layouts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mailshot/templates"
)

// browser opens a page and returns what it prints. Tests that need it are skipped where there is no chromium.
func browser(t *testing.T, page string, flags ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine (Debian package chromium)")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + filepath.Join(dir, "profile")}, flags...)
	out, err := exec.Command(program, append(args, "file://"+file)...).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return out
}

// screens is a page that shows each document on a screen of that width, one below the other. script is the body of a
// function of such a screen's window and of its element; the answers are returned as a list.
func screens(docs []string, width, height int, script string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{display:block;border:0}</style>`)
	for _, doc := range docs {
		fmt.Fprintf(&b, `<iframe width="%d" height="%d" srcdoc="%s"></iframe>`, width, height, html.EscapeString(doc))
	}
	if script != "" {
		fmt.Fprintf(&b, `<script>window.onload=()=>{const out=[...document.querySelectorAll("iframe")].map(frame=>{
			const w=frame.contentWindow, d=w.document; %s});
			const p=document.createElement("pre"); p.textContent="<<"+"["+JSON.stringify(out)+"]"+">>";
			document.body.append(p)}</script>`, script)
	}
	return b.String()
}

// answers reads what the script of screens has said.
func answers(t *testing.T, dump []byte, into any) {
	t.Helper()
	m := regexp.MustCompile(`(?s)&lt;&lt;\[(.*)\]&gt;&gt;`).FindSubmatch(dump)
	if m == nil {
		t.Fatalf("no answer in %d bytes", len(dump))
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), into); err != nil {
		t.Fatal(err)
	}
}

// message makes a message of a content.
func message(t *testing.T, layout, language, accent, markdown string) string {
	t.Helper()
	text := func(s string) *templates.Source { return &templates.Source{File: "x", Text: s} }
	body, err := templates.New(templates.Config{Language: language}).Body(templates.BodySource{
		Markdown: text(markdown), Layout: layout, Subject: text("Subject"),
		Look: templates.Look{Accent: accent, Sender: text("A sender with a long name"), Preheader: text("Before the text"),
			Postal: text("A sender with a long name, 1 Main Street, Springfield"), Unsubscribe: text("https://example.com/leave")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	long := strings.Repeat("abcdefghij", 20)
	if err := body.HTML.Execute(&b, templates.Data{Text: map[string]string{"long": long}}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// No content is wider than a phone of 320 px, in any layout, in either direction. Proven by leaving word-break and
// overflow-wrap out of the layouts: 30 contents and more are then too wide in each.
func TestNarrow(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/nasty.txt")
	if err != nil {
		t.Fatal(err)
	}
	contents := strings.Split(strings.TrimPrefix(string(b), "=== "), "\n=== ")
	if len(contents) < 40 {
		t.Fatalf("%d contents", len(contents))
	}
	var all strings.Builder // each begins with a mark that has its title
	for _, content := range contents {
		title, content, _ := strings.Cut(content, "\n")
		all.WriteString("<div title=\"" + title + "\"></div>\n\n" + strings.TrimSpace(content) + "\n\n")
	}
	var names, docs []string
	for _, layout := range templates.Layouts() {
		for _, language := range []string{"en", "fa"} {
			names = append(names, layout+"."+language)
			docs = append(docs, message(t, layout, language, "#00aa55", all.String()))
		}
	}
	const wide = `let title="the layout"; const out={}; const told=new Set();
		for(const e of d.querySelectorAll("*")){ if(e.title)title=e.title; const r=e.getBoundingClientRect();
			const right=Math.max(r.right, 320-r.left, e.localName=="pre"||e.localName=="code"?0:e.scrollWidth>e.clientWidth+1&&
				w.getComputedStyle(e).display!="inline"?r.left+e.scrollWidth:0);
			if(right>320.5)out[title]=Math.max(out[title]||0,right)}
		const whole=Math.max(d.documentElement.scrollWidth,d.body.scrollWidth); if(whole>320)out["the whole"]=whole;
		return out;`
	var widths []map[string]float64
	answers(t, browser(t, screens(docs, 320, 400, wide), "--dump-dom"), &widths)
	if len(widths) != len(docs) {
		t.Fatalf("%d answers", len(widths))
	}
	for i, wide := range widths {
		for title, w := range wide {
			t.Errorf("%s: %s is %.0f px wide", names[i], title, w)
		}
	}
}

// kitchen is a content with each kind of text.
const kitchen = `# A title of the message

Text with a [link](https://example.com) and ` + "`code`" + ` and **bold**.

## A heading

[Pay now](https://example.com){.button}

> A quote with a [link](https://example.com/q)

| What | Amount |
|---|--:|
| Tea | 3.00 |
| **Sum** | **3.00** |

` + "```\ncode\n```\n"

// accents are light, dark and between, and of each hue.
var accents = []string{"", "#00aa55", "#ffcc00", "#7a1f3d", "#ff8800", "#e91e63", "#00bcd4", "#999999", "#111111",
	"#ffffff",
	"#0000ff", "#c0ff00", "#8844dd", "#cc9966"}

// contrasts are the least contrasts of the texts of each screen, as the sheets say.
const contrasts = `
	const lum=c=>{const f=c.map(v=>{v/=255;return v<=0.04045?v/12.92:((v+0.055)/1.055)**2.4});
		return 0.2126*f[0]+0.7152*f[1]+0.0722*f[2]};
	const rgb=s=>(s.match(/[\d.]+/g)||[]).map(Number);
	const walker=d.createTreeWalker(d.body,4); const out=[];
	while(walker.nextNode()){const n=walker.currentNode; if(!n.data.trim())continue;
		const e=n.parentElement; if(!e.getClientRects().length)continue;
		let on=[255,255,255];
		for(let p=e;p;p=p.parentElement){const c=rgb(w.getComputedStyle(p).backgroundColor); if(c.length==3||c[3]>0){on=c;break}}
		const a=lum(rgb(w.getComputedStyle(e).color)), b=lum(on);
		out.push({text:n.data.trim().slice(0,20), contrast:(Math.max(a,b)+0.05)/(Math.min(a,b)+0.05)})}
	return out;`

// Each text can be read on a light screen and on a dark one, with each accent. Proven by giving the links the accent
// itself.
func TestContrastInBrowser(t *testing.T) {
	t.Parallel()
	var names, docs []string
	for _, layout := range templates.Layouts() {
		for _, accent := range accents {
			names = append(names, layout+" "+accent)
			docs = append(docs, message(t, layout, "en", accent, kitchen))
		}
	}
	for mode, flag := range map[string]string{"light": "1", "dark": "0"} {
		var all [][]struct {
			Text     string
			Contrast float64
		}
		answers(t, browser(t, screens(docs, 375, 400, contrasts), "--dump-dom",
			"--blink-settings=preferredColorScheme="+flag), &all)
		for i, texts := range all {
			if len(texts) < 15 {
				t.Errorf("%s %s: %d texts", mode, names[i], len(texts))
			}
			for _, x := range texts {
				if x.Contrast < 4.5 {
					t.Errorf("%s %s: %q has a contrast of %.2f", mode, names[i], x.Text, x.Contrast)
				}
			}
		}
	}
}

// unaware returns a message without what it says of dark screens, as a program takes it that does not know them.
func unaware(doc string) string {
	doc = regexp.MustCompile(`<meta name="(supported-)?color-scheme"[^>]*>|:root \{[^}]*\}`).ReplaceAllString(doc, "")
	return strings.ReplaceAll(doc, "(prefers-color-scheme: dark)", "(max-width: 1px)")
}

// rects are the places of the texts of each screen.
const rects = `const walker=d.createTreeWalker(d.body,4); const out=[];
	while(walker.nextNode()){const n=walker.currentNode; if(!n.data.trim())continue;
		const r=d.createRange(); r.selectNodeContents(n);
		for(const c of r.getClientRects()) if(c.width>4&&c.height>4)
			out.push({text:n.data.trim().slice(0,20), x:c.x, y:c.y+frame.offsetTop, w:c.width, h:c.height})}
	return out;`

// Each text can be read where a program turns the colours by itself, as it paints them. Proven by giving the buttons
// and the links the accent itself: white on #00aa55 is 3.05.
func TestContrastForced(t *testing.T) {
	t.Parallel()
	const tall, scale = 620, 2
	for from := 0; from < len(accents); from += 7 {
		var names, docs []string
		for i, accent := range accents[from : from+7] {
			layout := templates.Layouts()[i%4]
			names = append(names, layout+" "+accent)
			docs = append(docs, unaware(message(t, layout, "en", accent, kitchen)))
		}
		page := screens(docs, 375, tall, rects)
		var all [][]struct {
			Text       string
			X, Y, W, H float64
		}
		answers(t, browser(t, page, "--dump-dom"), &all)
		shot := filepath.Join(t.TempDir(), "shot.png")
		browser(t, screens(docs, 375, tall, ""), "--screenshot="+shot, fmt.Sprintf("--window-size=600,%d", tall*len(docs)),
			fmt.Sprintf("--force-device-scale-factor=%d", scale), "--blink-settings=forceDarkModeEnabled=true")
		data, err := os.ReadFile(shot)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for i, texts := range all {
			for _, x := range texts {
				at := image.Rect(int(x.X*scale), int(x.Y*scale), int((x.X+x.W)*scale), int((x.Y+x.H)*scale))
				if at.Max.Y > (i+1)*tall*scale {
					continue // below the screen
				}
				if got := painted(picture, at); got < 4.5 {
					t.Errorf("forced %s: %q has a contrast of %.2f", names[i], x.Text, got)
				}
			}
		}
	}
}

// painted is the contrast of a text with what is behind it, in a part of a picture: of the colour that most of the part
// has, and of the one that differs most from it.
func painted(picture image.Image, part image.Rectangle) float64 {
	count := map[color.RGBA]int{}
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	var behind color.RGBA
	for c, n := range count {
		if n > count[behind] {
			behind = c
		}
	}
	most := 1.0
	for c := range count {
		a, b := luminance(c), luminance(behind)
		most = max(most, (max(a, b)+0.05)/(min(a, b)+0.05))
	}
	return most
}

func luminance(c color.RGBA) float64 {
	part := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}
