package markup

import (
	"fmt"
	"slices"
	"strings"

	"mailshot/campaign/check/target"
	"mailshot/internal/ellipsis"
)

// vague are texts of links that mean nothing by themselves.
var vague = []string{
	"click here", "here", "click", "link", "this link", "more", "read more", "learn more", "this", "details",
	"hier", "hier klicken", "klicken sie hier", "mehr", "mehr erfahren", "weiterlesen", "cliquez ici", "ici", "en savoir plus",
	"haga clic aquí", "clic aquí", "aquí", "leer más", "clicca qui", "qui", "klik hier", "اینجا", "اینجا کلیک کنید", "اضغط هنا", "هنا",
}

// link looks at a link: its address, and the text that a reader sees.
func (l *looker) link(at int, address, text string, pictured bool) {
	text = strings.Join(strings.Fields(loud(text)), " ")
	l.written(address, text)
	l.address(at, address)
	if says := target.Of(address); says.Code != "" {
		l.say(at, says.Code, "the link "+says.Text, says.Hint)
	}
	if strings.TrimSpace(address) == "#" {
		l.say(at, "link-nowhere", `the link "#" leads nowhere`, "write the address that is meant")
	}
	switch {
	case text == "" && !pictured:
		l.say(at, "link-no-text", "the link has no text, so nobody sees it", "write a text between <a> and </a>")
	case slices.Contains(vague, strings.ToLower(strings.Trim(text, " .:…»›→>!"))):
		l.say(at, "link-vague", fmt.Sprintf("the link's text %q does not say where it leads", text),
			"people who hear the links one by one need a text that says it")
	}
	l.elsewhere(at, address, text)
}

// elsewhere finds a link whose text is the address of a different host.
func (l *looker) elsewhere(at int, address, text string) {
	if target.Dynamic(text) {
		return
	}
	if host := target.Elsewhere(address, text); host != "" {
		l.say(at, "link-elsewhere", fmt.Sprintf("the text shows %s, and the link leads to %s", ellipsis.Quote(text, 41),
			host),
			"filters take that for fraud: show the address itself, or words")
	}
}
