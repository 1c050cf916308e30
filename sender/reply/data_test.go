package reply

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// parse takes apart a reply as the tables write it.
func parse(t *testing.T, reply string) (code int, enhanced, text string) {
	t.Helper()
	if reply == "" {
		return 0, "", ""
	}
	code, err := strconv.Atoi(reply[:3])
	if err != nil {
		t.Fatalf("%q: %v", reply, err)
	}
	enhanced, text = Enhanced(strings.TrimLeft(reply[3:], " -"))
	return code, enhanced, text
}

// Every provider rule decides its own example: no rule before it hides it, and its text fits.
//
// Broken on purpose: with the rules for all before the provider's own, Google's 421 4.7.26 would be
// a pause, Microsoft's SubmissionQuotaExceeded would refuse a person, and some twenty more would
// change.
func TestRuleExamples(t *testing.T) {
	t.Parallel()
	n := 0
	for _, s := range data().systems {
		for i, r := range s.Rules {
			n++
			code, enhanced, text := parse(t, r.Example)
			subject := ""
			if len(enhanced) > 2 {
				subject = enhanced[2:]
			}
			first := slices.IndexFunc(data().rules[s.ID],
				func(one rule) bool {
					return one.fits(r.At, code, subject, strings.ToLower(text), &meanings{text: text})
				})
			if first != i {
				t.Errorf("%s, rule %d: %q is decided by rule %d", s.ID, i+1, r.Example, first+1)
			}
			if got := Classify(r.At, code, enhanced, text, s.ID); got != data().rules[s.ID][i].verdict {
				t.Errorf("%s, rule %d: %q gives %+v", s.ID, i+1, r.Example, got)
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d rules", n)
	}
}

// What holds for every answer holds for every provider's rules too, whatever the code and stage.
func TestEveryCodeOfEveryProvider(t *testing.T) {
	t.Parallel()
	for _, s := range data().systems {
		for _, r := range s.Rules {
			_, enhanced, text := parse(t, r.Example)
			for _, stage := range []Stage{Connect, Greeting, Ehlo, StartTLS, Auth, Mail, Rcpt, Data, Body, End} {
				for code := range 700 {
					if code%100 > 4 && !slices.Contains([]int{21, 30, 32, 50, 51, 52, 53, 54, 55, 99}, code%100) {
						continue // no rule and no standard knows one of these from the others
					}
					v := Classify(stage, code, enhanced, text, s.ID)
					whole := code >= 200 && code <= 299 || code >= 400 && code <= 599
					switch {
					case (v.Class == Unknown) != (stage == End && !whole), v.Class == OK && (code < 200 || code >= 400),
						v.Suppress &&
							(v.Class != Refuse || v.About != AboutRecipient || stage == Mail || stage.connecting()),
						(v.Class == Refuse || v.Class == Message) && code/100 != 5,
						v.Class == Hold && v.HoldOff < time.Second:
						t.Fatalf("%s: %s %d %s %q: %+v", s.ID, stage, code, enhanced, text, v)
					}
				}
			}
		}
	}
}

func TestPresets(t *testing.T) {
	t.Parallel()
	all := Presets()
	if len(all) < 35 {
		t.Errorf("only %d presets", len(all))
	}
	for _, p := range all {
		got, ok := Preset(p.ID)
		if !ok || got.ID != p.ID {
			t.Errorf("Preset(%q) = %v, %v", p.ID, got.ID, ok)
		}
		for _, host := range p.Hosts {
			host = strings.ReplaceAll(host, "*", "eu-west-1")
			if !slices.ContainsFunc(Match(strings.ToUpper(host)+"."), func(o Provider) bool { return o.ID == p.ID }) {
				t.Errorf("%s: %s is not matched", p.ID, host)
			}
			own := System(host)
			if p.Replies != "" && own != p.Replies && !strings.Contains("exchange hostgator", p.ID) {
				t.Errorf("%s: the replies of %s are those of %q, want %q", p.ID, host, own, p.Replies)
			}
		}
		// Our number never exceeds what the provider publishes.
		for _, f := range p.Figures {
			if f.What == "cap" && f.Limit == "" && f.Basis != "guess" {
				t.Errorf("%s: a cap %s with a basis and no limit", p.ID, f.Value)
			}
			if f.Basis != "guess" && f.Source == "mailshot" {
				t.Errorf("%s: %s: %s by mailshot", p.ID, f.What, f.Basis)
			}
		}
	}
	if _, ok := Preset("no such"); ok {
		t.Error("a preset that is not there")
	}
	if got := Match("smtp.gmail.com"); len(got) != 2 || got[0].ID != "gmail" || got[1].ID != "workspace" {
		t.Errorf("smtp.gmail.com: %d presets", len(got))
	}
	if got := Match("smtp.gmail.com.evil.example"); len(got) != 0 {
		t.Error("a longer name is matched")
	}
	p, _ := Preset("m365")
	if fmt.Sprint(p.Caps, p.Connections) != "[25/min 9000/24h] 2" || p.MaxSize != 150_000_000 ||
		p.Ports[0] != (Port{587, "starttls"}) {
		t.Errorf("m365: %+v", p)
	}
}

// The data is read strictly: each of these would otherwise be a rule or a figure that nobody obeys.
func TestBadData(t *testing.T) {
	t.Parallel()
	rule := func(more string) string {
		return `[{"id":"a","name":"A","hosts":[],"rules":[{"codes":[550],"class":"stop","about":"server","at":"mail",` +
			`"example":"550 x","source":"s"` + more + `}]}]`
	}
	preset := func(figure string) string {
		return `[{"id":"a","name":"A","hosts":["a.example"],"ports":[{"port":25,"tls":"starttls"}],` +
			`"auth":["PLAIN"],"scope":"login","figures":[` + figure + `]}]`
	}
	const figure = `{"what":"cap","value":"20/min","basis":"guess","source":"s","checked_on":"2026-11-22"}`
	if _, err := parseData(wordsJSON, []byte(rule("")), []byte(preset(figure))); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`,"clas":"x"`, `,"class":"ok"`, `,"about":"nobody"`, `,"hold_off":"1h"`,
		`,"class":"hold"`, `,"suppress":true`,
		`,"text":"("`, `,"class":"refuse","about":"recipient","codes":[450]`,
		`,"class":"refuse","about":"recipient","suppress":true`, `,"example":""`, `,"source":""`, `,"codes":[]`} {
		if _, err := parseData(wordsJSON, []byte(rule(bad)), []byte(preset(figure))); err == nil {
			t.Errorf("rule with %s was taken", bad)
		}
	}
	for _, bad := range []string{"", figure + "," + figure, strings.Replace(figure, "20/min", "20", 1),
		strings.Replace(figure, `"cap"`, `"caps"`, 1),
		strings.Replace(figure, "guess", "known", 1), strings.Replace(figure, `"s"`, `""`, 1),
		strings.Replace(figure, "2026-11-22", "today", 1)} {
		if _, err := parseData(wordsJSON, []byte(rule("")), []byte(preset(bad))); err == nil {
			t.Errorf("figures %s were taken", bad)
		}
	}
	if _, err := parseData(wordsJSON, []byte(rule("")+"[]"), []byte(preset(figure))); err == nil {
		t.Error("two values were taken")
	}
}

func TestSystem(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"smtp.gmail.com": "google", "aspmx.l.google.com": "google", "ALT1.gmail-smtp-in.l.google.com.": "google",
		"google.com": "",
		"example-com.mail.protection.outlook.com": "microsoft", "outlook-com.olc.protection.outlook.com": "microsoft",
		"mta5.am0.yahoodns.net": "yahoo", "email-smtp.us-east-1.amazonaws.com": "ses", "smtp.example.com": "", "": "",
	} {
		if got := System(host); got != want {
			t.Errorf("System(%q) = %q, want %q", host, got, want)
		}
	}
}
