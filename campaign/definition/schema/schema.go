// Package schema reads a file that a person wrote, strictly: the campaign file, and the operator's limits.
//
// [Document.Decode] reads a YAML file by a table of keys ([Key]). Each key has a [Reader], which checks the key's value
// and puts it where it belongs; this package has the readers that any such file needs, and the caller adds its own.
// [Reference] writes an annotated example from the same table, so that the two cannot differ.
//
// An unknown key, a value of the wrong kind, a file that is not there or a path that leaves the folder is a mistake.
// All mistakes are reported at once, each as an [*Error] with its place, the offending line and what to do. Only a
// mistake in the YAML itself hides what comes after it.
//
// Values are taken as they are written: 012 is the text "012" and no is the text "no"; what YAML would make of them
// does not matter. Anchors, aliases, tags and merges are refused. No error shows a value that may be a secret: neither
// the value of a key such as password, also a misspelt one, nor a login in a URL.
package schema

import (
	"go.yaml.in/yaml/v4"
)

// Key is one row of the table of keys: what may be written in one place of the file, how it is read, and what the
// reference says about it. A key has one of Read, Keys and Entries.
type Key struct {
	Name     string
	Required bool
	Unless   func() bool // a required key may be missing where this holds; asked when the section has been read
	Read     Reader
	Keys     []Key                                      // a mapping with these keys
	Entries  func(dec *Decoder, name, value *yaml.Node) // a mapping with keys that the person chooses

	Example string // as the reference shows it, after "name: "
	Doc     string // one comment, "" = none
	Off     bool   // shown commented out
	Hidden  bool   // neither shown nor suggested: known only to be refused
}

// Reader reads the value of one key. It reports what is wrong with the value to dec.
type Reader = func(dec *Decoder, n *yaml.Node)

// Text is a value with the place where it starts in the file, both 1-based, the column in runes. Line 0 means that the
// file does not give it. In a block scalar (| or >) the place is that of its first line's first character.
type Text struct {
	Text         string
	Line, Column int
}

// Given says whether the file gives the value.
func (t Text) Given() bool { return t.Line > 0 }

// Document is a file to decode.
type Document struct {
	Name string // the name in the places of mistakes
	Data []byte
	Dir  string // folder where the files that it names are looked for; "" = they are not looked for
}

// Decode reads the file by the table of keys, and then calls rules, which may be nil, for the rules that need more than
// one key. A mistake is an [*Error]; several are joined, in the order of the file.
func (d Document) Decode(keys []Key, rules func(*Decoder)) error {
	s := newSource(d.Name, d.Data)
	if err := s.checkBytes(d.Data); err != nil {
		return err
	}
	root, err := s.document(d.Data)
	if err != nil {
		return err
	}
	s.hide(root)
	dec := &Decoder{source: s, files: newFiles(d.Dir), table: keys}
	defer dec.files.close()
	dec.Section(root, nil, dec.table)
	if rules != nil {
		rules(dec)
	}
	return dec.err()
}
