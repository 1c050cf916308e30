// Package signing reads the keys of a campaign file that say who signs its messages: [Keys] are those of one item of
// dkim, and [Check] holds the rules that need more than one of them. [Open] makes the signer of a run.
package signing

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/net/publicsuffix"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
	"mailshot/render/address"
	"mailshot/render/dkim"
)

// Signature is one DKIM signature that each message gets (RFC 6376).
type Signature struct {
	Domain   string         // that signs (d=), lower case, as A-labels
	Selector string         // (s=) the public key is a TXT record of SELECTOR._domainkey.DOMAIN
	Key      *secret.Secret // where the private key is
	Item     int            // of dkim in the campaign file, from 0
}

// Record is the name of the TXT record that has the public key.
func (s Signature) Record() string { return s.Selector + "._domainkey." + s.Domain }

// KeyHint says how a key is named.
const KeyHint = "write key: { file: keys/s1.pem }, or { env: NAME }, { command: [pass, show, dkim] } or { keyring: name } " +
	"for the PEM of the private key, or its base64 on one line"

// Keys are the keys of one signature.
func Keys(s *Signature) []schema.Key {
	return []schema.Key{
		{Name: "domain", Required: true, Read: domain(&s.Domain), Example: "acme.example"},
		{Name: "selector", Required: true, Read: selector(&s.Selector), Example: "s1"},
		{Name: "key", Required: true, Read: secret.Reader(&s.Key, "a private key", KeyHint), Example: "{ file: keys/s1.pem }"},
	}
}

// domain reads the domain that signs.
func domain(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		a, err := address.Parse("x@" + t.Text)
		switch {
		case schema.IsTemplate(t.Text):
			dec.Bad(n, "the domain that signs is not a template", "all messages are signed with the same keys")
		case err != nil || !strings.Contains(a.Domain(), "."):
			dec.Bad(n, fmt.Sprintf("%q is not a domain", schema.Clip(t.Text)), "for example acme.example, the domain of from")
		default:
			*into = a.Domain()
		}
	})
}

// selectors is the form of a selector: names of letters, digits and hyphens with dots between them (RFC 6376 section
// 3.1). DNS has names with an underscore, too.
var selectors = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$`)

// selector reads a selector.
func selector(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if name, _, whole := strings.Cut(t.Text, "._domainkey"); whole && selectors.MatchString(name) {
			dec.Bad(n, "a selector is what stands before ._domainkey", "write selector: "+name)
			return
		}
		if len(t.Text) > 200 || !selectors.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q is not a selector", schema.Clip(t.Text)),
				"what stands before ._domainkey in the DNS; for example s1")
			return
		}
		*into = t.Text
	})
}

// Check reports signatures that are given twice, and signatures none of which is of the domain of From: then receivers
// do not count them for that domain (DMARC, RFC 7489 section 3.1.1). from is that domain, or "" if it is not known.
func Check(dec *schema.Decoder, list []Signature, from string) {
	n := dec.Given("dkim")
	if n == nil || dec.Failed("dkim") {
		return
	}
	aligned := from == ""
	for i, s := range list {
		for _, other := range list[:i] {
			if strings.EqualFold(s.Record(), other.Record()) {
				dec.Report(dec.Given(fmt.Sprintf("dkim[%d].selector", i)), "bad-value", "two signatures have one domain and selector",
					"each key has a selector of its own")
			}
		}
		aligned = aligned || Aligned(s.Domain, from)
	}
	if !aligned && len(list) > 0 {
		dec.Report(dec.Given("dkim[0].domain"), "not-aligned",
			fmt.Sprintf("%s signs, and from is of %s: receivers do not count the signature for it", list[0].Domain, from),
			"sign with a key of "+organization(from))
	}
}

// Aligned says whether a signature by one domain counts for mail from another: both are of one organization (the
// relaxed alignment of RFC 7489 section 3.1.1).
func Aligned(signs, from string) bool { return organization(signs) == organization(from) }

// organization is the domain that its owner has registered, by the list of public suffixes.
func organization(domain string) string {
	domain = strings.ToLower(domain)
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return registered
	}
	return domain
}

// Lacks says why a signature cannot be made here, as far as that is known without running a program; nil = it may.
func (s Signature) Lacks(ctx context.Context, dir string) error {
	if len(s.Key.Command) > 0 {
		return s.Key.Lacks(ctx, dir)
	}
	_, err := s.open(ctx, dir)
	return err
}

// open fetches the key. No error of it holds a part of the key.
func (s Signature) open(ctx context.Context, dir string) (dkim.Key, error) {
	k := dkim.Key{Domain: s.Domain, Selector: s.Selector}
	text, err := s.Key.Text(ctx, dir)
	if err == nil {
		if k.Private, err = dkim.ParseKey(text); err != nil {
			err = fmt.Errorf("%s: %w", s.Key.Place(), err)
		}
	}
	if err == nil && s.Key.File != "" {
		err = private(s.Key, dir)
	}
	return k, err
}

// private refuses a file that others may read.
func private(at *secret.Secret, dir string) error {
	name, err := at.Path(dir)
	if err != nil || runtime.GOOS == "windows" {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return secret.Bare(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &OpenError{Place: at.Place(), Mode: info.Mode().Perm()}
	}
	return nil
}

// OpenError says that others than its owner may read a key's file.
type OpenError struct {
	Place string
	Mode  fs.FileMode
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("%s: others may read or write it (mode %04o)", e.Place, e.Mode)
}

// Open fetches the keys and makes the signer of a run; nil where there are no signatures. dir is the campaign's folder.
func Open(ctx context.Context, list []Signature, dir string) (*dkim.Signer, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var keys []dkim.Key
	for _, s := range list {
		k, err := s.open(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("dkim: the key of %s: %w", s.Record(), err)
		}
		keys = append(keys, k)
	}
	return dkim.New(keys...), nil
}

// Public is the TXT record that publishes the public key of a signature, or an error if the private key cannot be had.
func (s Signature) Public(ctx context.Context, dir string) (string, error) {
	k, err := s.open(ctx, dir)
	if err != nil {
		return "", err
	}
	return dkim.Record(k.Private), nil
}
