package target

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// What is said quickly of an address must never hide what the slow way finds. The parts are those that the rules are
// about. Seen to fail with mayBeField that did not look for "%r", and with Plain taking an escape at the end.
func TestQuick(t *testing.T) {
	t.Parallel()
	parts := strings.Fields(`{ {{ [[ ]] }} %7b %7B %7d %7D ${ <% *| |* %% %recipient. %RECIPIENT.name% [NAME] % %2 %20 %20%20 ` +
		`https:// http:// HTTPS:// htps:// mailto: www. mail. shop. news. your my MY Your- ihre deine meine votre tu su tuo jouw uw ` +
		`insert link domain domain-name .com .tld .de .example site stage. staging- preprod. uat2. acme. a.example 127.1 0x7f.1 ` +
		`127.0.0.1 @ u.v@ [::1] ::1 :8080 . .. / /? & = # ab 1 017700000001 é ` + "\u00a0x \u200b\u200c xn--")
	chance := rand.New(rand.NewPCG(3, 4))
	n := 200_000
	if testing.Short() {
		n = 20_000
	}
	for range n {
		var b strings.Builder
		for range 1 + chance.IntN(5) {
			b.WriteString(parts[chance.IntN(len(parts))])
		}
		s := b.String()
		if !mayBeField(s) && encoded.MatchString(s) {
			t.Fatalf("%q has a field", s)
		}
		if !mayBePlaceholder(s) && placeholder.MatchString(s) {
			t.Fatalf("%q was to be replaced", s)
		}
		if lower := strings.ToLower(s); !mayBeStaging(lower) && staging.MatchString(lower) {
			t.Fatalf("%q is one for trials", s)
		}
		if ip, err := netip.ParseAddr(s); err == nil {
			if is, ok := number4(s); !ok || is != ip {
				t.Fatalf("%q is a number", s)
			}
		}
		address := "https://acme.example/" + s
		for _, whole := range []string{s, address} {
			if says := Of(whole); Plain([]byte(whole)) && says.Code != "" && !slices.Contains(shorteners, whole) {
				t.Fatalf("%q is plain, and %+v", whole, says)
			}
		}
	}
}

// Most addresses with a cell in them are plain, also where the cell has a blank or a sign.
func TestPlainEscapes(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://acme.example/?city=New%20York%20%26%20Co&amp;x=1": true, "https://acme.example/%d9%81%d8%a7?x": true,
		"https://acme.example/?x=%20": false, "https://acme.example/%7B%7Bname%7D%7D": false, "https://acme.example/%zz1": false,
		"https://acme%2eexample/x": false, "https://acme.example/%%name%%": false,
	} {
		if got := Plain([]byte(address)); got != want {
			t.Errorf("%s is plain: %v", address, got)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		Of("https://www.acme.example/meet?for=K17&city=New%20York%20%26%20Co%20")
	}
}
