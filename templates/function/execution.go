package function

import (
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"mailshot/templates/locale"
)

// What one execution may do. A real message needs a thousandth of that.
const (
	maxSteps  = 200_000  // turns of ranges and included templates together
	maxDepth  = 50       // templates included by templates
	maxString = 1 << 20  // bytes of one string that a function makes
	maxMade   = 32 << 20 // bytes of all strings and lists that functions make
	maxItems  = 10_000   // items of one list
)

// MostItems is how many turns one range makes at most.
const MostItems = maxItems

// Config tells the functions about the message.
type Config struct {
	Language  string // a BCP 47 tag: how numbers, plurals and months are written. Default: as in English
	Direction string // "ltr" or "rtl"; default by Language
	HTML      bool   // whether the functions print into HTML; default false: into plain text
	Button    Button // what button writes into HTML; default: a link
}

// Button is the HTML around the address and the text of a button. The three end up in a message as they are.
type Button struct{ Before, Between, After string }

// Execution is the state of one execution of a template. Its functions are bound to it, so templates that execute at
// the same time need one each. It may serve one execution after another.
type Execution struct {
	cfg                Config
	tag                language.Tag
	steps, depth, made int
	counters           map[int]int // numbered lists in the text part
	said               bool        // the button that has begun says something
	row                map[string]any
	taken              []uint8 // by branch: how often it was taken, 2 for more than once
	watch
}

// New returns an execution for cfg. An unknown language counts as undetermined: numbers are then written as in English.
func New(cfg Config) *Execution {
	tag := language.English
	if cfg.Language != "" {
		tag = language.Make(cfg.Language)
	}
	cfg.Direction = Direction(cfg.Language, cfg.Direction)
	if cfg.Button == (Button{}) {
		cfg.Button = Button{`<a href="`, `">`, "</a>"}
	}
	return &Execution{cfg: cfg, tag: tag}
}

// Direction returns the direction of writing: the one that is given, or the one of the language.
func Direction(lang, given string) string {
	if given == "ltr" || given == "rtl" {
		return given
	}
	return direction(language.Make(lang))
}

// direction returns the writing direction of a language's usual script.
func direction(tag language.Tag) string {
	script, _ := tag.Script()
	if slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg"}, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// Right says whether the message is written from right to left.
func (ex *Execution) Right() bool { return ex.cfg.Direction == "rtl" }

// Begin forgets the last execution and begins one for a row, which Row has made. A nil row only forgets the last one.
func (ex *Execution) Begin(row map[string]any) {
	ex.steps, ex.depth, ex.made, ex.counters, ex.row = 0, 0, 0, nil, row
	ex.watch = watch{}
	clear(ex.taken)
}

// Path says which branches the execution took: each one not at all, once, or more often. Two executions with the same
// path have put the same pieces of the template together, but for the number of turns of a range.
func (ex *Execution) Path() string { return string(ex.Taken()) }

// took notes a branch.
func (ex *Execution) took(branch int) string {
	for len(ex.taken) <= branch {
		ex.taken = append(ex.taken, 0)
	}
	ex.taken[branch] = min(ex.taken[branch]+1, 2)
	return ""
}

// shown returns a value as HTML that shows it, wherever in a document it stands. Blanks are written so that they do not
// end an attribute without quotes.
func (ex *Execution) shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case htmltemplate.HTML:
		return string(v)
	}
	return blanks.Replace(htmltemplate.HTMLEscaper(v))
}

var blanks = strings.NewReplacer(" ", "&#32;", "\t", "&#9;", "\n", "&#10;", "\r", "&#13;", "\f", "&#12;", "`", "&#96;")

func (ex *Execution) tick() (string, error) {
	if ex.steps++; ex.steps > maxSteps {
		return "", Limit(fmt.Sprintf("more than %d turns of {{range}} and {{template}}", maxSteps))
	}
	return "", nil
}

func (ex *Execution) enter() (string, error) {
	if ex.depth++; ex.depth > maxDepth {
		return "", Limit(fmt.Sprintf("templates include each other more than %d deep", maxDepth))
	}
	return ex.tick()
}

func (ex *Execution) leave() string { ex.depth--; return "" }

// spend counts n bytes that a function is about to make.
func (ex *Execution) spend(n int) error {
	if n > maxString {
		return Limit(fmt.Sprintf("a text of more than %d bytes", maxString))
	}
	if ex.made += n; ex.made > maxMade {
		return Limit(fmt.Sprintf("functions have made more than %d bytes", maxMade))
	}
	return nil
}

// Map returns the functions by name, as the template engines take them.
func (ex *Execution) Map() map[string]any {
	m := map[string]any{Tick: ex.tick, Took: ex.took, Shown: ex.shown, Enter: ex.enter, Leave: ex.leave, Range: ex.items,
		Number: ex.number, Restart: ex.restart, Conditional: ex.conditional, Query: ex.query, Part: ex.part, Href: ex.href,
		Link: ex.link, Bracketed: ex.bracketed, Printed: ex.printed, Open: ex.open, Close: ex.close,
		Label: ex.label, Says: ex.says, Labelled: ex.labelled}
	for _, e := range table() {
		if e.make != nil {
			m[e.Name] = e.make(ex)
		}
	}
	return m
}

// These are the names of functions that made templates call. A source cannot call them: they are not among Functions.
const (
	// Tick, Enter and Leave count turns of ranges and included templates. Range checks the value to range over.
	Tick  = "_tick"
	Enter = "_enter"
	Leave = "_leave"
	Range = "_range"
	// Took notes that a branch was taken: "Took BRANCH". Shown writes a value into a document that html/template does not
	// make.
	Took  = "_took"
	Shown = "_shown"
	// Restart and Number number a list in the text part: "Restart ID FIRST" and "Number ID STEP TYPE".
	Restart = "_restart"
	Number  = "_number"
	// Conditional writes a conditional comment into HTML.
	Conditional = "_conditional"
	// Query, Part and Href escape what links of the text part print.
	Query = "_query"
	Part  = "_part"
	Href  = "_href"
	// Link and Bracketed write <{{.x}}> of Markdown: the address that it leads to, and the value in its brackets.
	Link      = "_link"
	Bracketed = "_bracketed"
	// Printed notes whether a value is empty: "Printed PLACE VALUE". Open and Close stand around the value of a link's
	// attribute, and note whether it leads anywhere: "Close EMPTY BROKEN ATTRIBUTE SHARES".
	Printed = "_printed"
	Open    = "_open"
	Close   = "_close"
	// Label, Says and Labelled look whether a button has a text, see markdown.Label.
	Label    = "_label"
	Says     = "_says"
	Labelled = "_labelled"
)

// restart makes the numbered list id go on with first. Like HTML, it leaves alone what is not a whole number.
func (ex *Execution) restart(id int, first any) (string, error) {
	if ex.counters == nil {
		ex.counters = map[int]int{}
	}
	if n, err := asInt(first); err == nil {
		ex.counters[id] = n
	}
	return "", nil
}

// number returns the next number of the list id, as locale.Label writes it. What it writes in digits is a number here:
// a small one costs no memory.
func (ex *Execution) number(id, step int, kind string) any {
	n := ex.counters[id]
	ex.counters[id] += step
	switch kind {
	case "a", "A", "i", "I":
		return locale.Label(n, kind)
	}
	return n
}
