package bounce

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const corpora = "../../../shared/corpora/bounces/"

// expected is one line of an oracle: what a message means for one recipient.
type expected struct {
	file, recipient string
	kinds           []string // any of these is right; as shortly says them, without the recipient
	gone            string   // "yes", "no", "either": the mailbox is gone
	said            string   // the oracle's own word
}

// bySisimai says what its words are in ours. What it does not know is anything.
var bySisimai = map[string]string{
	"userunknown": "hard", "hostunknown": "hard", "hasmoved": "hard", "suspend": "hard soft", "mailboxfull": "mailbox+full",
	"mesgtoobig": "content", "exceedlimit": "content", "contenterror": "content", "spamdetected": "content policy",
	"virusdetected": "content policy", "notcompliantrfc": "content policy", "blocked": "policy soft",
	"policyviolation": "policy content", "rejected": "policy unknown", "norelaying": "policy", "securityerror": "policy",
	"authfailure": "policy", "requireptr": "policy", "badreputation": "policy soft", "ratelimited": "soft policy",
	"speeding": "soft policy", "toomanyconn": "soft policy", "expired": "soft", "networkerror": "soft hard unknown",
	"systemerror": "soft unknown content policy", "systemfull": "soft", "mailererror": "soft unknown",
	"failedstarttls": "soft policy", "notaccept": "hard soft unknown policy", "filtered": "hard soft policy unknown content",
	"onhold": "hard soft policy unknown content mailbox+full", "undefined": "hard soft policy unknown content",
	"syntaxerror": "hard soft policy unknown content", "delivered": "-",
}

func sisimai(t *testing.T) []expected {
	t.Helper()
	type row struct {
		Action, Recipient, Reason, FeedbackType string
		HardBounce                              bool
	}
	var files map[string][]row
	load(t, "sisimai/expected.json", &files)
	var all []expected
	for file, rows := range files {
		for _, r := range rows {
			e := expected{file: "sisimai/" + file, recipient: r.Recipient, gone: "no", said: r.Reason}
			if strings.Contains(r.Recipient, "undisclosed-recipient") || r.Reason == "feedback" {
				e.recipient = "*"
			}
			for _, reason := range strings.Fields(bySisimai[r.Reason]) {
				reason = strings.ReplaceAll(reason, "+", " ")
				e.kinds = append(e.kinds, "bounce "+reason)
				if r.Action == "delayed" || r.Reason == "networkerror" || r.Reason == "notaccept" {
					e.kinds = append(e.kinds, "delayed "+reason)
				}
			}
			switch r.Reason {
			case "feedback":
				e.kinds = []string{"complaint -"}
				if r.FeedbackType != "abuse" && r.FeedbackType != "" {
					e.kinds = []string{"other -", "complaint -"}
				}
			case "vacation":
				e.kinds = []string{"out of office -", "auto-reply -"}
			case "suspend", "filtered", "onhold", "undefined", "syntaxerror", "notaccept", "networkerror":
				e.gone = "either"
			}
			if r.HardBounce {
				e.gone = "yes"
			}
			all = append(all, e)
		}
		if len(rows) == 0 {
			all = append(all, expected{file: "sisimai/" + file, recipient: "*", gone: "either", said: "nothing"})
		}
	}
	return all
}

func flufl(t *testing.T) []expected {
	t.Helper()
	var rows [][]any
	load(t, "flufl/expected.json", &rows)
	var all []expected
	for _, row := range rows {
		addresses, _ := row[2].([]any)
		for _, a := range addresses {
			e := expected{file: "flufl/" + row[1].(string), recipient: a.(string), gone: "either", said: "failed"}
			for _, reason := range []Reason{Hard, Soft, Full, Policy, Content, Unknown} {
				e.kinds = append(e.kinds, "bounce "+string(reason))
			}
			if len(row) > 3 {
				e.kinds, e.gone, e.said = []string{"delayed soft", "delayed unknown"}, "no", "temporary"
			}
			all = append(all, e)
		}
	}
	return all
}

func own(t *testing.T) []expected {
	t.Helper()
	type row struct {
		Kind, Recipient string
		Suppress        any
	}
	var files map[string]row
	load(t, "own/expected.json", &files)
	var all []expected
	for file, r := range files {
		gone := "either"
		if r.Suppress == false {
			gone = "no"
		}
		all = append(all, expected{file: "own/" + file, recipient: r.Recipient, kinds: []string{r.Kind + " -"}, gone: gone,
			said: r.Kind})
	}
	return all
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpora, name))
	if os.IsNotExist(err) {
		t.Skip("the corpora are not here")
	}
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// found is what Read says of one expectation.
func found(t *testing.T, mails map[string]*Mail, e expected) (kind string, recipient bool) {
	t.Helper()
	m := mails[e.file]
	if m == nil {
		f, err := os.Open(filepath.Join(corpora, e.file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if m, err = Read(f, Options{}); err != nil {
			t.Fatal(err)
		}
		mails[e.file] = m
	}
	at := slices.IndexFunc(m.Reports, func(r Report) bool {
		return strings.EqualFold(r.Recipient, e.recipient) || strings.EqualFold(r.Original, e.recipient)
	})
	recipient = at >= 0 || e.recipient == "*"
	r := m.Reports[max(at, 0)]
	reason := string(r.Reason)
	if reason == "" {
		reason = "-"
	}
	return string(r.Kind) + " " + reason, recipient
}

// differences reads testdata/differences.txt: what Read says of a message in place of what its oracle says, and why.
func differences(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			file, why, _ := strings.Cut(line, ": ")
			known[file] = why
		}
	}
	return known
}

// columns are those of the table that TestMatrix prints.
var columns = []string{"bounce hard", "bounce soft", "bounce mailbox full", "bounce policy", "bounce content",
	"bounce unknown", "delayed", "complaint -", "disposition -", "other -", "answers"}

// The corpora's messages mean what those who collected them say that they mean; where not, testdata/differences.txt says
// why. Run it with -v for the table of docs/returns.md.
func TestMatrix(t *testing.T) {
	t.Parallel()
	all := slices.Concat(sisimai(t), flufl(t), own(t))
	sort.Slice(all, func(i, j int) bool { return all[i].file+all[i].recipient < all[j].file+all[j].recipient })
	matrix, mails, known := map[string]map[string]int{}, map[string]*Mail{}, differences(t)
	right, hard, wrong, gone, missed := 0, 0, 0, 0, 0
	for _, e := range all {
		kind, recipient := found(t, mails, e)
		ok := len(e.kinds) == 0 || slices.Contains(e.kinds, kind)
		if ok {
			right++
		}
		if why := known[e.file]; (!ok || !recipient) && !strings.Contains(why, "; ") {
			t.Errorf("%s: %s, want %v for %s (%s), and nobody says why: %s", e.file, kind, e.kinds, e.recipient, e.said, why)
		}
		if kind == "bounce hard" && recipient {
			hard++
			if e.gone == "no" {
				wrong++
				t.Errorf("%s: hard, and it is %s", e.file, e.said)
			}
		}
		if e.gone == "yes" {
			gone++
			if kind != "bounce hard" || !recipient {
				missed++
			}
		}
		if matrix[e.said] == nil {
			matrix[e.said] = map[string]int{}
		}
		matrix[e.said][column(kind)]++
	}
	said := slices.Sorted(maps.Keys(matrix))
	t.Logf("| the oracle says | %s |", strings.Join(columns, " | "))
	t.Logf("|---|%s", strings.Repeat("---|", len(columns)))
	for _, s := range said {
		row := "| " + s
		for _, c := range columns {
			row += " | "
			if n := matrix[s][c]; n > 0 {
				row += strconv.Itoa(n)
			}
		}
		t.Log(row + " |")
	}
	share := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	t.Logf("%d of %d right, %.1f %%", right, len(all), share(right, len(all)))
	t.Logf("hard: %d, wrong %d; gone: %d, found %d, %.1f %%", hard, wrong, gone, gone-missed, share(gone-missed, gone))
	if share(right, len(all)) < 97 || wrong > 0 || share(gone-missed, gone) < 90 {
		t.Error("below the bars")
	}
}

// column returns where a kind stands in the table.
func column(kind string) string {
	if strings.HasPrefix(kind, "delayed") {
		return "delayed"
	}
	if slices.Contains(columns, kind) {
		return kind
	}
	return "answers"
}
