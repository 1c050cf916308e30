package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mailshot/internal/sink"
)

// A server is chosen, written into the campaign file and probed: the conversation is shown, its secrets are not.
func TestServer(t *testing.T) {
	for _, width := range []int64{375, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			server, err := sink.Start(sink.Options{Username: "club", Password: "correct-horse"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Close(); err != nil {
					t.Error(err)
				}
			})
			dir, _, _ := club(t)
			file := filepath.Join(dir, "campaign.yaml")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			before, _, _ := strings.Cut(string(text), "server:")
			for name, text := range map[string]string{file: before, filepath.Join(dir, "pw"): "correct-horse\n"} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w := open(t, dir, width)
			w.click(`.card-title a`, ".steps")
			w.click(`.steps a[href$="/server"]`, "#host")
			w.shot(fmt.Sprintf("server-empty-%d", width))
			w.run(chromedp.Evaluate(choose("#preset", "gmail"), nil),
				chromedp.WaitVisible(`[data-preset=gmail]`, chromedp.ByQuery))
			w.shot(fmt.Sprintf("server-preset-%d", width))
			w.click(`.steps a[href$="/server"]`, "#host")
			w.run(chromedp.SendKeys("#host", "127.0.0.1", chromedp.ByQuery),
				chromedp.SendKeys("#port", fmt.Sprint(server.Port()), chromedp.ByQuery),
				chromedp.SetValue("#tls", "none", chromedp.ByQuery),
				chromedp.SendKeys("#username", "club", chromedp.ByQuery),
				chromedp.Click("input[name=secret][value=file]", chromedp.ByQuery),
				chromedp.SendKeys("input[name=file]", "pw", chromedp.ByQuery))
			w.click(`button[data-key=save]`, `[data-result=saved]`)
			want := before + fmt.Sprintf("server:\n  host: 127.0.0.1\n  port: %d\n  tls: none\n  username: club\n"+
				"  password: { file: pw }\n", server.Port())
			if got, err := os.ReadFile(file); err != nil || string(got) != want {
				t.Errorf("%v\n%s\nnot\n%s", err, got, want)
			}
			w.click(`[data-server] .actions button`, `[data-probe=good]`)
			w.shot(fmt.Sprintf("server-probed-%d", width))
			if s := w.text(".talk"); !strings.Contains(s, "AUTH PLAIN [secret]") || strings.Contains(s, "correct-horse") {
				t.Errorf("%q", s)
			}
			w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
				chromedp.Evaluate(choose("select[name=language]", "fa"), nil),
				chromedp.WaitVisible(`html[lang=fa] h1`, chromedp.ByQuery))
			w.shot(fmt.Sprintf("server-fa-dark-%d", width))
		})
	}
}

// choose is a script that chooses in a select, and sends its form.
func choose(selector, value string) string {
	return fmt.Sprintf("{ const s = document.querySelector(%q); s.value = %q; s.form.requestSubmit(); }", selector, value)
}
