package layouts

import (
	"fmt"
	"regexp"
	"strings"
)

// A button is a table of one cell around a link. Outlook for Windows does not paint what is behind a link, and does not
// know its padding, so the cell has the colour, and the padding in words that only Outlook knows. Everything is in the
// elements themselves: a button is one without any style sheet, too.
const (
	buttonTable = `<table role="presentation" class="button" cellpadding="0" cellspacing="0" border="0" ` +
		`style="margin:8px 0 24px;border-collapse:separate;">`
	buttonCell = `<td class="button" align="center" bgcolor="%s" ` +
		`style="border:2px solid %s;border-radius:6px;background-color:%s;mso-padding-alt:10px 22px;">`
	buttonLink = `display:inline-block;padding:10px 22px;border-radius:4px;background-color:%s;` +
		`color:%s;font-weight:bold;line-height:24px;text-decoration:none;mso-padding-alt:0;`
)

// Button is the HTML around the address and the text of a button.
type Button struct{ Before, Between, After string }

// ButtonOf returns the button of an accent colour.
func ButtonOf(accent string) Button {
	p := lights(accent)
	return Button{
		Before: buttonTable + "<tr>" + p.cell() + `<a class="button" style="` +
			p.button() + `" href="`,
		Between: `">`,
		After:   "</a></td></tr></table>",
	}
}

// cell is the cell of a button.
func (p palette) cell() string { return fmt.Sprintf(buttonCell, p.Fill, p.Edge, p.Fill) }

// button is the style of a button's link.
func (p palette) button() string { return fmt.Sprintf(buttonLink, p.Fill, p.Label) }

// buttonLinks finds the links of the class button that Markdown makes, and whose author gives them no style.
var buttonLinks = regexp.MustCompile(`<a href="[^"]*"(?: title="[^"]*")? class="(?:[^"]* )?button(?: [^"]*)?"`)

// DressButtons gives the buttons in a piece of HTML their style. table and cell are how they are written there.
func DressButtons(html, table, cell, accent string) string {
	if !strings.Contains(html, "button") {
		return html
	}
	p := lights(accent)
	html = strings.ReplaceAll(html, table, buttonTable)
	html = strings.ReplaceAll(html, cell, p.cell())
	return buttonLinks.ReplaceAllString(html, `$0 style="`+p.button()+`"`)
}
