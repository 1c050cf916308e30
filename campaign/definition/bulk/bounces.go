package bulk

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/value"
	"mailshot/render/address"
	"mailshot/render/token"
)

// Bounces is the envelope sender of a campaign's messages: one address, or one for each message with a token before the
// @, so that a bounce says by the address it came to whose message it is. The zero value is none.
type Bounces struct {
	one   address.Address // with standing where the token is
	token bool
}

// ReturnToken is the one action that an envelope sender may have.
const ReturnToken = "{{.mailshot.return_token}}"

var (
	returnToken = regexp.MustCompile(`\{\{-? *\.mailshot\.return_token *-?\}\}`)
	// standing stands in an address where a token is.
	standing = strings.Repeat("0", token.Length)
)

// BouncesOf is the envelope sender that is always the same.
func BouncesOf(a address.Address) Bounces { return Bounces{one: a} }

// IsZero says that there is none.
func (b Bounces) IsZero() bool { return b.one.IsZero() }

// Domain is what stands after the @.
func (b Bounces) Domain() string { return b.one.Domain() }

// Address is the address that all messages have, or with tokens one that no message has but is as long.
func (b Bounces) Address() address.Address { return b.one }

// String is what the campaign file says, in one spelling; "" if there is none.
func (b Bounces) String() string {
	if b.token {
		return strings.Replace(b.one.String(), standing, ReturnToken, 1)
	}
	return b.one.String()
}

// Around is what stands before and after the token; ok is false if there is no token.
func (b Bounces) Around() (before, after string, ok bool) {
	if !b.token {
		return "", "", false
	}
	return strings.Cut(b.one.String(), standing)
}

// ReadBounces reads an envelope sender.
func ReadBounces(into *Bounces) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		tokens := returnToken.FindAllStringIndex(t.Text, -1)
		plain := returnToken.ReplaceAllLiteralString(t.Text, standing)
		at := strings.LastIndexByte(plain, '@')
		switch {
		case schema.IsTemplate(plain):
			dec.Bad(n, fmt.Sprintf("%q may have %s and nothing else of a template", dec.Name(), ReturnToken),
				`write one address; with the token "b+`+ReturnToken+`@acme.example"`)
			return
		case len(tokens) > 1 || len(tokens) == 1 && (at < 0 || strings.LastIndex(plain, standing) > at):
			dec.Bad(n, ReturnToken+" stands once, before the @", `for example "b+`+ReturnToken+`@acme.example"`)
			return
		case len(tokens) == 1 && at > mostLocal:
			dec.Bad(n, fmt.Sprintf("with the token, what stands before the @ has %d octets, and may have %d", at, mostLocal),
				fmt.Sprintf("the token has %d: at most %d for the rest, as in \"b+%s@acme.example\"",
					token.Length, mostLocal-token.Length, ReturnToken))
			return
		}
		a, err := address.Parse(plain)
		if err != nil {
			if bad := (*address.Error)(nil); errors.As(err, &bad) {
				bad.Text = strings.ReplaceAll(bad.Text, standing, ReturnToken)
				bad.Hint = strings.ReplaceAll(bad.Hint, standing, ReturnToken)
			}
			value.BadAddress(dec, n, err)
			return
		}
		*into = Bounces{a, len(tokens) == 1}
	})
}
