package shell

import (
	"os/exec"
	"testing"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		"":                "''",
		"campaign.yaml":   "campaign.yaml",
		"a/b_c-d.e":       "a/b_c-d.e",
		"ann@example.com": "ann@example.com",
		"@*.example.com":  "'@*.example.com'",
		"two words":       "'two words'",
		"it's":            `'it'\''s'`,
		"'":               `''\'''`,
		"$HOME":           "'$HOME'",
		"a;b":             "'a;b'",
		"~":               "'~'",
		"é":               "'é'",
		"a\nb":            "'a\nb'",
		`\`:               `'\'`,
		`city == "Oslo"`:  `'city == "Oslo"'`,
	} {
		if got := Quote(arg); got != want {
			t.Errorf("%q is %s, want %s", arg, got, want)
		}
	}
}

// A shell gives the program what was quoted.
func TestQuoteIsWhatAShellTakes(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	for _, arg := range []string{
		"", "plain", "it's", "''", "a b", "$HOME `id` $(id)", "a\nb\t", `\n\`, "*?[a]{b,c}~!#&|;<>()", "é\xff", `"x"`,
	} {
		out, err := exec.Command(sh, "-c", "printf %s "+Quote(arg)).Output()
		if err != nil || string(out) != arg {
			t.Errorf("%q came as %q, %v", arg, out, err)
		}
	}
}
