package campaign

import (
	"mailshot/campaign/definition"
	"mailshot/campaign/digest"
	"mailshot/campaign/digest/digesttest"
)

// AddLaterKeys makes this build one of a later version, see [digesttest.Later].
func (c *Campaign) AddLaterKeys(given string) {
	c.inputs = func(d *definition.Definition) []digest.Part { return digesttest.Later(digest.Inputs(d), given) }
}
