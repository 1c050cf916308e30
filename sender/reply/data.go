package reply

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/sender/limits"
)

// What is known of providers is data, and what words mean (words.go). rules.json says what replies mean where a
// provider uses a code in a way of its own. presets.json says where its servers are and what they allow. Both are
// read once, strictly. A test reads them too, so that a mistake in them is never released.

//go:embed rules.json
var rulesJSON []byte

//go:embed presets.json
var presetsJSON []byte

// known is the data as the package uses it. It is read-only.
type known struct {
	systems  []system
	rules    map[string][]rule // by system
	presets  []Provider
	meanings []meaning
}

// meaning returns the meaning with an id. That each rule's meanings exist is checked when the data
// is read.
func (k known) meaning(id string) *meaning {
	i := slices.IndexFunc(k.meanings, func(m meaning) bool { return m.ID == id })
	return &k.meanings[i]
}

// data parses what is embedded when it is first used.
var data = sync.OnceValue(func() known {
	k, err := parseData(wordsJSON, rulesJSON, presetsJSON)
	if err != nil {
		panic("reply: embedded data: " + err.Error())
	}
	return k
})

// system is a provider's mail system with the rules of its own.
type system struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	Hosts []string     `json:"hosts"` // of submission servers and mail exchangers; * stands for anything
	Rules []systemRule `json:"rules"`
}

// systemRule is a rule as rules.json writes it.
type systemRule struct {
	Stages    []Stage  `json:"stages"` // none: those of a transaction
	Codes     []int    `json:"codes"`
	Enhanced  []string `json:"enhanced"` // without the class digit
	Text      string   `json:"text"`     // regular expression over the text in lower case
	Class     Class    `json:"class"`
	About     About    `json:"about"`
	HoldOff   string   `json:"hold_off"`
	Reconnect bool     `json:"reconnect"`
	Suppress  bool     `json:"suppress"`
	At        Stage    `json:"at"`      // the stage at which the example was, or may be, met
	Example   string   `json:"example"` // a reply that this rule decides
	Source    string   `json:"source"`
}

func parseData(words, systems, presets []byte) (known, error) {
	k := known{rules: map[string][]rule{}}
	var err error
	if k.meanings, err = parseWords(words); err != nil {
		return k, fmt.Errorf("words.json: %w", err)
	}
	for _, r := range rules {
		for _, id := range slices.Concat(r.means, r.unless) {
			if !slices.ContainsFunc(k.meanings, func(m meaning) bool { return m.ID == id }) {
				return k, fmt.Errorf("words.json: no meaning %q, which a rule needs", id)
			}
		}
	}
	if err := strict(systems, &k.systems); err != nil {
		return k, fmt.Errorf("rules.json: %w", err)
	}
	for _, s := range k.systems {
		if s.ID == "" || k.rules[s.ID] != nil || len(s.Rules) == 0 {
			return k, fmt.Errorf("rules.json: system %q is empty or comes twice", s.ID)
		}
		for i, r := range s.Rules {
			compiled, err := r.compile()
			if err != nil {
				return k, fmt.Errorf("rules.json: %s, rule %d: %w", s.ID, i+1, err)
			}
			k.rules[s.ID] = append(k.rules[s.ID], compiled)
		}
	}
	if err := strict(presets, &k.presets); err != nil {
		return k, fmt.Errorf("presets.json: %w", err)
	}
	ids := map[string]bool{}
	for i := range k.presets {
		p := &k.presets[i]
		if ids[p.ID] {
			return k, fmt.Errorf("presets.json: %q comes twice", p.ID)
		}
		ids[p.ID] = true
		if err := p.resolve(k.rules); err != nil {
			return k, fmt.Errorf("presets.json: %s: %w", p.ID, err)
		}
	}
	return k, nil
}

// strict refuses keys that nobody reads, and anything after the value.
func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows the value")
	}
	return nil
}

// compile checks a rule and makes it ready for use.
func (r systemRule) compile() (rule, error) {
	out := rule{stages: r.Stages, codes: r.Codes, subjects: r.Enhanced,
		verdict: Verdict{Class: r.Class, About: r.About, Reconnect: r.Reconnect, Suppress: r.Suppress}}
	if out.stages == nil {
		out.stages = transaction
	}
	if r.Text != "" {
		var err error
		if out.pattern, err = regexp.Compile("(?s)" + r.Text); err != nil {
			return rule{}, err
		}
	}
	if r.HoldOff != "" {
		var err error
		if out.verdict.HoldOff, err = time.ParseDuration(r.HoldOff); err != nil {
			return rule{}, err
		}
	}
	forGood := r.Class == Refuse || r.Class == Message
	switch {
	case !slices.Contains([]Class{Retry, Refuse, Message, Stop, Hold}, r.Class):
		return rule{}, fmt.Errorf("class %q", r.Class)
	case !slices.Contains([]About{AboutRecipient, AboutGroup, AboutMessage, AboutSender, AboutServer}, r.About):
		return rule{}, fmt.Errorf("about %q", r.About)
	case forGood && (len(r.Codes) == 0 || slices.ContainsFunc(r.Codes, notPermanent)):
		return rule{}, fmt.Errorf("%s is for good, and needs codes of 5xx alone", r.Class)
	case r.Suppress && (r.Class != Refuse || r.About != AboutRecipient || slices.Contains(out.stages, Mail)):
		return rule{}, fmt.Errorf("only a refused recipient can be suppressed")
	case (r.Class == Hold) != (out.verdict.HoldOff > 0) && r.Class != Retry:
		return rule{}, fmt.Errorf("a hold needs a time, and only it has one")
	case len(r.Codes) == 0 && len(r.Enhanced) == 0 && r.Text == "":
		return rule{}, fmt.Errorf("it fits everything")
	case r.Example == "" || r.At == "" || r.Source == "":
		return rule{}, fmt.Errorf("no example or source")
	}
	return out, nil
}

func notPermanent(code int) bool { return code != 5 && code/100 != 5 }

// System returns whose rules hold for what a server of that name says, as [Classify] takes it; ""
// when the server has no rules of its own. Case and a final dot do not matter.
func System(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, s := range data().systems {
		if matches(s.Hosts, host) {
			return s.ID
		}
	}
	return ""
}

// matches reports whether host is one of the patterns, in which * stands for one
// or more characters. host is in lower case.
func matches(patterns []string, host string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		before, after, wild := strings.Cut(p, "*")
		if !wild {
			return p == host
		}
		return len(host) > len(before)+len(after) && strings.HasPrefix(host, before) && strings.HasSuffix(host, after)
	})
}

// quantity reads a figure's value by what it is about.
func (f *Figure) quantity(p *Provider) error {
	number := func(into *int, most int) error {
		if f.Value == "" {
			return nil
		}
		if _, err := fmt.Sscanf(f.Value, "%d", into); err != nil || *into < 1 || *into > most ||
			fmt.Sprint(*into) != f.Value {
			return fmt.Errorf("%s: %q is not a number in range", f.What, f.Value)
		}
		return nil
	}
	switch f.What {
	case "cap":
		c, err := limits.Parse(f.Value)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(p.Caps, func(have limits.Cap) bool { return have.Window == c.Window }) {
			return fmt.Errorf("two caps for one stretch of time, %s", f.Value)
		}
		p.Caps = append(p.Caps, c)
	case "connections":
		return number(&p.Connections, 500)
	case "messages_per_connection":
		return number(&p.MessagesPerConnection, 1_000_000)
	case "max_size":
		size := 0
		err := number(&size, 1<<30)
		if f.Basis != "guess" {
			p.MaxSize = int64(size)
		}
		return err
	case "envelope_sender":
		if f.Value != EnvelopeLogin && f.Value != EnvelopeReplaced {
			return fmt.Errorf("%s: %q", f.What, f.Value)
		}
		p.Envelope = f.Value
	case "sent_copy":
		if f.Value != "kept" {
			return fmt.Errorf("%s: %q", f.What, f.Value)
		}
		p.KeepsSent = true
	case "server", "recipients_per_message", "idle_close":
	default:
		return fmt.Errorf("unknown figure %q", f.What)
	}
	return nil
}
