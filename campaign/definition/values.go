package definition

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"mailshot/render/address"
	"mailshot/sender/limits"
)

// The readers of values. Each takes where the value goes and returns what the table of keys calls.

type reader = func(*decoder, *yaml.Node)

// oneLine reads a text without line breaks.
func oneLine(then func(dec *decoder, n *yaml.Node, t Text)) reader {
	return func(dec *decoder, n *yaml.Node) {
		t, ok := dec.scalar(n)
		if !ok {
			return
		}
		if strings.Contains(t.Text, "\n") {
			dec.report(n, "line-break", fmt.Sprintf("%q must be one line", dec.name()), "use >- in the place of | to join lines")
			return
		}
		then(dec, n, t)
	}
}

func bad(dec *decoder, n *yaml.Node, text, hint string) { dec.report(n, "bad-value", text, hint) }

func text(into *string) reader {
	return oneLine(func(_ *decoder, _ *yaml.Node, t Text) { *into = t.Text })
}

func line(into *Text) reader {
	return oneLine(func(_ *decoder, _ *yaml.Node, t Text) { *into = t })
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// ValidID says whether a text can be a campaign's id: letters, digits, dot, underscore and hyphen, up to 100 of them.
func ValidID(s string) bool { return idPattern.MatchString(s) }

func id(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if !ValidID(datePattern.ReplaceAllLiteralString(t.Text, "2006-01-02")) {
			bad(dec, n, fmt.Sprintf("%q cannot be an id", clip(t.Text)), "up to 100 letters, digits, . _ - and {{date}}; for example news-{{date}}")
			return
		}
		*into = t.Text
	})
}

// isTemplate says whether a text is known only with a row.
func isTemplate(s string) bool { return strings.Contains(s, "{{") }

// addressError shows the address package's reason at the value.
func addressError(dec *decoder, n *yaml.Node, err error) {
	var ae *address.Error
	if !errors.As(err, &ae) {
		dec.report(n, "bad-address", err.Error(), "")
		return
	}
	dec.report(n, "bad-address", fmt.Sprintf("%q is not an address: %s", clip(ae.Text), ae.Reason), ae.Hint)
}

func mailbox(into *Text) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		*into = t
		if isTemplate(t.Text) {
			return
		}
		if _, err := address.ParseMailbox(t.Text); err != nil {
			addressError(dec, n, err)
		}
	})
}

func plainAddress(into *address.Address) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if isTemplate(t.Text) {
			bad(dec, n, fmt.Sprintf("%q is not a template", dec.name()), "write one address")
			return
		}
		a, err := address.Parse(t.Text)
		if err != nil {
			addressError(dec, n, err)
			return
		}
		*into = a
	})
}

// fileProblem reports a path that is not a file of the campaign.
func fileProblem(dec *decoder, n *yaml.Node, name string) bool {
	code, text, hint := dec.files.problem(name)
	if code == "" {
		return false
	}
	dec.report(n, code, fmt.Sprintf("%q: %s", clip(name), text), hint)
	return true
}

func notTemplate(dec *decoder, n *yaml.Node, t Text) bool {
	if isTemplate(t.Text) {
		bad(dec, n, fmt.Sprintf("%q is not a template", dec.name()), "name one path")
		return false
	}
	return true
}

func file(into *Text) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		*into = t
		if notTemplate(dec, n, t) {
			fileProblem(dec, n, t.Text)
		}
	})
}

func anyFile(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		*into = t.Text
		if notTemplate(dec, n, t) {
			fileProblem(dec, n, t.Text)
		}
	})
}

// folder reads the path of a folder that need not be there.
func folder(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		*into = t.Text
		if !notTemplate(dec, n, t) {
			return
		}
		if code, text, hint := dec.files.folderProblem(t.Text); code != "" {
			dec.report(n, code, fmt.Sprintf("%q: %s", clip(t.Text), text), hint)
		}
	})
}

func fileList(into *[]Text) reader {
	return func(dec *decoder, n *yaml.Node) {
		dec.list(n, func(n *yaml.Node) {
			var t Text
			if file(&t)(dec, n); t.Given() {
				*into = append(*into, t)
			}
		})
	}
}

// templateFile reads a path that may be a template. Of one that is, only what stands before the first action is known.
func templateFile(into *Text) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		*into = t
		static, _, template := strings.Cut(t.Text, "{{")
		if !template {
			fileProblem(dec, n, t.Text)
			return
		}
		if code, text, hint := leaves(static + "x"); code != "" {
			dec.report(n, code, fmt.Sprintf("%q: %s", clip(t.Text), text), hint)
		}
	})
}

var layouts = []string{"plain", "letter"}

func layout(into *Text) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		*into = t
		if slices.Contains(layouts, t.Text) {
			return
		}
		if !strings.ContainsAny(t.Text, "./") {
			hint := "plain, letter or a file"
			if near := nearest(t.Text, layouts); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			bad(dec, n, fmt.Sprintf("there is no layout %q", clip(t.Text)), hint)
			return
		}
		if notTemplate(dec, n, t) {
			fileProblem(dec, n, t.Text)
		}
	})
}

var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func language(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if !languagePattern.MatchString(t.Text) {
			bad(dec, n, fmt.Sprintf("%q is not a language", clip(t.Text)), "for example en, fa or pt-BR")
			return
		}
		*into = t.Text
	})
}

// word reads one of a few words.
func word(into *string, words ...string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if !slices.Contains(words, t.Text) {
			hint := "one of " + strings.Join(words, ", ")
			if near := nearest(t.Text, words); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			bad(dec, n, fmt.Sprintf("%q cannot be %q", dec.name(), clip(t.Text)), hint)
			return
		}
		*into = t.Text
	})
}

func tls(into *string) reader {
	known := word(into, "implicit", "starttls", "none")
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		hint := ""
		switch plainWord(t.Text) {
		case "ssl", "smtps", "tls", "ssl/tls":
			hint = "write implicit (TLS from the first byte, port 465) or starttls (port 587)"
		case "true", "yes", "on", "required", "always":
			hint = "write implicit (port 465) or starttls (port 587)"
		case "false", "no", "off", "never":
			hint = "write none"
		default:
			known(dec, n)
			return
		}
		bad(dec, n, fmt.Sprintf("%q cannot be %q", dec.name(), t.Text), hint)
	})
}

var numberPattern = regexp.MustCompile(`^(0|[1-9][0-9]*(_[0-9]+)*)$`)

// number reads a whole number in plain decimal digits, so that 012 and 1e3, which YAML reads in ways of its own, are
// mistakes.
func number(into *int, least, most int) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		v, err := strconv.Atoi(strings.ReplaceAll(t.Text, "_", ""))
		if err != nil || !numberPattern.MatchString(t.Text) {
			bad(dec, n, fmt.Sprintf("%q must be a whole number, not %q", dec.name(), clip(t.Text)), "")
			return
		}
		if v < least || v > most {
			bad(dec, n, fmt.Sprintf("%q must be between %d and %d", dec.name(), least, most), "")
			return
		}
		*into = v
	})
}

func duration(into *time.Duration) reader {
	const hint = "a number and a unit, such as 90s, 5m, 4h or 2d"
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		v, err := time.ParseDuration(t.Text)
		if days, ok := strings.CutSuffix(t.Text, "d"); ok {
			var whole int
			whole, err = strconv.Atoi(days)
			v = time.Duration(min(whole, 10_000)) * 24 * time.Hour
		}
		switch {
		case err != nil:
			bad(dec, n, fmt.Sprintf("%q is not a stretch of time", clip(t.Text)), hint)
		case v < time.Second || v > 30*24*time.Hour:
			bad(dec, n, fmt.Sprintf("%q must be between 1s and 30d", dec.name()), "")
		default:
			*into = v
		}
	})
}

func delimiter(into *rune) reader {
	return func(dec *decoder, n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Value == "\t" && dec.plain(n) {
			*into = '\t'
			return
		}
		oneLine(func(dec *decoder, n *yaml.Node, t Text) {
			switch t.Text {
			case ",", ";", "|":
				*into = rune(t.Text[0])
			case "tab", `\t`:
				*into = '\t'
			default:
				bad(dec, n, fmt.Sprintf("%q cannot be %q", dec.name(), clip(t.Text)), `one of "," ";" "|" tab`)
			}
		})(dec, n)
	}
}

var cidPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$`)

func contentID(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if rest, ok := strings.CutPrefix(t.Text, "cid:"); ok {
			bad(dec, n, "cid: is written only in the HTML", "write cid: "+clip(rest))
			return
		}
		if !cidPattern.MatchString(t.Text) {
			bad(dec, n, fmt.Sprintf("%q cannot be a cid", clip(t.Text)), "letters, digits and . _ - + @; for example logo")
			return
		}
		*into = t.Text
	})
}

// name reads the key of a mapping whose keys are the person's own.
func entryName(dec *decoder, n *yaml.Node) (Text, bool) {
	t, ok := dec.scalar(n)
	return t, ok && !strings.Contains(t.Text, "\n")
}

// noted reads a text on one line, and keeps the place of its key's value for those who check it against a list.
func noted(places *map[string]Text, key string, into *string) reader {
	return oneLine(func(_ *decoder, _ *yaml.Node, t Text) {
		*into = t.Text
		note(places, key, t)
	})
}

func note(places *map[string]Text, key string, t Text) {
	if *places == nil {
		*places = map[string]Text{}
	}
	(*places)[key] = t
}

func columns(into *map[string]string, places *map[string]Text) func(*decoder, *yaml.Node, *yaml.Node) {
	return func(dec *decoder, name, value *yaml.Node) {
		column, ok := entryName(dec, name)
		if !ok {
			return
		}
		dec.within(column.Text, func() {
			var kind string
			if word(&kind, "text", "number", "date", "bool")(dec, value); kind == "" {
				return
			}
			if *into == nil {
				*into = map[string]string{}
			}
			(*into)[column.Text] = kind
			note(places, "columns."+column.Text, column)
		})
	}
}

func caps(into *[]limits.Cap) reader {
	return func(dec *decoder, n *yaml.Node) {
		dec.list(n, func(n *yaml.Node) {
			oneLine(func(dec *decoder, n *yaml.Node, t Text) {
				c, err := limits.Parse(t.Text)
				if err != nil {
					text, hint, _ := strings.Cut(err.Error(), "; ")
					dec.report(n, "bad-cap", text, hint)
					return
				}
				*into = append(*into, c)
			})(dec, n)
		})
	}
}

func domainCaps(into *map[string][]limits.Cap) func(*decoder, *yaml.Node, *yaml.Node) {
	return func(dec *decoder, name, value *yaml.Node) {
		domain, ok := entryName(dec, name)
		if !ok {
			return
		}
		a, err := address.Parse("x@" + domain.Text)
		if err != nil {
			reason := err.Error()
			var ae *address.Error
			if errors.As(err, &ae) {
				reason = ae.Reason
			}
			dec.report(name, "bad-domain", fmt.Sprintf("%q is not a domain: %s", clip(domain.Text), reason), "for example gmail.com: 5/s")
			return
		}
		if _, twice := (*into)[a.Domain()]; twice {
			dec.report(name, "duplicate-key", fmt.Sprintf("%q is given twice", a.Domain()), "")
			return
		}
		dec.within(domain.Text, func() {
			var cs []limits.Cap
			caps(&cs)(dec, value)
			if *into == nil {
				*into = map[string][]limits.Cap{}
			}
			(*into)[a.Domain()] = cs
		})
	}
}

// hostName takes what can be looked up: a name or an IP address.
func hostName(s string) bool {
	if net.ParseIP(strings.Trim(s, "[]")) != nil {
		return true
	}
	for _, label := range strings.Split(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
				return false
			}
		}
	}
	return len(s) <= 253
}

func host(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		bare := t.Text
		if _, rest, ok := strings.Cut(bare, "://"); ok {
			bare, _, _ = strings.Cut(rest, "/")
		}
		if i := strings.LastIndex(bare, "@"); i >= 0 {
			bare = bare[i+1:]
		}
		if h, p, err := net.SplitHostPort(bare); err == nil && hostName(h) {
			hint := "write host: " + h
			if _, err := strconv.ParseUint(p, 10, 16); err == nil {
				hint += " and port: " + p
			}
			bad(dec, n, "a host is a name alone, without port, scheme or login", hint)
			return
		}
		if !hostName(bare) {
			bad(dec, n, "not the name of a host", "for example smtp.acme.example")
			return
		}
		if bare != t.Text {
			bad(dec, n, "a host is a name alone, without port, scheme or login", "write host: "+bare)
			return
		}
		*into = strings.Trim(t.Text, "[]")
	})
}

func helo(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if !hostName(strings.TrimPrefix(t.Text, "[IPv6:")) {
			bad(dec, n, fmt.Sprintf("%q is not the name of a machine", clip(t.Text)), "for example mail.acme.example")
			return
		}
		*into = t.Text
	})
}

// ours are the headers that mailshot writes itself, and those that would make a message go where the list does not say.
var ours = map[string]string{
	"from": "write from: at the top level", "reply-to": "write reply_to: at the top level",
	"subject": "write subject: at the top level", "to": "it is the row's address",
	"cc": "a message has one recipient", "bcc": "a message has one recipient",
	"date": "it is the time of sending", "message-id": "it is made from the campaign's id and the row's key",
	"mime-version": "remove it", "return-path": "write bounces: at the top level", "received": "remove it",
}

func header(into *[]Header) func(*decoder, *yaml.Node, *yaml.Node) {
	return func(dec *decoder, name, value *yaml.Node) {
		t, ok := entryName(dec, name)
		if !ok {
			return
		}
		if i := strings.IndexFunc(t.Text, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }); i >= 0 {
			dec.report(name, "bad-header", fmt.Sprintf("%q cannot be the name of a header", clip(t.Text)), "ASCII letters, digits and -")
			return
		}
		lower := strings.ToLower(t.Text)
		why, mine := ours[lower]
		if !mine && (strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "resent-")) {
			why, mine = "remove it", true
		}
		if mine {
			dec.report(name, "bad-header", fmt.Sprintf("mailshot writes %s itself", t.Text), why)
			return
		}
		if slices.ContainsFunc(*into, func(h Header) bool { return strings.EqualFold(h.Name, t.Text) }) {
			dec.report(name, "duplicate-key", fmt.Sprintf("header %s is given twice", t.Text), "")
			return
		}
		dec.within(t.Text, func() {
			h := Header{Name: t.Text}
			if line(&h.Value)(dec, value); h.Value.Given() {
				*into = append(*into, h)
			}
		})
	}
}
