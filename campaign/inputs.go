package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"mailshot/campaign/recipients"
	"mailshot/render"
)

// differs names what makes other messages, or of other people, than those planned: each input that changed, else the program, where
// it is another one and makes what is left otherwise. The caller holds the campaign's lock.
func (c *Campaign) differs(ctx context.Context) ([]string, error) {
	what, err := c.changed(ctx)
	if err != nil || len(what) > 0 {
		return what, err // what is left is planned again in any case
	}
	other, err := c.otherProgram(ctx)
	if other != "" {
		what = append(what, other)
	}
	return what, err
}

// changed compares the inputs with those the list was frozen with, and names each that differs.
func (c *Campaign) changed(ctx context.Context) ([]string, error) {
	var what []string
	was := map[string]bool{}
	for _, part := range strings.Fields(c.frozen.Definition) {
		was[part] = true
	}
	var keys []string
	for _, part := range strings.Fields(c.definitionDigest()) {
		if !was[part] && !strings.HasPrefix(part, programPart) {
			keys = append(keys, part[:strings.IndexByte(part, '=')])
		}
	}
	if len(keys) > 0 {
		what = append(what, fmt.Sprintf("%s (%s)", c.def.Name, strings.Join(keys, ", ")))
	}
	if c.maker.Templates() != c.frozen.Templates {
		what = append(what, "the templates")
	}
	if c.def.Recipients.File != "-" {
		cfg, err := ListConfig(ctx, c.def, c.opts.Stdin)
		if err != nil {
			return nil, err
		}
		digest, err := recipients.Digest(ctx, cfg)
		if err != nil {
			return nil, err
		}
		if digest != c.frozen.List {
			what = append(what, "the list "+c.header.File)
		}
	}
	return what, nil
}

// programPart begins the part of the definition's digest that names who planned.
const programPart = "program="

// definitionDigest covers the parts of the definition that make messages and choose people, each by itself, so that a
// change can be named; the secret of the accounts is one of them. Server, limits and archive are left out: they change no message, and mending them is how a
// stopped campaign goes on.
func (c *Campaign) definitionDigest() string {
	d := c.def
	parts := []struct {
		name  string
		value any
	}{
		{"from", d.From.Text}, {"reply_to", d.ReplyTo.Text}, {"bounces", d.Bounces.String()}, {"subject", d.Subject.Text},
		{"recipients", unplaced(d.Recipients)}, {"body", unplaced(d.Body)},
		{"attachments", unplaced(d.Attachments)}, {"headers", unplaced(d.Headers)},
		{"accounts.db", render.Token(c.secret, c.id, "")}, // its secret makes Message-IDs and tokens
	}
	var b strings.Builder
	for _, p := range parts {
		sum := sha256.Sum256(fmt.Appendf(nil, "%v", p.value))
		fmt.Fprintf(&b, "%s=%s ", p.name, hex.EncodeToString(sum[:8]))
	}
	return b.String() + programPart + program()
}

// unplaced is a part of the definition without the places of its texts, so that a moved line is no change.
func unplaced(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of strings and numbers
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		panic(err)
	}
	var strip func(any) any
	strip = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			if text, ok := v["Text"]; ok && v["Line"] != nil && v["Column"] != nil {
				return text
			}
			for k := range v {
				v[k] = strip(v[k])
			}
		case []any:
			for i := range v {
				v[i] = strip(v[i])
			}
		}
		return v
	}
	b, err = json.Marshal(strip(tree))
	if err != nil {
		panic(err)
	}
	return string(b)
}
