package check_test

import (
	"mailshot/campaign/check"
	"mailshot/render"
)

// A *render.Message is what Message is for. This compiles only while its parts have the fields that Message looks at.
var _ = func(m *render.Message) []check.Finding { return check.Message(m) }
