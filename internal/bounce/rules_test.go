package bounce

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, text string) *Mail {
	t.Helper()
	m, err := Read(strings.NewReader(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shortly says reports in the words of the rules.
func shortly(all []Report) []string {
	var out []string
	for _, r := range all {
		reason := string(r.Reason)
		if reason == "" {
			reason = "-"
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Kind, reason, r.Recipient)))
	}
	return out
}

// Every rule for notices means what its examples say, and is the one that decides them.
//
// Broken on purpose: without the rule for sendmail, the first recipient of its transcript has the reason of the last.
func TestNoticeRules(t *testing.T) {
	t.Parallel()
	for _, r := range book().notices {
		for _, e := range r.examples {
			if got := shortly(read(t, e.text).Reports); !slices.Equal(got, e.want) {
				t.Errorf("%s:\n%sgot  %q\nwant %q", r.name, e.text, got, e.want)
			}
		}
	}
	if len(book().notices) < 45 {
		t.Errorf("only %d rules", len(book().notices))
	}
}

// Every entry of reasons.txt decides its example.
func TestReasonRules(t *testing.T) {
	t.Parallel()
	for _, one := range book().reasons {
		if one.example == "" {
			t.Errorf("%v has no example", one.any)
			continue
		}
		var r Report
		w := words{text: one.example, final: true, to: one.to, host: one.host}
		if w.decide(&r); r.Reason != one.reason || !one.says(w.plain()) {
			t.Errorf("%q: %s, want %s", one.example, r.Reason, one.reason)
		}
	}
}

// A recipient is a whole address, and one that was sent to.
//
// Broken on purpose: with a rule that takes any dash for the end of an address the first is ann@m, and without nobodyAfter the
// second is the Message-ID.
func TestWholeRecipients(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Undeliverable.\n\n<ann@m-one.example>\n550 User unknown\n":                                           "bounce hard ann@m-one.example",
		"Undeliverable.\n\nMessage-ID: <4711@m1.example>\n\nUser unknown":                                     "bounce unknown",
		"Undeliverable: invalid address.\n\nIf you have any questions, please contact us\nat help@m1.example": "bounce unknown",
		"Undeliverable: 550-'ann@example.com... No such user' for mail to ann@example.com":                    "bounce hard ann@example.com",
	} {
		m := read(t, "From: postmaster@mx.example.com\nSubject: Undeliverable\n\n"+text)
		if got := shortly(m.Reports); !slices.Equal(got, []string{want}) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A person who answers and quotes a server's reply has sent no bounce, whatever the address.
//
// Broken on purpose: without the subject of the rule for any reply it is a bounce.
func TestPostmasterAnswers(t *testing.T) {
	t.Parallel()
	m := read(t, "From: postmaster@mx.example.com\nTo: b@example.org\nSubject: Re: News\nIn-Reply-To: <1@example.org>\n\n"+
		"Our server said 550 5.7.1 to you. We mended that.\n\nAnn\n")
	if got := shortly(m.Reports); !slices.Equal(got, []string{"human reply - postmaster@mx.example.com"}) {
		t.Errorf("%q", got)
	}
}

// What servers and programs write right behind an address is not of it.
//
// Broken on purpose: with a domain that may have two dots in a row, the first has no reason.
func TestBesideAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Reason{
		"550 ann@example.com...User unknown":                                                 Hard,
		"550 <ann@example.com>: usuario desconocido o lleno":                                 Unknown,
		"552 ann@example.com...mailbox full":                                                 Full,
		"554 5.7.1 User unknown or sender not allowed":                                       Unknown,
		"550 No such domain for your HELO name":                                              Policy,
		"no se encontró la dirección de correo electrónico que figura como remitente":        Unknown,
		"550 User unknown or mailbox full":                                                   Unknown,
		"Undeliverable.\n\nThis mail was scanned for viruses by\nExample Scan and is clean.": Unknown,
		"550 ann@mail-1.example.co.uk. No such user here":                                    Hard,
		"550 no existe o mailbox lleno: <ann@bücher.example>.":                               Unknown,
	} {
		var r Report
		words{text: text, final: true, to: "ann@example.com"}.decide(&r)
		if r.Reason != want {
			t.Errorf("%q: %s, want %s", text, r.Reason, want)
		}
	}
}
