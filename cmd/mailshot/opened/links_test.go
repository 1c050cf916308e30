package opened

import (
	"slices"
	"testing"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	m := &Message{HTML: `<a href=" https://a.example/?x=1&amp;y=2 ">one <b>more</b></a><a name=x>no</a>` +
		`<a href="mailto:b@example.com"><img alt="write" src="cid:1"></a><map><area href=/c></map><p>https://text.example`}
	want := []Link{{"one more", "https://a.example/?x=1&y=2"}, {"write", "mailto:b@example.com"}, {"", "/c"}}
	if got := m.Links(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// What a browser would fetch when it shows the HTML.
func TestRemote(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]bool{
		`<img src="https://a.example/x.png">`: true, `<img src="//a.example/x.png">`: true, `<table background="HTTP://a.example/x">`: true,
		`<p style="background: url(https://a.example/x)">`: true, `<style>p { background: url('http://a.example') }</style>`: true,
		`<img srcset="https://a.example/x 2x">`: true, `<img src="cid:1"><img src="data:image/png;base64,AA">`: false,
		`<a href="https://a.example">https://a.example</a>`: false, ``: false,
	} {
		if got := (&Message{HTML: html}).Remote(); got != want {
			t.Errorf("%s: %v", html, got)
		}
	}
}
