package accounts

import (
	"testing"
)

// An unsubscribe holds for its topic, or for all newsletters and notices of its sender; what is about everything holds
// for everything. The list, a screen of it and its news say the same.
func TestTopics(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	ctx := t.Context()
	mails := map[string]Mail{
		"news": {Domain: "acme.example", Topic: "news"}, "offers": {Domain: "acme.example", Topic: "Offers"},
		"bulk": {Domain: "acme.example"}, "invoice": {Domain: "acme.example", Transactional: true},
		"billing": {Domain: "acme.example", Topic: "billing", Transactional: true},
		"other":   {Domain: "other.example", Topic: "news"},
	}
	early := map[string]*Screen{}
	for name, m := range mails {
		s, err := a.Screen(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		early[name] = s
	}
	for _, e := range []Entry{
		{Domain: "acme.example", Topic: "news", Key: "ann@example.com"},
		{Domain: "acme.example", Topic: "offers", Key: "ann@example.com"},
		{Domain: "acme.example", Topic: Bulk, Key: "bob@example.com"},
		{Domain: "acme.example", Key: "cat@example.com"}, // bounced
		{Topic: "news", Key: "dan@example.com"},
		{Domain: "acme.example", Topic: "billing", Key: "eve@example.com"},
		{Domain: "acme.example", Topic: "news", Key: "@example.net"},
	} {
		if err := a.Suppress(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Suppress(ctx, Entry{Domain: "acme.example", Topic: "news",
		Key: mustHide(t, a, "fay@example.com")}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][]string{
		"ann@example.com": {"news", "offers"},
		"bob@example.com": {"news", "offers", "bulk"},
		"cat@example.com": {"news", "offers", "bulk", "invoice", "billing"},
		"dan@example.com": {"news", "other"},
		"eve@example.com": {"billing"},
		"fay@example.com": {"news"},
		"gus@example.net": {"news"},
		"hal@example.com": nil,
	} {
		wants := map[string]bool{}
		for _, name := range want {
			wants[name] = true
		}
		for name, m := range mails {
			if err := early[name].News(ctx); err != nil {
				t.Fatal(err)
			}
			late, err := a.Screen(ctx, m)
			if err != nil {
				t.Fatal(err)
			}
			_, listed, err := a.Suppressed(ctx, m, key)
			_, screened, err2 := late.Suppressed(ctx, key)
			_, newly, err3 := early[name].Suppressed(ctx, key)
			if listed != wants[name] || screened != listed || newly != listed || err != nil || err2 != nil || err3 != nil {
				t.Errorf("%s of %s: %v %v %v, want %v", key, name, listed, screened, newly, wants[name])
			}
		}
	}
}

func mustHide(t *testing.T, a *Accounts, key string) string {
	t.Helper()
	hidden, err := a.hidden(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return hidden
}

// An entry is taken off by its topic, or whatever its topic is. Whoever left by a token and was forgotten is on the
// list twice; what a forget that was not done takes back is its own.
func TestUnsuppressTopic(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	ctx := t.Context()
	const ann = "ann@example.com"
	for _, topic := range []string{"", Bulk, "news", "offers"} {
		if err := a.Suppress(ctx, Entry{Domain: "acme.example", Topic: topic, Key: ann}); err != nil {
			t.Fatal(err)
		}
	}
	left := func(want int) {
		t.Helper()
		if list, err := a.Entries(ctx, ann); err != nil || len(list) != want {
			t.Errorf("%d entries, want %d (%v)", len(list), want, err)
		}
	}
	for _, tt := range []struct {
		topic string
		on    bool
		left  int
	}{{"news", true, 3}, {"news", false, 3}, {"", true, 0}, {"", false, 0}} {
		if on, err := a.Unsuppress(ctx, "acme.example", tt.topic, ann); err != nil || on != tt.on {
			t.Errorf("%q: %v %v", tt.topic, on, err)
		}
		left(tt.left)
	}
	hash, err := a.AddressHash(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Suppress(ctx, Entry{Domain: "acme.example", Topic: "news", Key: HiddenKey(hash(ann))}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Hide(ctx, ann); err != nil {
		t.Fatal(err)
	}
	left(2)
	if err := a.Unhide(ctx, ann); err != nil {
		t.Fatal(err)
	}
	left(1)
}
