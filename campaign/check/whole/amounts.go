package whole

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"mailshot/templates"
)

// value is an amount of one message.
type value struct {
	v        float64
	kind     kind
	decimals uint8 // after the point; 3 and more are 3
	blank    bool  // the cell is empty, and the template says what counts then
}

// kind says what a cell is.
type kind uint8

const (
	none   kind = iota // it is no amount
	number             // it is a number
	money              // it is written as amounts are, with two decimals
	priced             // it has a currency
)

// besideBytes is how far from an action a currency may be.
const besideBytes = 16

// currencies are words that make the number beside them an amount.
var currencies = strings.Fields("eur euro euros usd gbp chf jpy sek nok dkk pln czk huf ron bgn try rub uah inr cny brl mxn " +
	"aud cad nzd zar aed sar irr ils kr zł kč ft lei franken fr rial ریال تومان درهم ريال руб рублей грн dollars pounds")

// amountNames are names of columns with amounts, in small letters.
var amountNames = strings.Fields("amount total price sum balance betrag summe preis rechnungsbetrag gesamtbetrag " +
	"gesamtpreis saldo montant prix somme importe precio suma prezzo importo totale bedrag prijs totaal kwota cena suma " +
	"belopp beløb valor preço tutar fiyat сумма цена مبلغ قیمت جمع المبلغ 金額 合計")

// isCurrency says whether a text has a currency.
func isCurrency(beside string) bool {
	if strings.IndexFunc(beside, func(c rune) bool { return unicode.Is(unicode.Sc, c) }) >= 0 {
		return true
	}
	for _, word := range strings.FieldsFunc(strings.ToLower(beside), func(c rune) bool { return !unicode.IsLetter(c) }) {
		if slices.Contains(currencies, word) {
			return true
		}
	}
	return false
}

// of is the amount of a message.
func (a *amount) of(m Message) value {
	if !a.sum {
		return a.cell(m.Cells[a.column])
	}
	total := value{kind: money}
	for _, member := range m.Group {
		if a.column >= len(member.Cells) {
			return value{}
		}
		v := a.cell(member.Cells[a.column])
		if v.kind == none {
			return value{}
		}
		total.v += v.v
	}
	total.v = math.Round(total.v*1e6) / 1e6
	return total
}

func (a *amount) cell(c templates.Cell) value {
	if strings.TrimSpace(c.Text) == "" {
		if a.instead != nil {
			return value{v: *a.instead, kind: number, blank: true}
		}
		return value{}
	}
	v, as, ok := read(c.Text)
	if f, typed := c.Value.(float64); typed {
		v, ok = f, true
	} else if _, isText := c.Value.(string); !isText {
		return value{}
	}
	if !ok {
		return value{}
	}
	return value{v: v, kind: max(as, number), decimals: decimalsOf(v)}
}

// decimalsOf is how many decimals a number has, 3 at most.
func decimalsOf(v float64) uint8 {
	for n, scale := range []float64{1, 10, 100} {
		if scaled := v * scale; math.Abs(scaled-math.Round(scaled)) < 1e-9+1e-15*math.Abs(scaled) {
			return uint8(n)
		}
	}
	return 3
}

// read reads an amount as people write it: 1,234.50, 1.234,50 €, EUR 12. If the column has a type, the caller already
// knows the number.
func read(cell string) (v float64, as kind, ok bool) {
	var w written
	for _, c := range cell {
		if !w.add(c) {
			return 0, none, false
		}
	}
	word := strings.TrimFunc(cell, func(c rune) bool { return c < 'A' || c > 'Z' })
	if w.n == 0 || word != "" && len(word) != 3 { // EUR
		return 0, none, false
	}
	after := w.n - w.mark
	if !w.marked || after == 0 || w.last == '\'' || after == 3 && (w.marks > 1 || w.last != '.') { // of thousands
		w.mark, after = w.n, 0
	}
	text := string(w.digits[:w.mark]) + "." + string(w.digits[w.mark:w.n])
	v, err := strconv.ParseFloat(text, 64)
	if w.negative {
		v = -v
	}
	switch as = number; {
	case w.currency || word != "":
		as = priced
	case after == 2:
		as = money
	}
	return v, as, err == nil
}

// written is an amount as far as it has been read.
type written struct {
	digits             [32]byte
	n, mark, marks     int // digits, those before the last mark, and marks
	last               rune
	marked             bool
	negative, currency bool
}

// add reads one more character. It reports false for a character that no amount has.
func (w *written) add(c rune) bool {
	switch {
	case c >= '0' && c <= '9':
		if w.n == len(w.digits) {
			return false
		}
		w.digits[w.n] = byte(c)
		w.n++
	case c == '.' || c == ',' || c == '\'' || c == '’':
		if c == '’' {
			c = '\''
		}
		w.mark, w.last, w.marked = w.n, c, true
		w.marks++
		return w.n > 0
	case c == '-' || c == '−':
		w.negative = true
	case unicode.Is(unicode.Sc, c):
		w.currency = true
	case c != ' ' && c != 0xa0 && c != 0x202f && (c < 'A' || c > 'Z'):
		return false
	}
	return true
}
