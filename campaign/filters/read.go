package filters

import (
	"cmp"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	tableHead = regexp.MustCompile(`(?m)^-{4} -{10,} -{10,}\s*$`)
	tableRow  = regexp.MustCompile(`^ {0,2}(-?\d{1,3}(?:\.\d+)?)\s+([A-Z][A-Z0-9_]+)\s*(.*)$`)
	points    = regexp.MustCompile(`\((-?\d+(?:\.\d+)?) points, (-?\d+(?:\.\d+)?) required\)`)
	fraction  = regexp.MustCompile(`(?m)^(-?\d+(?:\.\d+)?)/(-?\d+(?:\.\d+)?)\s*$`)
)

// readTable reads the report of SpamAssassin, which stands after the message: its points, and a table of the rules.
func readTable(output []byte) (v Verdict, err error) {
	text := strings.ReplaceAll(string(output), "\r\n", "\n")
	heads := tableHead.FindAllStringIndex(text, -1)
	if heads == nil {
		return v, errors.New("there is no report in its answer")
	}
	last := heads[len(heads)-1]
	before := text[:last[0]]
	of := points.FindAllStringSubmatch(before, -1)
	if of == nil {
		of = fraction.FindAllStringSubmatch(before, 1)
	}
	if of == nil {
		return v, errors.New("there are no points in its answer")
	}
	v.Score, _ = strconv.ParseFloat(of[len(of)-1][1], 64) // the expression matched a number
	v.Required, _ = strconv.ParseFloat(of[len(of)-1][2], 64)
	for line := range strings.Lines(strings.TrimLeft(text[last[1]:], "\n")) {
		line = strings.TrimRight(line, " \n")
		switch m := tableRow.FindStringSubmatch(line); {
		case m != nil:
			score, _ := strconv.ParseFloat(m[1], 64)
			v.Rules = append(v.Rules, Rule{Name: m[2], Score: score, Text: plain(m[3])})
		case strings.HasPrefix(line, "      ") && len(v.Rules) > 0: // the words go on
			r := &v.Rules[len(v.Rules)-1]
			r.Text = strings.TrimSpace(r.Text + " " + strings.TrimSpace(line))
		case line == "":
			return v, nil
		}
	}
	return v, nil
}

// plain is what a rule means without the part of the message that it looks at.
func plain(text string) string {
	for _, part := range []string{"BODY: ", "HEADER: ", "RAW: ", "URI: ", "FULL: "} {
		text = strings.TrimPrefix(text, part)
	}
	return strings.TrimSpace(text)
}

// readJSON reads the answer of rspamd.
func readJSON(output []byte) (v Verdict, err error) {
	var answer struct {
		Score    *float64 `json:"score"`
		Required float64  `json:"required_score"`
		Error    string   `json:"error"`
		Symbols  map[string]struct {
			Score       float64 `json:"score"`
			Description string  `json:"description"`
		} `json:"symbols"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return v, errors.New("its answer is not JSON")
	}
	if answer.Error != "" {
		return v, errors.New(answer.Error)
	}
	if answer.Score == nil {
		return v, errors.New("there are no points in its answer")
	}
	v.Score, v.Required = *answer.Score, answer.Required
	for name, s := range answer.Symbols {
		v.Rules = append(v.Rules, Rule{Name: name, Score: s.Score, Text: s.Description})
	}
	slices.SortFunc(v.Rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Name, b.Name))
	})
	return v, nil
}
