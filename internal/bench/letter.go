package main

import (
	"bufio"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// fields is how many cells of a row a letter shows, besides the address.
const fields = 20

// letter is what a campaign sends.
type letter struct {
	subject  string
	html     string // "": none
	text     string
	markdown string // in place of html and text
	layout   string // around markdown; "": the default, plain
	attached int    // bytes of a file that all messages have
}

var letters = map[string]func() letter{
	"static": func() letter {
		return letter{subject: "News of November", text: prose(0, 1_150)}
	},
	"plain": func() letter {
		return formatted(func(i int) string { return fmt.Sprintf("{{.f%d}}", i) })
	},
	"logic": func() letter {
		return formatted(func(i int) string {
			return fmt.Sprintf("{{if .f%d}}<b>{{.f%d}}</b>{{else}}nothing yet{{end}}", i, i)
		})
	},
	"loop": func() letter {
		return formatted(func(i int) string {
			if i%3 > 0 {
				return fmt.Sprintf("{{.f%d}}", i)
			}
			return fmt.Sprintf("<ul>{{range split \" \" .f%d}}<li>{{.}}</li>{{end}}</ul>", i)
		})
	},
	"markdown": markdown,
	"laid": func() letter {
		l := markdown()
		l.layout = "letter"
		return l
	},
	"bare": func() letter {
		l := markdown()
		l.layout = "bare.html"
		return l
	},
	"attachment": func() letter {
		return letter{subject: "The programme, {{.f1}}", text: "Dear {{.f1}},\n\n" + prose(0, 1_000), attached: 300_000}
	},
}

// bare is a layout with nothing in it.
const bare = "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>{{template \"subject\" .}}</title></head>\n" +
	"<body>\n{{template \"content\" .}}\n</body></html>\n"

func markdown() letter {
	var b strings.Builder
	b.WriteString("# What we read in November\n\nHello {{.f1}},\n\n")
	for i := 2; i <= fields; i++ {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&b, "## Part %d\n\n| When | What |\n|---|---|\n| soon | {{.f%d}} |\n| later | %s |\n\n", i, i, prose(i, 40))
		case 1:
			fmt.Fprintf(&b, "- **%s** {{.f%d}}\n- [%s](https://news.example/%d)\n\n", prose(i, 30), i, prose(i+1, 20), i)
		default:
			fmt.Fprintf(&b, "%s {{.f%d}} %s\n\n", prose(i, 70), i, prose(i+7, 90))
		}
	}
	return letter{subject: "{{.f1}}, what we read in November", markdown: b.String()}
}

func letterNames() []string { return slices.Sorted(maps.Keys(letters)) }

// formatted is about 8 KB of HTML and 2 KB of text, with the 20 fields in them; field shows one in the HTML.
func formatted(field func(i int) string) letter {
	var html, text strings.Builder
	html.WriteString("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>News</title></head>\n" +
		"<body style=\"margin:0;background:#f4f4f4\">\n<table role=\"presentation\" width=\"600\" align=\"center\">\n")
	text.WriteString("Dear {{.f1}},\n\n")
	for i := 1; i <= fields; i++ {
		fmt.Fprintf(&html, "<tr><td style=\"padding:12px 24px;font-family:Georgia,serif;color:#333\">\n"+
			"<h2 style=\"font-size:18px;margin:0\">%s</h2>\n<p style=\"line-height:1.5\">%s %s %s</p>\n"+
			"<a href=\"https://news.example/%d\">Read more</a></td></tr>\n",
			prose(i, 30), prose(i+3, 70), field(i), prose(i+5, 60), i)
		fmt.Fprintf(&text, "%s {{.f%d}}.\n", prose(i, 75), i)
	}
	html.WriteString("</table>\n</body></html>\n")
	return letter{subject: "{{.f1}}, news for you", html: html.String(), text: text.String()}
}

// prose is about n characters of words, thirteen on a line; from says where to begin.
func prose(from, n int) string {
	words := strings.Fields("the evenings are long and the shelves are full so thank you for being with us since spring " +
		"when translators talked about the word which nobody could translate and friends met on every first Sunday")
	var b strings.Builder
	for i := from; b.Len() < n; i++ {
		b.WriteString(words[i%len(words)])
		b.WriteByte(" \n"[min(1, i%13/12)])
	}
	return strings.TrimSpace(b.String())
}

// cell is what row n has in field i.
func cell(n, i int) string {
	switch i {
	case 1:
		return "Ann Example " + strconv.Itoa(n)
	case 2:
		return "Müller & Söhne " + strconv.Itoa(n%97)
	}
	return "field " + strconv.Itoa(i) + " of " + strconv.Itoa(n)
}

// campaign writes a campaign and its list into dir, and returns the campaign file.
func (b *bench) campaign(dir, addr string, rows, conns int) (string, error) {
	l := letters[b.letter]()
	var y, body strings.Builder
	host, port, _ := strings.Cut(addr, ":")
	fmt.Fprintf(&y, "id: bench\nfrom: News <news@news.example>\nsubject: %q\n", l.subject)
	y.WriteString("recipients: { file: people.csv, address: email, key: email }\n")
	fmt.Fprintf(&y, "server: { host: %s, port: %s, tls: none }\n", host, port)
	fmt.Fprintf(&y, "limits: { connections: %d, messages_per_connection: 1_000_000 }\n", conns)
	if b.key != "" {
		fmt.Fprintf(&y, "dkim: [{ domain: news.example, selector: s1, key: { file: %q } }]\n", b.key)
	}
	if b.block > 0 {
		fmt.Fprintf(&y, "ledger: { block: %d }\n", b.block)
	}
	files := map[string]string{}
	add := func(key, name, text string) {
		if text != "" {
			fmt.Fprintf(&body, "  %s: %s\n", key, name)
			files[name] = text
		}
	}
	add("html", "body.html", l.html)
	add("text", "body.txt", l.text)
	add("markdown", "body.md", l.markdown)
	if l.layout != "" {
		fmt.Fprintf(&body, "  layout: %s\n", l.layout)
		files["bare.html"] = bare
	}
	if l.attached > 0 {
		y.WriteString("attachments: [{ file: programme.bin }]\n")
		noise := make([]byte, l.attached)
		rand.NewChaCha8([32]byte{}).Read(noise)
		files["programme.bin"] = string(noise)
	}
	files["campaign.yaml"] = y.String() + "body:\n" + body.String()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "campaign.yaml"), writeList(filepath.Join(dir, "people.csv"), rows)
}

func writeList(name string, rows int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	w.WriteString("email")
	for i := 1; i <= fields; i++ {
		w.WriteString(",f" + strconv.Itoa(i))
	}
	w.WriteString("\n")
	for n := range rows {
		w.WriteString("person" + strconv.Itoa(n) + "@d" + strconv.Itoa(n%500) + ".example")
		for i := 1; i <= fields; i++ {
			w.WriteString("," + cell(n, i))
		}
		w.WriteString("\n")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
