// Package judging reads the keys of a campaign file that say what its findings mean: [Keys] are those of check.
//
// A code can be given another severity, or be left out with a reason. A code that protects a promise cannot be lowered
// or left out, see mailshot/campaign/check/codes.
package judging

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/check/codes"
	"mailshot/campaign/definition/schema"
)

// Keys are the keys of check.
func Keys(into *codes.Policy) []schema.Key {
	return []schema.Key{
		{Name: "severities", Entries: severity(into), Example: "{ invalid-row: error, long-subject: note }", Off: true,
			Doc: "Severities in place of those that findings come with: note, warning or error. mailshot explain has the codes. " +
				"A code that protects a promise cannot be lowered."},
		{Name: "ignore", Read: schema.Each(func() ([]schema.Key, func()) {
			var item codes.Ignored
			return []schema.Key{
				{Name: "code", Required: true, Read: code(&item.Code, into), Example: "role-address"},
				{Name: "reason", Required: true, Read: schema.String(&item.Reason), Example: "our customers are companies"},
			}, func() { into.Ignored = append(into.Ignored, item) }
		}), Example: "\n- { code: role-address, reason: our customers are companies }", Off: true,
			Doc: "Findings to leave out. What was left out is counted, and said in one line."},
	}
}

// severity reads the severity of a code.
func severity(into *codes.Policy) func(dec *schema.Decoder, name, value *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		t, ok := dec.Entry(name)
		if !ok || !known(dec, name, t.Text) {
			return
		}
		if _, twice := into.Severities[t.Text]; twice {
			dec.Report(name, "duplicate-key", fmt.Sprintf("the code %s is given twice", t.Text), "")
			return
		}
		dec.Within(t.Text, func() {
			var word string
			if schema.Word(&word, string(codes.Note), string(codes.Warning), string(codes.Error))(dec, value); word == "" {
				return
			}
			if c, _ := codes.Of(t.Text); c.Fixed && codes.Severity(word) != codes.Error && codes.Severity(word) != c.Severity {
				dec.Report(value, "fixed-code", fmt.Sprintf("%s stays at %s: %s", t.Text, c.Severity, protects), hint(c))
				return
			}
			if into.Severities == nil {
				into.Severities = map[string]codes.Severity{}
			}
			into.Severities[t.Text] = codes.Severity(word)
		})
	}
}

// protects is why a code is fixed.
const protects = "it keeps a wrong message, or a second one, from going out"

func hint(c codes.Code) string { return "mend what it is about: mailshot explain " + c.Code }

// code reads a code that is to be left out.
func code(into *string, of *codes.Policy) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if !known(dec, n, t.Text) {
			return
		}
		if c, _ := codes.Of(t.Text); c.Fixed {
			dec.Report(n, "fixed-code", fmt.Sprintf("%s cannot be ignored: %s", t.Text, protects), hint(c))
			return
		}
		if slices.ContainsFunc(of.Ignored, func(i codes.Ignored) bool { return i.Code == t.Text }) {
			dec.Report(n, "duplicate-key", fmt.Sprintf("the code %s is ignored twice", t.Text), "remove one")
			return
		}
		*into = t.Text
	})
}

// known reports a code that does not exist.
func known(dec *schema.Decoder, n *yaml.Node, code string) bool {
	if _, ok := codes.Of(code); ok {
		return true
	}
	hint := "mailshot explain lists the codes"
	if near := codes.Nearest(code); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	dec.Report(n, "unknown-code", fmt.Sprintf("no finding has the code %q", schema.Clip(code)), hint)
	return false
}
