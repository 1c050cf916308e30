package auth

import (
	"errors"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for offered, want := range map[string]string{
		"PLAIN LOGIN": "PLAIN", "LOGIN PLAIN": "PLAIN", "login": "LOGIN", "NTLM plain": "PLAIN", "": "", "NTLM": "", "PLAIN-CLIENTTOKEN": "",
	} {
		c, err := Choose(strings.Fields(offered), "ann", "pw")
		if want == "" {
			var none *NoMechanismError
			if !errors.As(err, &none) || strings.Join(none.Offered, " ") != offered {
				t.Errorf("%q: %v", offered, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if name, _, _ := c.Start(); name != want {
			t.Errorf("%q: %s, want %s", offered, name, want)
		}
	}
	for _, pair := range [][2]string{{"a\x00b", "secretpw"}, {"ann", "secret\x00pw"}} {
		if _, err := Choose([]string{"PLAIN"}, pair[0], pair[1]); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", pair, err)
		}
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	c := Login("ann", "pw")
	if _, initial, _ := c.Start(); initial != nil {
		t.Errorf("initial response %q", initial)
	}
	for _, want := range []string{"ann", "pw"} {
		if got, err := c.Next([]byte("whatever")); string(got) != want || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if got, err := c.Next([]byte("Password:")); err == nil {
		t.Errorf("third challenge answered with %q", got)
	}
}
