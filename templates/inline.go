package templates

import (
	"fmt"
	"maps"

	"mailshot/templates/inline"
)

// inline writes the rules of <style> into the style= of the elements, in what is executed. What the links and the
// visible text are compared with stays as it is.
func (s *set) inline(entry string) error {
	parts := make(map[string]inline.Template, len(s.made))
	for name, t := range s.made {
		parts[name] = inline.Template{Form: t.unit.made, Tree: t.tree}
	}
	forms := inline.Styles(entry, parts)
	for i, u := range s.units {
		form := forms[u.made]
		if form == nil {
			continue
		}
		u.made = form
		maps.DeleteFunc(s.made, func(_ string, t named) bool { return t.unit == u })
		if err := s.parse(s.made, u.name, fmt.Sprintf("u%d", i), u, form); err != nil {
			return err
		}
	}
	s.unalias(entry, s.made)
	return nil
}
