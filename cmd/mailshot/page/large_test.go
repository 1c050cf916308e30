package page

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mailshot/campaign/check"
)

// newsletter is HTML of about forty kilobytes, in long lines as frameworks write it.
var newsletter = func() string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html><head><style>p{color:#222}</style></head><body><p>Hello %s,</p>`)
	for i := range 300 {
		fmt.Fprintf(&b,
			`<table role="presentation"><tr><td style="padding:%dpx;color:#%06x">Book %d is about %x.</td></tr></table>`,
			i%30, i*7919, i, i*104729)
	}
	b.WriteString(`<a href="https://club.example/u/%[2]s">Unsubscribe</a></body></html>`)
	return b.String()
}()

// Ten thousand newsletters are a few megabytes, whatever they weigh alone; writing them takes no more memory than two
// thousand; a browser has a screenful of rows, and finds the one of whom a text speaks.
//
// Seen to fail without the copies from what is shared: the file had 80 MB. It does not run beside other tests: what they
// keep in memory would count.
func TestTenThousand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gallery.html")
	v, err := New(file, "club")
	if err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early uint64
	var octets int64
	start := time.Now()
	for i := range 10_000 {
		name := fmt.Sprintf("Person %d of %x", i, i*7907)
		m := mail{fmt.Sprintf("p%d@example.com", i), name + ", what we read", "Hello " + name + "\r\nBooks.\r\n",
			fmt.Sprintf(newsletter, name, fmt.Sprintf("%x", i*15485863)), nil}
		if i == 7777 {
			m.text += "The cellar is open.\r\n"
		}
		raw := m.octets()
		octets += int64(len(raw))
		err := v.Add(Message{Number: int64(i + 1), Place: fmt.Sprintf("people.csv:%d", i+2), Key: m.to, Name: name,
			Address: m.to, Subject: m.subject, Octets: raw})
		if err != nil {
			t.Fatal(err)
		}
		if i == 2000 {
			early = heap()
		}
	}
	if late := heap(); late > early+16<<20 {
		t.Errorf("memory: %d MB after 2,000 messages, %d MB after 10,000", early>>20, late>>20)
	}
	if err := v.Close(Summary{Whole: true, Report: &check.Report{Rows: 10_000,
		Counts: map[string]int64{"pending": 10_000}}}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB of messages are %.1f MB, written in %v", octets>>20, float64(info.Size())/1e6, time.Since(start))
	if info.Size() > 30e6 {
		t.Errorf("%d octets", info.Size())
	}
	r := look(t, file, 1280, false)
	var ready, rows float64
	r.eval("performance.now()", &ready)
	r.run(chromedp.Evaluate(`document.getElementById("list").scrollTop = 300000`, nil))
	r.wait(`[...document.querySelectorAll("#rows .row")].some(e => e.dataset.row === "5003")`)
	r.eval(`document.querySelectorAll("#rows .row").length`, &rows)
	if rows > 40 {
		t.Errorf("%v rows are in the page", rows)
	}
	var frames []float64
	r.eval(`new Promise(done => { const list = document.getElementById("list"), at = []; let n = 0
		const step = now => { at.push(now); list.scrollTop += 900; if (++n < 60) requestAnimationFrame(step); else done(at.slice(1).map((x, i) => x - at[i])) }
		requestAnimationFrame(step) })`, &frames)
	longest := 0.0
	for _, f := range frames {
		longest = max(longest, f)
	}
	start = time.Now()
	r.eval(`new Promise(done => { const q = document.getElementById("query"), h = document.getElementById("hits")
		q.value = "books cellar"; q.dispatchEvent(new Event("input"))
		new MutationObserver(() => { if (h.textContent === "1 message of 10,000") done(true) }).observe(h, { childList: true, characterData: true, subtree: true }) })`, nil)
	t.Logf("open after %.0f ms, the longest of %d frames of scrolling %.0f ms, a search in all texts %v", ready,
		len(frames), longest, time.Since(start))
}
