// Package digest sums up the parts of the campaign file that a plan was made from, so that a later run can name what
// changed.
//
// [New] makes the [Digest] of a definition's parts, as [Inputs] gives them. A plan keeps its text; [Parse] reads the
// text again, and [Digest.Differing] names the parts that are not what they were. [Build] names the program.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/sealing"
	"mailshot/render"
)

// Digest is what a plan remembers of the definition: a sum of each part that makes messages or chooses people, so that
// a change can be named. The secret of the accounts is one of the parts. Server, limits and archive are left out: they
// change no message, and mending them is how a stopped campaign goes on.
type Digest struct {
	Version int    // of the way in which it was made
	Build   string // of mailshot, which planned; "" = from before builds were noted
	parts   []partDigest
}

type partDigest struct{ name, sum string }

// Version is the version that new plans have. A plan is compared, and gone on with, in its own version.
const Version = 4

// covered has, for each version of the digests, the fields that count even if the file does not give them, by the path
// of their struct; "" is the whole definition. All other fields count if the file gives them. So a key that a later
// version of mailshot adds leaves the digests of all plans as they were, until a file gives it.
//
// A map whose path is here counts with the entries named, and no others. Places repeats what other keys say.
//
// A version is never changed once plans were made with it.
var covered = map[int]coverage{
	1: { // what there was before digests had versions
		"": {
			"from", "reply_to", "bounces", "subject", "recipients", "body", "attachments", "headers", "accounts.db",
		},
		"recipients": {
			"File", "Files", "FileColumn", "Query", "Postgres", "Sheet", "Range", "Hidden", "Locale", "HeaderRow",
			"Delimiter", "Encoding", "Address", "Name", "Key", "Columns", "Where", "Duplicates", "Places",
		},
		"recipients.Postgres": {"Env", "File", "Command"},
		"recipients.Places": {
			"file_column", "query", "postgres", "range", "encoding", "locale", "address", "name", "key", "columns.*",
		},
		"body":        {"Markdown", "HTML", "Text", "Layout", "Language", "Direction"},
		"attachments": {"File", "Name", "CID"},
		"headers":     {"Name", "Value"},
	},
	2: {"recipients.Places": {}},
	3: {"recipients.Places": {}}, // Message-IDs are shorter, see IDs
	4: {"recipients.Places": {}}, // tokens are other ones, see Tokens
}

// coverage is what counts in a digest of one version.
type coverage map[string][]string

// tree is a value as it goes into a digest, and whether the file gives it. Texts lose their places, so that a line that
// moved is not a change.
func (c coverage) tree(at string, v reflect.Value) (tree any, given bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, false
		}
		tree, _ = c.tree(at, v.Elem())
		return tree, true
	case reflect.Struct:
		switch v := v.Interface().(type) {
		case definition.Text:
			return v.Text, v.Text != ""
		case fmt.Stringer: // a value of another room, which says itself what it is
			return v.String(), v.String() != ""
		}
		return c.fields(at, v)
	case reflect.Map:
		return c.entries(at, v)
	case reflect.Slice:
		if v.IsNil() {
			return nil, false
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i], _ = c.tree(at, v.Index(i))
		}
		return list, len(list) > 0
	}
	return v.Interface(), !v.IsZero()
}

// fields is tree for a struct.
func (c coverage) fields(at string, v reflect.Value) (tree any, given bool) {
	fields := map[string]any{}
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		field, is := c.tree(at+"."+name, v.Field(i))
		if given = given || is; is || slices.Contains(c[at], name) {
			fields[name] = field
		}
	}
	return fields, given
}

// entries is tree for a map.
func (c coverage) entries(at string, v reflect.Value) (tree any, given bool) {
	if v.IsNil() {
		return nil, false
	}
	names, some := c[at]
	entries := map[string]any{}
	for i := v.MapRange(); i.Next(); {
		if key := i.Key().String(); !some || counts(names, key) {
			entries[key], _ = c.tree(at+"."+key, i.Value())
		}
	}
	if some && len(entries) == 0 {
		return nil, false
	}
	return entries, len(entries) > 0
}

// counts reports whether a map's entry is among those named; "columns.*" names all that begin with "columns.".
func counts(names []string, key string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		prefix, open := strings.CutSuffix(name, "*")
		return name == key || open && strings.HasPrefix(key, prefix)
	})
}

// Part is a part of what a digest covers: a value of the definition, by its name in the campaign file.
type Part struct {
	Name  string
	Value any
}

// SetPart begins the name of a part that is a value by its name: definition.Setting.
const SetPart = "set."

// Inputs are the parts of the definition that a digest covers. The zero value of every field in them has to mean that
// the file does not give it.
func Inputs(d *definition.Definition) []Part {
	parts := []Part{
		{"from", d.From.Text}, {"reply_to", d.ReplyTo.Text}, {"bounces", d.Bounces.String()},
		{"subject", d.Subject.Text},
		{"recipients", d.Recipients}, {"body", d.Body}, {"attachments", d.Attachments}, {"headers", d.Headers},
		{"languages", d.Languages}, {"cc", d.Copies.Cc}, {"bcc", d.Copies.Bcc},
		{"kind", d.Bulk.Kind}, {"topic", d.Bulk.Topic}, {"topics", d.Bulk.Topics},
		{sealing.SMIME, d.Sealing.SMIME.Promise()}, {sealing.PGP, d.Sealing.PGP.Promise()},
		{"unsubscribe", struct{ URL, Address definition.Text }{d.Bulk.URL, d.Bulk.Address}},
	}
	for _, s := range d.Set {
		// A list has a part even where its one text is empty.
		parts = append(parts, Part{SetPart + s.Name, []string{s.Value}})
	}
	return parts
}

// since are the parts that count from a version on: a plan of an earlier one has none, though the file gave them.
var since = map[string]int{"kind": 4, "topic": 4, "topics": 4, "unsubscribe": 4}

// New makes the digest of these parts in a version that is [Digest.Known].
func New(parts []Part, version int) Digest {
	d := Digest{Version: version, Build: Build()}
	always := covered[version]
	for _, p := range parts {
		tree, given := always.tree(p.Name, reflect.ValueOf(p.Value))
		if !given && !slices.Contains(always[""], p.Name) || version < since[p.Name] {
			continue
		}
		text, is := tree.(string)
		if !is {
			b, err := json.Marshal(tree)
			if err != nil {
				panic(err) // maps and slices of strings and numbers
			}
			text = string(b)
		}
		sum := sha256.Sum256([]byte(text))
		d.parts = append(d.parts, partDigest{p.Name, hex.EncodeToString(sum[:8])})
	}
	return d
}

// The words of a digest's text beside the parts: its version, from the second on, and the build that planned.
const (
	versionWord = "digests="
	buildWord   = "program="
)

// String is the digest as a plan keeps it.
func (d Digest) String() string {
	var b strings.Builder
	if d.Version > 1 {
		fmt.Fprintf(&b, "%s%d ", versionWord, d.Version)
	}
	for _, p := range d.parts {
		fmt.Fprintf(&b, "%s=%s ", p.name, p.sum)
	}
	return b.String() + buildWord + d.Build
}

// Parse reads what String writes, and what versions before it wrote.
func Parse(text string) Digest {
	d := Digest{Version: 1}
	for _, word := range strings.Fields(text) {
		if n, is := strings.CutPrefix(word, versionWord); is {
			d.Version, _ = strconv.Atoi(n) // 0, which is not a version, if a newer mailshot writes something else
		} else if name, is := strings.CutPrefix(word, buildWord); is {
			d.Build = name
		} else if name, sum, is := strings.Cut(word, "="); is {
			d.parts = append(d.parts, partDigest{name, sum})
		}
	}
	return d
}

// IDs is the form of the Message-IDs of the plan's messages. Those of the first two versions are long.
func (d Digest) IDs() render.IDForm {
	if d.Version == 1 || d.Version == 2 {
		return render.LongID
	}
	return render.ShortID
}

// Tokens is the form of the tokens in the plan's messages. Those of the first three versions are old.
func (d Digest) Tokens() render.Tokens { return render.Tokens{Old: d.Version >= 1 && d.Version <= 3} }

// Renewed is the version that a plan has which is made anew in place of this one. It is the latest in which messages
// have the same Message-IDs and tokens, so that what was sent is found by them, and is not another message.
func (d Digest) Renewed() int {
	switch {
	case d.IDs() == render.LongID:
		return 2
	case d.Tokens().Old:
		return 3
	}
	return Version
}

// Known reports whether this build makes digests of that version.
func (d Digest) Known() bool { return covered[d.Version] != nil }

// Differing names the parts that are not what they were, those that are not there any more last.
func (d Digest) Differing(was Digest) []string {
	var names []string
	for _, p := range d.parts {
		if !slices.Contains(was.parts, p) {
			names = append(names, p.name)
		}
	}
	for _, p := range was.parts {
		if !slices.ContainsFunc(d.parts, func(is partDigest) bool { return is.name == p.name }) {
			names = append(names, p.name)
		}
	}
	return names
}

// notGiven follows a setting in Words that a plan had and that is missing now.
const notGiven = " (it is not given now)"

// Missing are the flags among words of [Digest.Words] that are to be given again: "--set month".
func Missing(words []string) (flags []string) {
	for _, word := range words {
		if flag, is := strings.CutSuffix(word, notGiven); is {
			flags = append(flags, flag)
		}
	}
	return flags
}

// Words names the parts that are not what they were as a person gives them: "campaign.yaml (subject, body)" for those
// of the campaign file of that name, and "--set month (another value)".
func (d Digest) Words(was Digest, file string) []string {
	has := func(d Digest, name string) bool {
		return slices.ContainsFunc(d.parts, func(p partDigest) bool { return p.name == name })
	}
	var own, words []string
	for _, name := range d.Differing(was) {
		set, is := strings.CutPrefix(name, SetPart)
		switch {
		case !is:
			own = append(own, name)
		case !has(d, name):
			words = append(words, "--set "+set+notGiven)
		case !has(was, name):
			words = append(words, "--set "+set+" (it was not given)")
		default:
			words = append(words, "--set "+set+" (another value)")
		}
	}
	if own != nil {
		words = slices.Insert(words, 0, fmt.Sprintf("%s (%s)", file, strings.Join(own, ", ")))
	}
	return words
}
