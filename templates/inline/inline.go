// Package inline writes the rules of <style> into the style= of the elements that they match. Call Styles once for each
// template, before it is compiled. A message then costs no more than without it.
//
// Some mail programs drop <style>, Gmail among them when it shows another provider's mailbox. What stands in style= is
// shown by all.
//
// # What is inlined
//
// The document is seen as a whole: a layout with its content and its partials in their places, and each branch of an
// {{if}}, {{range}} or {{with}} present. An element gets a declaration only where it is certain that every message has
// it so. What is not certain stays in <style>, unchanged and in its order:
//
//   - what style= cannot say: at-rules, :hover and its kind, pseudo-elements, custom properties and var(),
//   - rules for one program: those that match nothing here ([data-ogsc], u + #body, a[x-apple-data-detectors]),
//     and those within conditional comments,
//   - rules about elements that a template decides on: a class with an action in it, a first child that may be absent,
//   - rules about elements whose style= a selector asks for, as div[style*=margin] does, if it may see what is written.
//
// A rule leaves <style> when each of its declarations is in the style= of each element that it may match.
//
// # What wins
//
// What an element looks like stays the same. Declarations are written into style= in the order of the cascade, before
// what the author wrote there. So a later one overrides an earlier one as it did before, shorthands included, and the
// author's style= has the last word. Declarations with !important keep it where another one could beat them.
//
// A declaration in style= would beat any rule in <style>. So where a rule that stays wins, such as one within @media
// or with :hover, it has to win still. If nothing else changes by it, it is repeated with !important after itself.
// Else the declaration that it beats is not written into the style= of the elements that both match. Neither is one
// that loses to such a declaration. They stay in <style>, where the cascade decides as before. One with !important
// that loses so is written into style= without !important as well: it changes nothing beside <style>, and holds
// without.
package inline

import (
	"text/template/parse"

	"mailshot/templates/source"
)

// Template is one named template of a set, and the form that it was parsed from.
type Template struct {
	Form *source.Form
	Tree *parse.Tree
}

// Styles inlines the styles of a set of HTML templates, which is executed by executing entry. It returns the forms that
// take the place of others, by those others. It only reads the templates. What it does not understand it leaves as it
// is: there is no error.
func Styles(entry string, set map[string]Template) map[*source.Form]*source.Form {
	c := &composer{set: set, actions: map[*source.Form][]source.Action{}}
	nodes, ok := c.compose(entry)
	if !ok {
		return nil
	}
	d := newDocument(c, nodes)
	if d == nil || len(d.rules) == 0 {
		return nil
	}
	d.match()
	d.decide()
	return d.write()
}
