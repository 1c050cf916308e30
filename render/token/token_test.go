package token_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailshot/render/token"
)

var (
	secret = bytes.Repeat([]byte{7}, 32)
	news   = token.Campaign{ID: "news-2026-11", Domain: "acme.example", Topic: "news"}
)

func made(secret []byte, c token.Campaign, u token.Use, rehearsal bool, name string) string {
	return string(token.New(secret, c, u, rehearsal).Append(nil, name))
}

const letters = "abcdefghijklmnopqrstuvwxyz234567"

// A token says what it names, in 52 letters that a mail address and a link take as they are. The same person of the
// same campaign has the same one each time.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, u := range []token.Use{token.Unsubscribe, token.ReturnPath, token.Envelope} {
		for _, rehearsal := range []bool{false, true} {
			text := made(secret, news, u, rehearsal, "ann@example.com")
			if len(text) != token.Length || token.Length != 52 || strings.Trim(text, letters) != "" {
				t.Errorf("%q is not 52 letters of base32", text)
			}
			got, err := token.Read(secret, text)
			if err != nil || got.Use != u || got.Rehearsal != rehearsal || got.Campaign != token.Of(secret, news) {
				t.Errorf("%s: %+v, %v", text, got, err)
			}
			if made(secret, news, u, rehearsal, "ann@example.com") != text {
				t.Error("another token for the same person")
			}
		}
	}
}

// No other letter in any place makes a token that is taken, nor do bits that say nothing.
func TestAltered(t *testing.T) {
	t.Parallel()
	text := made(secret, news, token.Unsubscribe, false, "ann@example.com")
	for i := range text {
		for _, r := range letters {
			altered := text[:i] + string(r) + text[i+1:]
			if altered == text {
				continue
			}
			if got, err := token.Read(secret, altered); err == nil {
				t.Fatalf("%q for %q at %d is taken: %+v", r, text[i], i, got)
			}
		}
	}
	for _, forged := range []string{"", text[:51], text + "a", strings.ToUpper(text), strings.Repeat("a", 52),
		text[1:] + text[:1], strings.Repeat("7", 52), text[:32], text[32:]} {
		if got, err := token.Read(secret, forged); err == nil {
			t.Errorf("%q is taken: %+v", forged, got)
		}
	}
}

// Each part tells: another secret, campaign, sender, topic, person, use, and a rehearsal.
func TestApart(t *testing.T) {
	t.Parallel()
	other := bytes.Repeat([]byte{9}, 32)
	seen := map[string]bool{}
	for _, s := range [][]byte{secret, other} {
		for _, c := range []token.Campaign{news, {ID: "news-2026-12", Domain: "acme.example", Topic: "news"},
			{ID: "news-2026-11", Domain: "acme.test", Topic: "news"}, {ID: "news-2026-11", Domain: "acme.example"}} {
			for _, u := range []token.Use{token.Unsubscribe, token.ReturnPath, token.Envelope} {
				for _, name := range []string{"ann@example.com", "bob@example.com"} {
					for _, rehearsal := range []bool{false, true} {
						text := made(s, c, u, rehearsal, name)
						if seen[text] {
							t.Fatalf("%s twice: %v %v %s", text, c, u, name)
						}
						seen[text] = true
					}
				}
			}
		}
	}
	if _, err := token.Read(other, made(secret, news, token.Unsubscribe, false, "ann@example.com")); !errors.Is(err,
		token.ErrOther) {
		t.Errorf("of another secret: %v", err)
	}
}

// The use is not a label that somebody may change: a report's envelope id, in which only the use is another one, does
// not unsubscribe.
func TestUseIsOfTheKey(t *testing.T) {
	t.Parallel()
	envelope := made(secret, news, token.Envelope, false, "ann@example.com")
	leave := made(secret, news, token.Unsubscribe, false, "ann@example.com")
	for _, forged := range []string{leave[:2] + envelope[2:], envelope[:2] + leave[2:]} {
		if got, err := token.Read(secret, forged); err == nil {
			t.Errorf("%s is taken: %+v", forged, got)
		}
	}
}

// Each use has a key of its own: whoever gets hold of the key of one use can make no token of another. The octets are
// put together here by hand, as the package's comment says.
//
// Seen to fail: with one key for all uses.
func TestKeyOfEachUse(t *testing.T) {
	t.Parallel()
	mac := func(key []byte, parts ...string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(strings.Join(parts, "\x00")))
		return h.Sum(nil)
	}
	names := map[token.Use]string{token.Unsubscribe: "unsubscribe", token.ReturnPath: "return path",
		token.Envelope: "envelope"}
	small := base32.NewEncoding(letters).WithPadding(base32.NoPadding)
	for u := range names {
		text := made(secret, news, u, false, "ann@example.com")
		octets, err := small.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for other, name := range names {
			with := small.EncodeToString(append(slices.Clone(octets[:22]),
				mac(mac(secret, "", "token", name), string(octets[:22]))[:10]...))
			if _, err := token.Read(secret, with); (err == nil) != (other == u) || other == u && with != text {
				t.Errorf("of %s, with the key of %s: %v", u, name, err)
			}
		}
	}
}

// People paste what they have: in capitals, in pieces, within a link, a sentence or a header field.
func TestFind(t *testing.T) {
	t.Parallel()
	text := made(secret, news, token.Unsubscribe, false, "ann@example.com")
	old := strings.Repeat("abc2", 8)
	for _, pasted := range []string{
		text, strings.ToUpper(text), " " + text + "\n", text[:40] + "\n" + text[40:], text[:20] + " \r\n\t" + text[20:50] +
			" " + text[50:],
		"https://www.acme.example/u/" + text, "https://acme.example/u?t=" + text + "&x=1", "<https://acme.example/u/" +
			text + ">",
		"https://acme.example/u/" + text[:30] + "\n" + text[30:], "the token is " + text + ".", "Token: " +
			strings.ToUpper(text[:32]) + " " + text[32:],
		"https://ann@acme.example/" + text,
	} {
		if found := token.Find(pasted); !slices.Contains(found, text) {
			t.Errorf("%q: %q", pasted, found)
		}
	}
	for _, pasted := range []string{old, "https://acme.example/u/" + old, strings.ToUpper(old[:16]) + "\n" + old[16:]} {
		if found := token.Find(pasted); !slices.Contains(found, old) {
			t.Errorf("%q: %q", pasted, found)
		}
	}
	for _, pasted := range []string{"", "ann@example.com", old + "@example.com", text + "@example.com", "@example.com",
		old[1:], text + "a",
		strings.Repeat("a0", 16)} {
		if found := token.Find(pasted); len(found) > 0 {
			t.Errorf("%q has %q", pasted, found)
		}
	}
}

// One maker serves all goroutines.
func TestTogether(t *testing.T) {
	t.Parallel()
	m := token.New(secret, news, token.Unsubscribe, false)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name := strings.Repeat("a", i+1) + "@example.com"
			want := made(secret, news, token.Unsubscribe, false, name)
			for range 500 {
				if got := string(m.Append([]byte("x"), name)); got != "x"+want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
		})
	}
	wg.Wait()
}
