package definition

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/internal/shell"
	"mailshot/internal/stdin"
)

// Stdin is what stands for standard input where a file is named.
const Stdin = "-"

// mostPiped is how many bytes of a body are read from standard input.
const mostPiped = 4 << 20

// bodyFile reads the name of a file of the body, or Stdin.
func bodyFile(into *Text) schema.Reader {
	file := schema.File(into)
	return func(dec *schema.Decoder, n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Value == Stdin {
			*into, _ = dec.Scalar(n)
			return
		}
		file(dec, n)
	}
}

// checkPiped reads the body from standard input where that is one. in is nil where nobody needs the body. Standard
// input can be one thing of a campaign.
func (d *Definition) checkPiped(dec *schema.Decoder, in io.Reader) {
	var bodies []*yaml.Node
	var keys []string
	for _, part := range []struct {
		key  string
		text Text
	}{{"body.markdown", d.Body.Markdown}, {"body.html", d.Body.HTML}, {"body.text", d.Body.Text}} {
		if n := dec.Given(part.key); n != nil && part.text.Given() && part.text.Text == Stdin {
			bodies, keys = append(bodies, n), append(keys, part.key)
		}
	}
	if n := dec.Given("recipients.file"); n != nil && len(bodies) > 0 && d.Recipients.File == Stdin {
		bodies, keys = append(bodies, n), append(keys, "recipients.file")
	}
	if len(bodies) > 1 {
		for i, n := range bodies {
			dec.Report(n, "bad-value", fmt.Sprintf("standard input is also to be %s", keys[(i+1)%len(keys)]),
				"name a file for all but one of them")
		}
		return
	}
	if len(bodies) == 0 || in == nil {
		return
	}
	text, err := stdin.Text(in, mostPiped)
	switch {
	case err != nil:
		dec.Report(bodies[0], "bad-value", "standard input is to be the body: "+err.Error(), "")
	case strings.TrimSpace(text) == "":
		dec.Report(bodies[0], "no-body", "standard input is to be the body, and it is a terminal, closed or empty",
			"give the body, also to a campaign that goes on: mailshot send "+shell.Quote(d.Name)+" < body.txt")
	}
	d.Piped = text
}
