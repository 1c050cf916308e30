package message_test

import (
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/campaign/message"
	"mailshot/render"
)

// A Message-ID is bare, and is that of one secret, campaign and key.
func TestIDOfOne(t *testing.T) {
	t.Parallel()
	d := &definition.Definition{From: definition.Text{Text: "News <news@example.org>"}}
	make := func(secret, campaign, key string) string {
		return message.ID(d, render.ShortID, []byte(secret), campaign, key)
	}
	id := make("secret", "news", "ann")
	if left, ok := strings.CutSuffix(id, "@example.org"); !ok || left == "" || strings.ContainsAny(id, "<>") {
		t.Errorf("%q", id)
	}
	for _, other := range []string{make("other", "news", "ann"), make("secret", "olds", "ann"),
		make("secret", "news", "bob")} {
		if other == id {
			t.Errorf("%q is another message's too", id)
		}
	}
}
