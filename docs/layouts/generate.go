//go:build ignore

// This program draws the pictures of docs/layouts.md: each sample in samples.json, on a phone and on a desk, in light,
// dark and forced dark. It needs chromium. Run it in this folder: go run generate.go
//
// Forced dark is what a mail program does that knows no dark style: the message without what it says of dark screens,
// and with its colours turned by the program.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailshot/templates"
)

// sample is one of samples.json. Its body is in NAME.md. Its texts are templates for the cells of row.
type sample struct {
	Name, Layout, Language, Subject, Accent, Sender, Preheader, Postal, Unsubscribe string
}

var row = templates.Data{Text: map[string]string{"name": "Ann Lee", "token": "k3x7"}}

var only = flag.String("only", "", "draw only the samples whose name has this in it")

func main() {
	flag.Parse()
	scratch, err := os.MkdirTemp("", "layouts")
	check(err)
	defer os.RemoveAll(scratch)
	data, err := os.ReadFile("samples.json")
	check(err)
	var samples []sample
	check(json.Unmarshal(data, &samples))
	samples = slices.DeleteFunc(samples, func(s sample) bool { return !strings.Contains(s.Name, *only) })
	for _, width := range []int{375, 700} {
		var docs []string
		for _, s := range samples {
			docs = append(docs, s.html())
		}
		heights := measure(scratch, docs, width)
		for _, mode := range []string{"light", "dark", "forced"} {
			if mode == "forced" {
				for i := range docs {
					docs[i] = unaware(docs[i])
				}
			}
			whole := picture(scratch, docs, mode, width, heights)
			top := 0
			for i, s := range samples {
				part := image.Rect(0, top, width, top+heights[i])
				top += heights[i]
				check(os.WriteFile(fmt.Sprintf("%s.%s.%d.png", s.Name, mode, width), fewer(whole, part), 0o644))
			}
		}
	}
}

// html is the sample's message.
func (s sample) html() string {
	body, err := os.ReadFile(s.Name + ".md")
	check(err)
	text := func(t string) *templates.Source {
		if t == "" {
			return nil
		}
		return &templates.Source{File: s.Name, Text: t}
	}
	made, err := templates.New(templates.Config{Language: s.Language}).Body(templates.BodySource{
		Markdown: text(string(body)), Layout: s.Layout, Subject: text(s.Subject),
		Look: templates.Look{Accent: s.Accent, Sender: text(s.Sender), Preheader: text(s.Preheader),
			Postal: text(s.Postal), Unsubscribe: text(s.Unsubscribe)},
	})
	check(err)
	var b strings.Builder
	check(made.HTML.Execute(&b, row))
	return b.String()
}

var scheme = regexp.MustCompile(`<meta name="(supported-)?color-scheme"[^>]*>|:root \{[^}]*\}`)

// unaware returns a message without what it says of dark screens.
func unaware(doc string) string {
	doc = scheme.ReplaceAllString(doc, "")
	return strings.ReplaceAll(doc, "(prefers-color-scheme: dark)", "(max-width: 1px)")
}

// frames is a page with each message in a frame of that size, so that it sees a screen of that width.
func frames(docs []string, width int, heights []int, more string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{display:block;border:0}</style>`)
	for i, doc := range docs {
		fmt.Fprintf(&b, `<iframe width="%d" height="%d" srcdoc="%s"></iframe>`, width, heights[i], html.EscapeString(doc))
	}
	return b.String() + more
}

// measure returns the heights of messages on a screen of that width.
func measure(scratch string, docs []string, width int) []int {
	out := chromium(scratch, frames(docs, width, make([]int, len(docs)), `<p id="h"></p><script>window.onload=()=>{`+
		`document.getElementById("h").textContent=[...document.querySelectorAll("iframe")]`+
		`.map(f=>"tall: "+f.contentDocument.documentElement.scrollHeight+";").join("")}</script>`), "--dump-dom")
	var heights []int
	for _, m := range regexp.MustCompile(`tall: (\d+);`).FindAllSubmatch(out, -1) {
		height, err := strconv.Atoi(string(m[1]))
		check(err)
		heights = append(heights, height)
	}
	if len(heights) != len(docs) {
		log.Fatalf("chromium says %d heights of %d", len(heights), len(docs))
	}
	return heights
}

// picture draws messages one below the other.
func picture(scratch string, docs []string, mode string, width int, heights []int) image.Image {
	tall := 10
	for _, h := range heights {
		tall += h
	}
	shot := filepath.Join(scratch, "shot.png")
	flags := []string{"--screenshot=" + shot, fmt.Sprintf("--window-size=%d,%d", max(width, 600), tall)}
	switch mode {
	case "dark":
		flags = append(flags, "--blink-settings=preferredColorScheme=0")
	case "forced":
		flags = append(flags, "--blink-settings=forceDarkModeEnabled=true")
	}
	chromium(scratch, frames(docs, width, heights, ""), flags...)
	data, err := os.ReadFile(shot)
	check(err)
	whole, err := png.Decode(bytes.NewReader(data))
	check(err)
	return whole
}

// fewer returns a part of a picture as a PNG of at most 64 colours: those that it has most of, and for any other the
// nearest.
func fewer(from image.Image, part image.Rectangle) []byte {
	count := map[color.RGBA]int{}
	whole := image.NewRGBA(part)
	draw.Draw(whole, part, from, part.Min, draw.Src)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := whole.RGBAAt(x, y)
			count[color.RGBA{c.R &^ 7, c.G &^ 7, c.B &^ 7, 255}]++
			count[c] += 8 // an exact colour before a rounded one
		}
	}
	var all []color.RGBA
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	palette := color.Palette{}
	for _, c := range all[:min(len(all), 64)] {
		palette = append(palette, c)
	}
	few := image.NewPaletted(part, palette)
	draw.Draw(few, part, whole, part.Min, draw.Src)
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	check(encoder.Encode(&b, few))
	return b.Bytes()
}

// chromium opens a page, and returns what it prints.
func chromium(scratch, page string, flags ...string) []byte {
	file := filepath.Join(scratch, "page.html")
	check(os.WriteFile(file, []byte(page), 0o644))
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir=" + filepath.Join(scratch, "profile")}, flags...)
	cmd := exec.Command("chromium", append(args, "file://"+file)...)
	out, err := cmd.Output()
	check(err)
	return out
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
