package events

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailshot/render/token"
)

// object is a JSON object, or a row of a CSV file, by the names of its fields: in small letters, and without all else
// than letters and digits. Providers spell one field as message-id, messageId and MessageID.
type object map[string]json.RawMessage

// parse makes an object of the text of a JSON object. Where two names are one, the name in small letters counts: a
// field of the person's own does not stand for one of the provider's.
func parse(raw []byte) (object, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	o, from := make(object, len(fields)), make(map[string]string, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		key := spelled(name)
		if was, there := from[key]; there && !(strings.ToLower(name) == name && strings.ToLower(was) != was) {
			continue
		}
		o[key], from[key] = fields[name], name
	}
	return o, nil
}

// row is a line of a CSV file as an object.
func row(names, values []string) object {
	o := make(object, len(names))
	for i, name := range names {
		if _, there := o[name]; there || name == "" || i >= len(values) {
			continue
		}
		o[name], _ = json.Marshal(values[i])
	}
	return o
}

// spelled is a field's name in small letters and digits alone.
func spelled(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127:
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, name)
}

// has reports whether the object has all these fields.
func (o object) has(names ...string) bool {
	for _, n := range names {
		if _, there := o[n]; !there {
			return false
		}
	}
	return true
}

// text is the first of these fields that has a text, a number or a truth value; "" if none has.
func (o object) text(names ...string) string {
	for _, n := range names {
		if s := scalar(o[n]); s != "" {
			return s
		}
	}
	return ""
}

// scalar is a JSON value that is not an object or an array, as a text.
func scalar(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || bytes.Equal(raw, []byte("null")) {
		return ""
	}
	if raw[0] != '"' {
		return string(raw)
	}
	var s string
	_ = json.Unmarshal(raw, &s) // a part of what was parsed
	return strings.TrimSpace(s)
}

// within is the object in a field; nil if there is none.
func (o object) within(name string) object {
	if raw := bytes.TrimSpace(o[name]); len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	inner, _ := parse(o[name]) // a part of what was parsed
	return inner
}

// list is the array in a field, or the one value in it; nil if there is none.
func (o object) list(name string) []json.RawMessage {
	raw := bytes.TrimSpace(o[name])
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	if raw[0] != '[' {
		return []json.RawMessage{o[name]}
	}
	var all []json.RawMessage
	_ = json.Unmarshal(raw, &all) // a part of what was parsed
	return all
}

// texts are the texts in the array of a field.
func (o object) texts(name string) (all []string) {
	for _, raw := range o.list(name) {
		if s := scalar(raw); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// objects are the objects in the array of a field.
func (o object) objects(name string) (all []object) {
	for _, raw := range o.list(name) {
		if inner, err := parse(raw); err == nil && inner != nil {
			all = append(all, inner)
		}
	}
	return all
}

// tokens finds our own tokens in what a provider hands back.
func tokens(values ...json.RawMessage) (found []string) {
	for _, raw := range values {
		if len(raw) > 1<<16 {
			continue
		}
		for _, s := range leaves(raw, 0) {
			if len(s) >= token.Length && len(s) <= 1000 {
				found = append(found, token.Find(s)...)
			}
		}
	}
	return found
}

// leaves are the texts in a JSON value, and in a JSON text within it.
func leaves(raw json.RawMessage, depth int) (all []string) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || depth > 4 {
		return nil
	}
	switch raw[0] {
	case '[':
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list) // what is not JSON has no leaves
		for _, r := range list {
			all = append(all, leaves(r, depth+1)...)
		}
	case '{':
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(raw, &fields)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			all = append(all, leaves(fields[name], depth+1)...)
		}
	case '"':
		s := scalar(raw)
		if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
			return leaves(json.RawMessage(s), depth+1)
		}
		return []string{s}
	}
	return all
}

// layouts are how providers write times. The last ones have no zone: the account's, which the file does not say. They
// are read as UTC, so up to 14 hours wrong.
var layouts = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05Z0700", time.RFC1123, time.RFC1123Z,
	"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05.999999999", "02-01-2006 15:04:05",
	"2006-01-02",
}

// when is the time that a provider wrote: in seconds or milliseconds since 1970, or as a text; zero if it cannot be
// read.
func when(texts ...string) time.Time {
	for _, s := range texts {
		if s == "" {
			continue
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			if f > 1e11 { // milliseconds: in seconds it would be after the year 5000
				f /= 1000
			}
			if f < 1 || f > 1e11 {
				continue
			}
			return time.UnixMilli(int64(f * 1000)).UTC()
		}
		for _, layout := range layouts {
			if t, err := time.Parse(layout, s); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}

// angled takes the angle brackets off a Message-ID. "" is left out.
func angled(ids ...string) (all []string) {
	for _, id := range ids {
		id = strings.TrimSpace(id)
		if i := strings.LastIndexByte(id, '<'); i >= 0 {
			id, _, _ = strings.Cut(id[i+1:], ">")
		}
		if id != "" && id != "NA" && len(id) <= 998 && !strings.ContainsAny(id, " \t\r\n") && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// address is the address in a text that may have a name before it, such as "Ann <ann@example.com>"; "" if there is
// none.
func address(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		s, _, _ = strings.Cut(s[i+1:], ">")
	} else if a, err := mail.ParseAddress(s); err == nil {
		s = a.Address
	}
	// Of "rfc822; ann@example.com" the type is not a part of the address.
	if kind, rest, ok := strings.Cut(s, ";"); ok && !strings.Contains(kind, "@") {
		s = strings.TrimSpace(rest)
	}
	if at := strings.LastIndexByte(s, '@'); at <= 0 || at == len(s)-1 || len(s) > 320 || strings.ContainsAny(s, "\r\n\t") {
		return ""
	}
	return s
}

// addresses are the addresses in texts.
func addresses(texts ...string) (all []string) {
	for _, s := range texts {
		if a := address(s); a != "" && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}
