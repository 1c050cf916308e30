package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// composed is the page of the message of a campaign whose list has five rows.
func composed(t *testing.T, width int64, body string) *window {
	t.Helper()
	dir := t.TempDir()
	list := "email,name\n"
	for i := range 5 {
		list += fmt.Sprintf("p%d@example.com,P%d\n", i+1, i+1)
	}
	for name, text := range map[string]string{
		"campaign.yaml": "id: a\nfrom: a@example.com\nsubject: x\nrecipients: { file: a.csv }\nbody: { text: a.txt }\n",
		"a.csv":         list, "a.txt": body,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := open(t, dir, width)
	w.run(chromedp.Navigate("http://"+host(w.Address())+"/c/campaign.yaml/message?view=text"),
		chromedp.WaitVisible("#preview .facts", chromedp.ByQuery), chromedp.WaitVisible(".who .of", chromedp.ByQuery))
	return w
}

// script evaluates the body of an async function, and returns what it returns as text.
func (w *window) script(body string) string {
	w.Helper()
	var said string
	w.run(chromedp.Evaluate("(async () => { const $ = (s) => document.querySelector(s);\n"+
		"const until = async (f) => { while (!f()) await new Promise((r) => setTimeout(r, 20)); };\n"+body+" })().then(String)",
		&said, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return said
}

// The copy of the text is as high as the text after any of its lines, so that numbers and marks are at their lines:
// tabs, marks that combine, emoji, long words, and lines of either direction. Seen to fail without the copy's
// tab-size.
func TestOverlayInStep(t *testing.T) {
	for _, width := range []int64{375, 1280} {
		w := composed(t, width, "x\n")
		if got := w.script(`
			const long = "مرحبا بالعالم سلام دنیا ".repeat(9);
			const lines = ["plain", "", "\t\ttabs\tin\tit ".repeat(9), "e\u0301o\u0302\u0323 ".repeat(60),
				"👩‍👩‍👧😀🇮🇷 ".repeat(30), "x".repeat(300), long, "{{.name}} " + long,
				"mixed سلام {{.name | upper}} دنیا abc ".repeat(6), "trailing   ".repeat(20),
				"{{" + "a".repeat(200) + "}}" + "b".repeat(90), "\u00a0".repeat(150), "漢字かな".repeat(40),
				"نام\u200cها {{col \"نام\u200cها\"}} ".repeat(12), "\u202eabc {{.x}}\u202c ".repeat(20),
				"<a href=\"https://example.com/" + "path/".repeat(40) + "\">", "a-b-c-".repeat(50), "end"];
			const area = $("#text"), wrong = [];
			for (const dir of ["ltr", "auto", "rtl"]) {
				area.dir = dir;
				for (let n = 1; n <= lines.length; n++) {
					area.value = lines.slice(0, n).join("\n") + "\n".repeat(40);
					area.dispatchEvent(new Event("input", { bubbles: true }));
					const copy = $(".mirror");
					const is = copy.children.length + " lines, " + copy.scrollHeight + " px";
					const want = n + 40 + " lines, " + area.scrollHeight + " px";
					if (is !== want) wrong.push(dir + " " + n + ": " + is + ", not " + want);
				}
			}
			delete area.dataset.dirty;
			return wrong.join("\n");`); got != "" {
			t.Errorf("%d px:\n%s", width, got)
		}
	}
}

// The pager says which message is shown: also after a number was typed into it, and when the answer to an older
// question comes late. Seen to fail where what was typed stays, and where any answer is taken.
func TestPagerInStep(t *testing.T) {
	w := composed(t, 1280, "Hello {{.name}}\n")
	w.run(chromedp.SendKeys(".pager [name=row]", kb.End+kb.Backspace+"3"+kb.Enter, chromedp.ByQuery),
		chromedp.WaitVisible(`.facts[data-row="3"]`, chromedp.ByQuery),
		chromedp.Click("[data-key=next]", chromedp.ByQuery), chromedp.WaitVisible(`.facts[data-row="4"]`, chromedp.ByQuery))
	if got := w.script(`return $(".pager [name=row]").value + $("[data-editor] [name=row]").value`); got != "44" {
		t.Errorf("the rows are %s, and the message is that of 4", got)
	}
	if got := w.script(`
		const real = window.fetch;
		let polls = 0, looking = true, release;
		const held = new Promise((r) => { release = r; });
		window.fetch = async (what, how) => {
			const answer = await real(what, how);
			if (typeof what === "string" && ++polls === 1) await held; // the page asks by itself
			if (typeof what === "string" || !looking) return answer;
			const page = (await answer.text()).replace('id="survey"', 'id="survey" data-poll');
			return new Response(page, { headers: answer.headers });
		};
		const row = (n) => until(() => $(".facts").dataset.row === n);
		$("[data-key=previous]").click();
		await row("3");
		await until(() => polls === 1);
		looking = false;
		$("[data-key=next]").click();
		await row("4");
		release();
		await new Promise((r) => setTimeout(r, 300));
		return $(".pager [name=row]").value;`); got != "4" {
		t.Errorf("after a late answer the pager is at %s, and the message is that of 4", got)
	}
}

// The keys are where Latin keyboards have them, also on a Persian or an Arabic one. Two presses save once, and a window
// that does not answer says so. Seen to fail where the letter decides.
func TestKeysByPlace(t *testing.T) {
	w := composed(t, 1280, "Hello {{.name}}\n")
	press := `const press = (key, code, more) => document.body.dispatchEvent(new KeyboardEvent("keydown",
		{ key, code, bubbles: true, cancelable: true, ...more }));
	const type = (s) => { $("#text").value += s; $("#text").dispatchEvent(new Event("input", { bubbles: true })); };
	`
	if got := w.script(press + `
		type("one");
		press("س", "KeyS", { ctrlKey: true });
		press("س", "KeyS", { ctrlKey: true });
		await until(() => $(".saved-text"));
		await new Promise((r) => setTimeout(r, 500));
		return $(".banner.error")?.textContent ?? "saved";`); got != "saved" {
		t.Error(got)
	}
	if b, err := os.ReadFile(filepath.Join(w.Dir, "a.txt")); err != nil || string(b) != "Hello {{.name}}\none" {
		t.Errorf("%q %v", b, err)
	}
	if got := w.script(press + `
		press("؟", "Slash", { shiftKey: true });
		const open = $("#keys").open;
		$("#keys").close();
		window.fetch = () => Promise.reject(new TypeError("gone"));
		type("two");
		press("s", "KeyS", { ctrlKey: true });
		await until(() => $("#saved").textContent);
		const said = open + " " + $("#saved").textContent + " " + $("#text").dataset.dirty;
		delete $("#text").dataset.dirty;
		return said;`); got != "true Not saved: the window does not answer. " {
		t.Errorf("%q", got)
	}
}
