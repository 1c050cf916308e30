package reply

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/replies.md anew")

// No mailbox that may be alive is suppressed: whoever is full, gets too much, is away for a while, or is
// not to blame stays off the list, in every language, at every stage, with whatever code.
//
// Broken on purpose: without the veto in Classify, 82 of the table's examples suppress with 550 5.1.1 at RCPT.
func TestVeto(t *testing.T) {
	t.Parallel()
	for _, m := range data().meanings {
		if !m.Vetoes {
			continue
		}
		for language, w := range m.In {
			_, _, text := parse(t, w.Example)
			for _, stage := range addressed {
				for _, code := range []int{500, 550, 551, 552, 553, 554} {
					for _, enhanced := range []string{"", "5.0.0", "5.1.0", "5.1.1", "5.1.6", "5.1.10", "5.2.0", "5.2.1",
						"5.3.0", "5.4.1", "5.5.0", "5.7.1"} {
						if v := Classify(stage, code, enhanced, text, ""); v.Suppress {
							t.Fatalf("%s, %s: %s %d %s %q suppresses", m.ID, language, stage, code, enhanced, text)
						}
					}
				}
			}
			for _, s := range data().systems {
				if v := Classify(Rcpt, 550, "5.1.1", text+" User unknown", s.ID); v.Suppress {
					t.Errorf("%s, %s, as %s says it: %q suppresses", m.ID, language, s.ID, text)
				}
			}
		}
	}
	for _, id := range []string{"full", "later", "rate"} {
		if n := len(data().meaning(id).In); n < 10 {
			t.Errorf("%s is known in %d languages", id, n)
		}
	}
}

// Words for a dead mailbox are the recipient's, also after the message and with the codes that say
// little, in every language. They never count as dislike of the message.
//
// Broken on purpose: with the words of the version before, 554 and 5.3.0 and 5.2.0 after the dot are
// refusals of the message, and a run stops after ten dead mailboxes.
func TestGone(t *testing.T) {
	t.Parallel()
	want := Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}
	gone := data().meaning("gone")
	said := []string{"554 This mailbox is disabled", "554 This user doesn't have a example.com account",
		"554 No such user", "554 <a@example.com> does not exist", "554 Invalid recipient",
		"554 the account a@example.com does not exist", "554 recipient_not_found"}
	for _, language := range slices.Sorted(maps.Keys(gone.In)) {
		said = append(said, gone.In[language].Example)
	}
	for _, reply := range said {
		_, _, text := parse(t, reply)
		for _, stage := range []Stage{Rcpt, Data, End} {
			for _, code := range []int{550, 551, 552, 553, 554} {
				for _, enhanced := range []string{"", "5.0.0", "5.1.1", "5.2.0", "5.3.0", "5.5.0", "5.7.1"} {
					if got := Classify(stage, code, enhanced, text, ""); got != want {
						t.Errorf("%s %d %s %q: %+v", stage, code, enhanced, text, got)
					}
				}
			}
		}
	}
	if len(gone.In) < 10 {
		t.Errorf("%d languages", len(gone.In))
	}
}

// DMARC, SPF, DKIM, reputation, rate and frequency are never the recipient's or the message's, at any
// stage, with any code.
//
// Broken on purpose: with the words asked for at the final dot alone, most of the rows are a refused
// recipient at RCPT.
func TestOurFault(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"authentication", "reputation", "rate", "quota", "account"} {
		for language, w := range data().meaning(id).In {
			_, _, text := parse(t, w.Example)
			for _, stage := range []Stage{Greeting, Ehlo, Mail, Rcpt, Data, End} {
				for _, code := range []int{450, 451, 550, 554} {
					for _, enhanced := range []string{"", "5.0.0", "5.7.1"} {
						v := Classify(stage, code, enhanced, text, "")
						if id == "account" && code < 500 {
							continue // by its stage: it may be put right
						}
						if v.About == AboutRecipient || v.About == AboutMessage {
							t.Errorf("%s, %s: %s %d %s %q: %+v", id, language, stage, code, enhanced, text, v)
						}
					}
				}
			}
		}
	}
}

// At the final dot the enhanced code says what 500, 502 and 503 are about. Only a code or words of the
// protocol say that the two ends are out of step.
//
// Broken on purpose: with the three codes always held as a lost sequence, a refusal of a message holds
// the server.
func TestProtocolCodesAtTheDot(t *testing.T) {
	t.Parallel()
	check(t, []decided{
		{End, "500 5.7.1 Message refused", "", message},
		{End, "502 5.6.0 Content not accepted", "", message},
		{End, "503 5.1.1 User unknown", "", suppress},
		{End, "503 5.2.2 Over quota", "", refuse},
		{End, "500 5.7.26 unauthenticated mail", "", stopSender},
		{End, "500 No", "", message},
		{End, "503 5.5.1 Bad sequence of commands", "", again(short)},
		{End, "503 Bad sequence of commands", "", again(short)},
		{End, "500 5.5.2 Line too short", "", again(short)},
	})
}

// Names and links in a reply say nothing: an address may be full@example.com, and a host temporarily.example.com.
//
// Broken on purpose: without the two expressions, six of the rows are vetoed.
func TestNamesSayNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"<quota@example.com>: User unknown",
		"full@example.com no such user",
		"mx.full.example.com: User unknown in virtual alias table",
		"User unknown, see https://example.com/later/temporarily/spam",
		"User unknown, see http://mail.example.com/help/help_spam_16.htm",
		"no such user (rate@spf.example)",
		"careful: successful lookup of corporate user a@example.com: user unknown", // parts of words
	} {
		if v := Classify(Rcpt, 550, "5.1.1", text, ""); !v.Suppress {
			t.Errorf("%q: %+v", text, v)
		}
	}
}

// The table is read strictly, and each rule finds the meanings that it names.
func TestBadWords(t *testing.T) {
	t.Parallel()
	one := func(words, example string) string {
		return `[{"id":"a","says":"a","about":"server","in":{"en":{"words":[` + words + `],"example":"` + example + `"}}}]`
	}
	if all, err := parseWords([]byte(one(`"too … many*"`, `550 Too very manyfold`))); err != nil || len(all) != 1 {
		t.Fatal(err)
	}
	for _, bad := range []string{one(`"no"`, "550 yes"), one(`"…"`, "550 no"), one(`"*"`, "550 no"), one(``, "550 no"),
		`[{"id":"a","says":"a","about":"server","in":{}}]`, `[{"id":"a","what":"a"}]`, `{}`} {
		if _, err := parseWords([]byte(bad)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if _, err := parseData([]byte(one(`"no"`, "550 no")), rulesJSON, presetsJSON); err == nil {
		t.Error("rules without their meanings were taken")
	}
}

// docs/replies.md is written from the table and the rules.
func TestDocument(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	document(&b)
	name := filepath.Join("..", "..", "docs", "replies.md")
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(bytes.ReplaceAll(have, []byte("\r\n"), []byte("\n")), b.Bytes()) {
		t.Errorf("%s is not what the table says (%v); write it anew with go test ./sender/reply -run Document -update",
			name, err)
	}
}

// document writes what suppresses, and what vetoes it.
func document(b *bytes.Buffer) {
	fmt.Fprint(b, `# What a server's replies mean

An address goes on the suppression list when a server says that its mailbox does not exist, and only then. Two tables
decide that: what says so, and the words that veto it. A veto holds whatever the codes say, because a person whose
mailbox is full today is alive. Whoever is refused without being suppressed is in the report, and `+"`mailshot retry`"+`
brings them back.

This page is written from the tables themselves (`+"`sender/reply/words.json`, `rules.go`, `rules.json`"+`).

## What suppresses

A complete 5xx reply at RCPT, DATA or the final dot, with

`)
	for _, r := range rules {
		if r.verdict.Suppress {
			bullet(b, described(r.subjects, r.means, r.unless))
		}
	}
	fmt.Fprint(b, "\nand, from servers of these providers, one of their own sentences:\n\n")
	for _, s := range data().systems {
		for _, r := range s.Rules {
			if r.Suppress {
				bullet(b, fmt.Sprintf("%s: `%s`", s.Name, strings.ReplaceAll(r.Example, "\n", " ")))
			}
		}
	}
	fmt.Fprint(b, "\n## What vetoes it\n\nWords with one of these meanings, in one of the languages:\n\n"+
		"| meaning | whose matter | languages | an example |\n|---|---|---|---|\n")
	for _, m := range data().meanings {
		if m.Vetoes {
			fmt.Fprintf(b, "| %s | %s | %s | `%s` |\n", m.Says, m.About,
				strings.Join(slices.Sorted(maps.Keys(m.In)), " "), m.In["en"].Example)
		}
	}
	gone := data().meaning("gone")
	fmt.Fprintf(b, "\n## What says that a mailbox does not exist\n\n| language | an example | words |\n|---|---|---|\n")
	for _, language := range slices.Sorted(maps.Keys(gone.In)) {
		w := gone.In[language]
		shown := w.Words
		if len(shown) > 12 {
			shown = slices.Concat(shown[:12], []string{fmt.Sprintf("and %d more", len(w.Words)-12)})
		}
		fmt.Fprintf(b, "| %s | `%s` | %s |\n", language, w.Example, strings.Join(shown, ", "))
	}
}

// bullet writes an item of a list on lines of at most 120 columns.
func bullet(b *bytes.Buffer, text string) {
	line := "-"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 120 {
			fmt.Fprintln(b, line)
			line = " "
		}
		line += " " + word
	}
	fmt.Fprintln(b, line)
}

// described says a rule's condition in words.
func described(subjects, means, unless []string) string {
	var codes []string
	for _, s := range subjects {
		switch {
		case s == "":
			codes = append(codes, "no enhanced code")
		case strings.HasSuffix(s, "."):
			codes = append(codes, "5."+s+"x")
		default:
			codes = append(codes, "5."+s)
		}
	}
	text := strings.Join(codes, ", ")
	if len(codes) > 1 {
		text = strings.Join(codes[:len(codes)-1], ", ") + " or " + codes[len(codes)-1]
	}
	says := func(ids []string) string {
		var all []string
		for _, id := range ids {
			all = append(all, "“"+data().meaning(id).Says+"”")
		}
		return strings.Join(all, " or ")
	}
	if len(means) > 0 {
		text += ", and words that mean " + says(means)
	}
	if len(unless) > 0 {
		text += ", and none that mean " + says(unless)
	}
	return text
}
