// Package bulk reads the keys of a campaign file that say what kind of mail a campaign is and how people leave it, and
// makes the header fields that receivers ask of such mail: [Keys] reads, [Check] holds the rules of more than one key,
// and [Mail.Headers] makes the fields.
package bulk

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/render/address"
	"mailshot/render/token"
)

// The kinds of mail.
const (
	Newsletter    = "newsletter"    // people have asked for it, and may leave
	Notice        = "notice"        // to many, and not asked for: a change of terms
	Transactional = "transactional" // one person expects it: an invoice
)

// Mail is what a campaign file says of its mail. The zero value says nothing, and makes no fields.
type Mail struct {
	Kind   string            // a kind; "" = not said
	Topic  string            // what it is about; "" = not said
	Topics map[string]string // names of topics, as people see them

	// URL and Address are templates: where a person leaves with one click (https:), and by mail.
	URL, Address schema.Text
}

// Field is a header field.
type Field struct {
	Name  string
	Value schema.Text // a template
}

// Keys are the keys of a campaign file for m.
func Keys(m *Mail) []schema.Key {
	return []schema.Key{
		{Name: "kind", Read: schema.Word(&m.Kind, Newsletter, Notice, Transactional), Example: Newsletter, Off: true,
			Doc: "What this mail is: newsletter (people asked for it, and may leave), notice (to many, and not asked for) or " +
				"transactional (one person expects it). It makes the headers that receivers ask for; docs/bulk.md. " +
				"Default: none of them."},
		{Name: "topic", Read: label(&m.Topic), Example: "news", Off: true,
			Doc: "What it is about, in a word that stays the same over campaigns: a part of List-ID and Feedback-ID."},
		{Name: "topics", Entries: topics(&m.Topics), Example: `{ news: Monthly news }`, Off: true,
			Doc: "The names of topics, as mail programs show them."},
		{Name: "unsubscribe", Off: true, Doc: "How a person leaves. A newsletter has to have it.", Keys: []schema.Key{
			{Name: "url", Read: link(&m.URL), Example: "https://www.acme.example/u/{{.mailshot.token}}",
				Doc: "Template: a page of yours. A POST there unsubscribes at once (RFC 8058), a GET asks first. Bodies have it " +
					"as {{.mailshot.unsubscribe_url}}."},
			{Name: "mailto", Read: mail(&m.Address), Example: `"unsubscribe+{{.mailshot.token}}@acme.example"`,
				Doc: "Template: an address of yours, for mail programs that write a mail in place of that."},
		}},
	}
}

// labels is the form of a topic, which is a part of a List-ID (RFC 2919 section 2: a dot-atom).
var labels = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?$`)

// IsTopic says whether a text has the form of a topic.
func IsTopic(text string) bool { return labels.MatchString(text) }

// TopicHint says what that form is.
const TopicHint = "letters, digits and hyphens, at most 40; for example news"

func label(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if !labels.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q is not a topic", schema.Clip(t.Text)), TopicHint)
			return
		}
		*into = t.Text
	})
}

func topics(into *map[string]string) func(*schema.Decoder, *yaml.Node, *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		t, ok := dec.Entry(name)
		if !ok {
			return
		}
		if !labels.MatchString(t.Text) {
			dec.Bad(name, fmt.Sprintf("%q is not a topic", schema.Clip(t.Text)), TopicHint)
			return
		}
		dec.Within(t.Text, func() {
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, shown schema.Text) {
				if schema.IsTemplate(shown.Text) || strings.ContainsAny(shown.Text, "<>") || strings.TrimSpace(shown.Text) == "" {
					dec.Bad(n, fmt.Sprintf("%q is not a topic's name", schema.Clip(shown.Text)), "a few words; for example Monthly news")
					return
				}
				if *into == nil {
					*into = map[string]string{}
				}
				(*into)[t.Text] = shown.Text
			})(dec, value)
		})
	}
}

// actions are what a template has in place of text.
var actions = regexp.MustCompile(`\{\{.*?\}\}`)

// link reads the address of a page.
func link(into *schema.Text) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		plain := actions.ReplaceAllString(t.Text, "x")
		u, err := url.Parse(plain)
		switch {
		case strings.HasPrefix(strings.ToLower(t.Text), "http:"):
			dec.Bad(n, "mail programs take no address with http: for this", "write https:")
		case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" ||
			strings.ContainsAny(plain, " \"<>\\^`{|},"):
			dec.Bad(n, fmt.Sprintf("%q is not the address of a page", schema.Clip(t.Text)),
				"for example https://www.acme.example/u/{{.mailshot.token}}")
		case !strings.Contains(t.Text, "{{"):
			dec.Bad(n, "this address is the same for everybody, so nobody would know who leaves", "end it with {{.mailshot.token}}")
		case strings.Contains(t.Text, "unsubscribe_url"):
			dec.Bad(n, "{{.mailshot.unsubscribe_url}} is this very address", "write https:… and {{.mailshot.token}}")
		default:
			*into = t
		}
	})
}

// mostLocal is how long the local part of an address may be (RFC 5321 section 4.5.3.1.1).
const mostLocal = 64

// mail reads an address that unsubscribes, with or without mailto: before it and a subject behind it.
func mail(into *schema.Text) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if rest, ok := strings.CutPrefix(t.Text, "mailto:"); ok {
			t.Text, t.Column = rest, t.Column+len("mailto:")
		}
		long, _, _ := strings.Cut(strings.ReplaceAll(t.Text, "{{.mailshot.token}}", strings.Repeat("x", token.Length)), "@")
		if long = actions.ReplaceAllString(long, "x"); len(long) > mostLocal {
			dec.Bad(n, fmt.Sprintf("with the token, what stands before the @ has %d octets, and may have %d", len(long), mostLocal),
				`put the token into the subject: "unsubscribe@acme.example?subject={{.mailshot.token}}"`)
			return
		}
		plain, query, _ := strings.Cut(actions.ReplaceAllString(t.Text, "x"), "?")
		if _, err := address.Parse(plain); err != nil || strings.ContainsAny(query, " \"<>,") {
			dec.Bad(n, fmt.Sprintf("%q is not an address", schema.Clip(t.Text)),
				`for example "unsubscribe+{{.mailshot.token}}@acme.example"`)
			return
		}
		*into = t
	})
}

// Check reports what goes together wrongly. own says whether the campaign file has a header of its own by that name.
func Check(dec *schema.Decoder, m Mail, own func(name string) bool) {
	if n := dec.Given("kind"); m.Kind == Newsletter && !m.URL.Given() && !m.Address.Given() && n != nil &&
		!own("List-Unsubscribe") && !dec.Failed("unsubscribe") {
		dec.Report(n, "missing-key", "a newsletter has to say how a person leaves",
			"unsubscribe: { url: \"https://…/{{.mailshot.token}}\" }; Gmail, Yahoo and others ask for it")
	}
	if n := dec.Given("topic"); n != nil && m.Topic != "" && len(m.Topics) > 0 && m.Topics[m.Topic] == "" && !dec.Failed("topics") {
		names := slices.Sorted(maps.Keys(m.Topics))
		hint := "topics has " + strings.Join(names, ", ")
		if near := schema.Nearest(m.Topic, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		dec.Bad(n, fmt.Sprintf("topics has no %q", m.Topic), hint)
	}
	for _, name := range []string{"List-Unsubscribe", "List-Unsubscribe-Post"} {
		if n := dec.Given("unsubscribe"); n != nil && own(name) {
			dec.Report(n, "duplicate-key", fmt.Sprintf("unsubscribe makes %s, and headers gives it, too", name), "remove one")
		}
	}
}

// Headers are the fields of the campaign with this id, from the domain that it is sent from; "" = not known. Each has
// its rule's source beside it.
func (m Mail) Headers(id, domain string) (fields []Field) {
	add := func(name, value string) {
		fields = append(fields, Field{name, schema.Text{Text: value, Line: 1, Column: 1}})
	}
	var ways []string
	at := m.URL
	if m.URL.Given() {
		ways = append(ways, "<"+m.URL.Text+">")
	}
	if m.Address.Given() {
		to := m.Address.Text
		if !strings.Contains(to, "?") {
			to += "?subject=unsubscribe"
		}
		ways = append(ways, "<mailto:"+to+">")
		if !at.Given() {
			at = m.Address
			at.Column -= len("mailto:")
		}
	}
	if len(ways) > 0 { // RFC 2369 section 3.2; the first is the one that layouts link
		fields = append(fields, Field{"List-Unsubscribe",
			schema.Text{Text: strings.Join(ways, ", "), Line: at.Line, Column: max(1, at.Column-1)}})
	}
	if m.URL.Given() {
		add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") // RFC 8058 section 3.1
	}
	if m.Kind == "" {
		return fields
	}
	topic := m.Topic
	if topic == "" {
		topic = m.Kind
	}
	if m.Kind != Transactional && domain != "" { // RFC 2919 section 3: the same for all mail of a list
		list := "<" + topic + "." + domain + ">"
		if name := m.Topics[m.Topic]; name != "" {
			list = name + " " + list
		}
		add("List-ID", list)
	}
	if domain != "" { // support.google.com/mail/answer/6254652: at most three before the sender's, which stays the same
		add("Feedback-ID", id+":"+topic+":"+m.Kind+":"+senderID(domain))
	}
	if m.Kind != Transactional {
		add("Precedence", "bulk") // RFC 3834 section 2: who sees it sends no answer by itself
	}
	if m.Kind != Newsletter { // RFC 3834 section 5; a list's mail has List-ID in its place
		add("Auto-Submitted", "auto-generated")
	}
	add("X-Auto-Response-Suppress", "OOF, AutoReply") // MS-OXCMAIL 2.1.3.2.20; not DR and NDR: bounces are wanted
	return fields
}

// senderID is a sender's part of Feedback-ID: 5 to 15 characters that stay the same.
func senderID(domain string) string {
	id := strings.ReplaceAll(domain, ".", "-")
	if len(id) < 5 {
		id += "-mail"
	}
	return strings.Trim(id[:min(len(id), 15)], "-")
}
