// Command generate writes features.txt of package clients from the data of caniemail:
//
//	go run ./campaign/check/clients/generate FOLDER > campaign/check/clients/features.txt
//
// FOLDER is _features of github.com/hteumeuleu/caniemail (MIT). A line of the result is a feature, its title, the date
// of its last test, and for each client the newest answer that is no, or only in part.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// clients are those with a share worth a word, by family and platform as caniemail names them.
var clients = [][3]string{
	{"apple-mail", "ios", "apple"}, {"gmail", "desktop-webmail", "gmail"}, {"gmail", "android", "gmail-app"},
	{"outlook", "windows", "outlook"}, {"outlook", "outlook-com", "outlook-com"}, {"yahoo", "desktop-webmail", "yahoo"},
	{"samsung-email", "android", "samsung"},
}

var (
	titled  = regexp.MustCompile(`(?m)^title: *"?(.*?)"? *$`)
	tested  = regexp.MustCompile(`(?m)^last_test_date: *"?([0-9-]+)"? *$`)
	answers = regexp.MustCompile(`"[^"]+"\s*:\s*"([^"]*)"`)
)

func main() {
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.md"))
	if err != nil || len(files) == 0 {
		fmt.Fprintln(os.Stderr, "no features in", os.Args[1], err)
		os.Exit(1)
	}
	newest := ""
	var lines []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		title, date := titled.FindSubmatch(text), tested.FindSubmatch(text)
		if strings.HasPrefix(name, "_") || title == nil || date == nil {
			continue
		}
		newest = max(newest, string(date[1]))
		var said []string
		for _, c := range clients {
			if a := answer(string(text), c[0], c[1]); a == "n" || a == "a" {
				said = append(said, c[2]+"="+a)
			}
		}
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s", name, title[1], date[1], strings.Join(said, " ")))
	}
	slices.Sort(lines)
	fmt.Printf("# From caniemail.com, https://github.com/hteumeuleu/caniemail; newest test %s.\n", newest)
	fmt.Print("# MIT License. Copyright (c) 2019 Rémi Parmentier. The text of the licence is in LICENSE.caniemail.\n")
	fmt.Println(strings.Join(lines, "\n"))
}

// answer is what the newest version of a client says: y, n, a (in part) or u; "" if it was not tested.
func answer(text, family, platform string) string {
	of := block(text, family)
	all := answers.FindAllStringSubmatch(block(of, platform), -1)
	if len(all) == 0 {
		return ""
	}
	words := strings.Fields(all[len(all)-1][1])
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// block is what stands between the braces of a name.
func block(text, name string) string {
	at := regexp.MustCompile(`(?m)^\s*"?` + regexp.QuoteMeta(name) + `"?\s*:\s*\{`).FindStringIndex(text)
	if at == nil {
		return ""
	}
	depth := 1
	for i := at[1]; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[at[1]:i]
			}
		}
	}
	return ""
}
