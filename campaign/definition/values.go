package definition

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/render/address"
	"mailshot/sender/limits"
)

// addressError reports the address package's reason at the value.
func addressError(dec *schema.Decoder, n *yaml.Node, err error) {
	var ae *address.Error
	if !errors.As(err, &ae) {
		dec.Report(n, "bad-address", err.Error(), "")
		return
	}
	reason, hint := ae.Alone()
	dec.Report(n, "bad-address", fmt.Sprintf("%q is not an address: %s", schema.Clip(ae.Text), reason), hint)
}

// mailboxes reads mailboxes: a text with commas, or a list of texts.
func mailboxes(into *Text) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
				if into.Given() {
					t.Text, t.Line, t.Column = into.Text+", "+t.Text, into.Line, into.Column
				}
				item := n.Value
				*into = t
				if schema.IsTemplate(item) {
					return
				}
				if _, err := address.ParseMailboxes(item); err != nil {
					addressError(dec, n, err)
				}
			})(dec, n)
		})
	}
}

func mailbox(into *Text) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		*into = t
		if schema.IsTemplate(t.Text) {
			return
		}
		if _, err := address.ParseMailbox(t.Text); err != nil {
			addressError(dec, n, err)
		}
	})
}

func plainAddress(into *address.Address) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if schema.IsTemplate(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q is not a template", dec.Name()), "write one address")
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

var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func language(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if !languagePattern.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q is not a language", schema.Clip(t.Text)), "for example en, fa or pt-BR")
			return
		}
		*into = t.Text
	})
}

func tls(into *string) schema.Reader {
	known := schema.Word(into, "implicit", "starttls", "none")
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		hint := ""
		switch schema.PlainWord(t.Text) {
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
		dec.Bad(n, fmt.Sprintf("%q cannot be %q", dec.Name(), t.Text), hint)
	})
}

func delimiter(into *rune) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Value == "\t" && dec.Plain(n) {
			*into = '\t'
			return
		}
		schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
			switch t.Text {
			case ",", ";", "|":
				*into = rune(t.Text[0])
			case "tab", `\t`:
				*into = '\t'
			default:
				dec.Bad(n, fmt.Sprintf("%q cannot be %q", dec.Name(), schema.Clip(t.Text)), `one of "," ";" "|" tab`)
			}
		})(dec, n)
	}
}

var cidPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$`)

func contentID(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if rest, ok := strings.CutPrefix(t.Text, "cid:"); ok {
			dec.Bad(n, "cid: is written only in the HTML", "write cid: "+schema.Clip(rest))
			return
		}
		if !cidPattern.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q cannot be a cid", schema.Clip(t.Text)), "letters, digits and . _ - + @; for example logo")
			return
		}
		*into = t.Text
	})
}

// noted reads a text of one line, and keeps the place of the value for whoever checks it against the list.
func noted(places *map[string]Text, key string, into *string) schema.Reader {
	return schema.OneLine(func(_ *schema.Decoder, _ *yaml.Node, t Text) {
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

func columns(into *map[string]string, places *map[string]Text) func(*schema.Decoder, *yaml.Node, *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		column, ok := dec.Entry(name)
		if !ok {
			return
		}
		dec.Within(column.Text, func() {
			var kind string
			if schema.Word(&kind, "text", "number", "date", "bool")(dec, value); kind == "" {
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

func caps(into *[]limits.Cap) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
				c, err := limits.Parse(t.Text)
				if err != nil {
					text, hint, _ := strings.Cut(err.Error(), "; ")
					dec.Report(n, "bad-cap", text, hint)
					return
				}
				*into = append(*into, c)
			})(dec, n)
		})
	}
}

func domainCaps(into *map[string][]limits.Cap) func(*schema.Decoder, *yaml.Node, *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		domain, ok := dec.Entry(name)
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
			text := fmt.Sprintf("%q is not a domain: %s", schema.Clip(domain.Text), reason)
			dec.Report(name, "bad-domain", text, "for example gmail.com: 5/s")
			return
		}
		if _, twice := (*into)[a.Domain()]; twice {
			dec.Report(name, "duplicate-key", fmt.Sprintf("%q is given twice", a.Domain()), "")
			return
		}
		dec.Within(domain.Text, func() {
			var cs []limits.Cap
			caps(&cs)(dec, value)
			if *into == nil {
				*into = map[string][]limits.Cap{}
			}
			(*into)[a.Domain()] = cs
		})
	}
}

// hostName reports whether s can be looked up: it is a name or an IP address.
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

func host(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
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
			dec.Bad(n, "a host is a name alone, without port, scheme or login", hint)
			return
		}
		if !hostName(bare) {
			dec.Bad(n, "not the name of a host", "for example smtp.acme.example")
			return
		}
		if bare != t.Text {
			dec.Bad(n, "a host is a name alone, without port, scheme or login", "write host: "+bare)
			return
		}
		*into = strings.Trim(t.Text, "[]")
	})
}

func helo(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if !hostName(strings.TrimPrefix(t.Text, "[IPv6:")) {
			dec.Bad(n, fmt.Sprintf("%q is not the name of a machine", schema.Clip(t.Text)), "for example mail.acme.example")
			return
		}
		*into = t.Text
	})
}

// refused reads a key that people look for, and that there is not.
func refused(hint string) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.Report(n, "unknown-key", fmt.Sprintf("there is no %q", dec.Name()), hint)
	}
}

// oneEach is the hint for whoever wants more recipients of a message.
const oneEach = "a message has one recipient: put others into the list, each in a row of their own"

// ours are the headers that mailshot writes itself, and the headers that would add a recipient.
var ours = map[string]string{
	"from": "write from: at the top level", "reply-to": "write reply_to: at the top level",
	"subject": "write subject: at the top level", "to": "it is the row's address", "cc": oneEach, "bcc": oneEach,
	"date": "it is the time of sending", "message-id": "it is made from the campaign's id and the row's key",
	"mime-version": "remove it", "return-path": "write bounces: at the top level", "received": "remove it",
}

func header(into *[]Header) func(*schema.Decoder, *yaml.Node, *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		t, ok := dec.Entry(name)
		if !ok {
			return
		}
		if i := strings.IndexFunc(t.Text, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }); i >= 0 {
			text := fmt.Sprintf("%q cannot be the name of a header", schema.Clip(t.Text))
			dec.Report(name, "bad-header", text, "ASCII letters, digits and -")
			return
		}
		lower := strings.ToLower(t.Text)
		why, mine := ours[lower]
		if !mine && (strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "resent-")) {
			why, mine = "remove it", true
		}
		if mine {
			text := fmt.Sprintf("mailshot writes %s itself", t.Text)
			if why == oneEach {
				text = fmt.Sprintf("a message cannot have %s", t.Text)
			}
			dec.Report(name, "bad-header", text, why)
			return
		}
		if slices.ContainsFunc(*into, func(h Header) bool { return strings.EqualFold(h.Name, t.Text) }) {
			dec.Report(name, "duplicate-key", fmt.Sprintf("header %s is given twice", t.Text), "")
			return
		}
		dec.Within(t.Text, func() {
			h := Header{Name: t.Text}
			if schema.Line(&h.Value)(dec, value); h.Value.Given() {
				*into = append(*into, h)
			}
		})
	}
}
