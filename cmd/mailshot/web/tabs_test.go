package web_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// A browser has six connections for a window, and a stream of events holds one as long as it is open. Only the tab
// that is looked at has one, so that many tabs are whole. With a stream in each, the seventh waited for ever, and no
// run could be paused from it.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"campaign.yaml": "id: a\nfrom: a@example.com\nsubject: x\nrecipients: { file: to.csv }\nbody: { text: body.txt }\n",
		"to.csv":        "email\nann@example.com\n", "body.txt": "Hello\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := open(t, dir, 1280)
	u, err := url.Parse(w.Address())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		tab, end := chromedp.NewContext(w.ctx)
		defer end()
		if err := chromedp.Run(tab); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(tab, most)
		err := chromedp.Run(ctx, chromedp.Navigate("http://"+u.Host+"/c/campaign.yaml/people"),
			chromedp.WaitVisible("main h1", chromedp.ByQuery))
		cancel()
		if err != nil {
			t.Fatalf("tab %d: %v", i+1, err)
		}
	}
}
