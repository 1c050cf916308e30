// Package qr makes pictures of QR codes: a [Code] is filled in for each row, and a PNG.
package qr

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/boombuler/barcode/qr"

	"mailshot/render"
	"mailshot/render/filled"
	"mailshot/templates"
)

// Most is how many bytes a code holds at most. The telephones of guests read what is a good deal longer badly.
const Most = 500

// Code is a [render.Maker]. It is safe for concurrent use.
type Code struct{ Text *templates.Text }

// Make implements [render.Maker].
func (c *Code) Make(to render.Recipient) ([]byte, error) {
	var o templates.Output
	if err := c.Text.Append(&o, to.Data); err != nil {
		return nil, err
	}
	text := string(o.Text)
	if err := filled.Plain(text); err != nil {
		return nil, err
	}
	switch {
	case text == "":
		return nil, &render.Fault{Code: "empty-value", Text: "qr: the text of the code is empty", Hint: "is a column empty?"}
	case len(text) > Most:
		return nil, &render.Fault{Code: "too-long", Text: fmt.Sprintf("qr: the text has %d bytes; the limit is %d", len(text), Most)}
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, &render.Fault{Code: "bad-value", Text: "qr: " + err.Error()}
	}
	return draw(code)
}

// quiet is how many modules around a code are white (ISO/IEC 18004 section 9.1).
const quiet = 4

// side is about how many pixels a picture is wide. Each module has a whole number of them.
const side = 400

// draw makes a picture of a code.
func draw(code image.Image) ([]byte, error) {
	n := code.Bounds().Dx()
	scale := max(side/(n+2*quiet), 3)
	wide := scale * (n + 2*quiet)
	p := image.NewPaletted(image.Rect(0, 0, wide, wide), color.Palette{color.White, color.Black})
	for y := range wide {
		for x := range wide {
			mx, my := x/scale-quiet, y/scale-quiet
			if mx >= 0 && my >= 0 && mx < n && my < n {
				if g, _, _, _ := code.At(mx, my).RGBA(); g == 0 {
					p.SetColorIndex(x, y, 1)
				}
			}
		}
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, p)
	return b.Bytes(), err
}
