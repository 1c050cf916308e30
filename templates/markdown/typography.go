package markdown

import (
	"bytes"
	"regexp"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"mailshot/templates/locale"
)

// typographer sets quotation marks, dashes, apostrophes and the three dots. It works on what the author has written,
// outside of code; cells are not here yet.
type typographer struct{ language string }

func (t typographer) Extend(m goldmark.Markdown) {
	q := locale.Quotation(t.language)
	others := extension.NewTypographerParser(
		extension.WithTypographicSubstitutions(map[extension.TypographicPunctuation]string{
			extension.LeftDoubleQuote: q[0], extension.RightDoubleQuote: q[1],
			extension.EnDash: "–", extension.EmDash: "—", extension.Ellipsis: "…",
			extension.LeftAngleQuote: "«", extension.RightAngleQuote: "»",
		}))
	m.Parser().AddOptions(parser.WithInlineParsers(util.Prioritized(&careful{others, q, 0}, 9999)))
}

// careful sets single quotes itself, because goldmark takes each 't and 'e for an English apostrophe. It leaves the
// line before a signature alone.
type careful struct {
	parser.InlineParser
	quotes locale.Marks
	open   int // single quotes of the block that are open
}

// closing is a single quote that may close one.
var closing = regexp.MustCompile(`[^\s']'(?:[^\pL\pN']|$)`)

func (c *careful) Parse(parent ast.Node, reader text.Reader, pc parser.Context) ast.Node {
	line, _ := reader.PeekLine()
	before := reader.PrecendingCharacter()
	if line[0] != '\'' {
		if before == '\n' && string(bytes.Trim(line, " \\\t\r\n")) == "--" {
			return nil
		}
		return c.InlineParser.Parse(parent, reader, pc)
	}
	after, _ := utf8.DecodeRune(line[1:])
	word := unicode.IsLetter(before) || unicode.IsDigit(before)
	sign := "’"
	switch {
	case word && (unicode.IsLetter(after) || unicode.IsDigit(after)):
	case !word && !unicode.IsSpace(after) && len(line) > 1 && closing.Match(line[1:]):
		sign = c.quotes[2]
		c.open++
	case !unicode.IsSpace(before) && c.open > 0:
		sign = c.quotes[3]
		c.open--
	}
	reader.Advance(1)
	node := ast.NewString([]byte(sign))
	node.SetCode(true) // it is written as it is
	return node
}

// CloseBlock forgets the quotes that a block has left open.
func (c *careful) CloseBlock(parent ast.Node, reader text.Reader, pc parser.Context) {
	c.open = 0
	if closer, ok := c.InlineParser.(parser.CloseBlocker); ok {
		closer.CloseBlock(parent, reader, pc)
	}
}
