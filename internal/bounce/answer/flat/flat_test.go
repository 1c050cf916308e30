package flat

import "testing"

// Quoted parts are marked, and what is not shown is left out.
func TestText(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`<style>p{}</style><p>Hi</p><blockquote>no<br>more</blockquote>yes`:   "\nHi\n> no\n> more\nyes",
		`Yes<div class="gmail_quote">On Monday:<div>no</div></div><p>end</p>`: "Yes\n> On Monday:\n> no\n\nend\n",
		`write to <a href="mailto:bob@firm.example?subject=x">Bob</a>`:        "write to Bob <bob@firm.example> ",
		`</div></p><blockquote>open`:                                          "> open",
	} {
		if got := Text(body); got != want {
			t.Errorf("%q: %q, not %q", body, got, want)
		}
	}
}
