package check_test

import (
	"mailshot/campaign/check"
	"mailshot/render"
)

// What Message is for. This compiles only while the parts of a message have the fields that are looked at.
var _ = func(m *render.Message) []check.Finding { return check.Message(m) }
