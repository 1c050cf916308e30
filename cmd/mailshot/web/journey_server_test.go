package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mailshot/internal/sink"
)

// A server is chosen, written into the campaign file and probed: the conversation is shown, its secrets are not.
func TestServer(t *testing.T) {
	waysOf(t, 3, func(t *testing.T, y way) {
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
		w := openBy(t, dir, y)
		w.click(`.card-title a`, ".steps")
		w.click(`.steps a[href$="/server"]`, "#host")
		w.shot(fmt.Sprintf("server-empty-%d", y.width))
		w.preset("gmail")
		w.shot(fmt.Sprintf("server-preset-%d", y.width))
		w.click(`.steps a[href$="/server"]`, "#host")
		w.fill("#host", "127.0.0.1")
		w.fill("#port", fmt.Sprint(server.Port()))
		w.pick("#tls", "none")
		w.fill("#username", "club")
		w.use("input[name=secret][value=file]")
		w.fill("input[name=file]", "pw")
		w.click(`button[data-key=save]`, `[data-result=saved]`)
		want := before + fmt.Sprintf("server:\n  host: 127.0.0.1\n  port: %d\n  tls: none\n  username: club\n"+
			"  password: { file: pw }\n", server.Port())
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%v\n%s\nnot\n%s", err, got, want)
		}
		w.click(`[data-server] .actions button`, `[data-probe=good]`)
		w.click(".said summary", ".talk")
		w.shot(fmt.Sprintf("server-probed-%d", y.width))
		if s := w.text(".talk"); !strings.Contains(s, "AUTH PLAIN [secret]") || strings.Contains(s, "correct-horse") {
			t.Errorf("%q", s)
		}
		w.inLanguage("fa")
		w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme",
			Value: "dark"}}))
		w.shot(fmt.Sprintf("server-fa-dark-%d", y.width))
	})
}

// preset chooses a provider.
func (w *window) preset(name string) {
	w.Helper()
	w.pick("#preset", name)
	then := "[data-preset=" + name + "]"
	switch w.hand {
	case keyboard:
		w.run(chromedp.KeyEvent(kb.Enter))
		w.wait(then)
	case scriptless:
		w.click(".preset button", then)
	case pointer:
		w.wait(then)
	}
}
