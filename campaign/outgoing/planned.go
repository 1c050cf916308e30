package outgoing

import (
	"context"
	"fmt"
	"strings"

	"mailshot/campaign/caps"
	"mailshot/campaign/check"
	"mailshot/render"
	"mailshot/render/address"
	"mailshot/sender"
)

// Planned finds what a plan has to say of the copies of one message: those that will be left out, and caps under which
// the message could never go. screen gives the reason why nobody may mail an address. The findings have no place.
func Planned(ctx context.Context, copies []render.Copy, screen func(ctx context.Context, key string) (string, error),
	terms caps.Terms, group func(domain string) string) (found []check.Finding, err error) {
	if len(copies) == 0 {
		return nil, nil
	}
	in := map[string]int64{} // recipients by group
	for _, c := range copies {
		in[group(strings.ToLower(c.Address[strings.LastIndexByte(c.Address, '@')+1:]))]++
		why, err := screen(ctx, c.Key)
		if err != nil {
			return nil, err
		}
		if why != "" {
			found = append(found, check.Finding{Code: "suppressed-copy", Severity: check.Warning,
				Text: "the copy for " + c.Address + " is left out: " + why,
				Hint: "the message goes to its recipient and to the others"})
		}
	}
	limits := terms.Domains()
	tight := func(recipients int64, cap string, whose string) {
		found = append(found, check.Finding{Code: "too-many-recipients", Severity: check.Error,
			Text: fmt.Sprintf("the message has %d recipients with its copies, and the cap %s%s never allows so many at once",
				recipients, whose, cap),
			Hint: "each recipient counts, and all of a message at once: raise the cap, or name fewer copies"})
	}
	for _, s := range terms.Servers {
		if n, cap := caps.Least(terms.Allowance(s).Limits); n > 0 && int64(len(copies)+1) > n {
			tight(int64(len(copies)+1), cap, "")
			return found, nil
		}
	}
	for name, n := range in {
		if l, ok := limits[name]; ok {
			if most, cap := caps.Least([]sender.Limit{l}); most > 0 && n > most {
				tight(n, cap, name+" ")
			}
		}
	}
	return found, nil
}

// BeyondASCII is a warning about an address that not every server takes.
func BeyondASCII(place string, to address.Address) check.Finding {
	return check.Finding{
		Code: "needs-smtputf8", Severity: check.Warning, Place: place,
		Text: to.Unicode() + " has letters beyond ASCII before the @, which many servers do not take",
		Hint: "mailshot probe CAMPAIGN says whether yours offers SMTPUTF8; " +
			"without it this recipient is refused, and the others go",
	}
}
