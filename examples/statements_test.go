package examples

import (
	"bytes"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"mailshot/internal/parsers"
)

// A statement has each invoice of its customer, no other, and their sum to the cent, as another program adds it up.
func statements(t *testing.T) []arrived {
	of := map[string][][]string{} // by address: the customer's rows
	for _, row := range csvRows(t, "statements/invoices.csv") {
		of[row[2]] = append(of[row[2]], row)
	}
	all := deliver(t, "statements", "", len(of))
	euro := func(amount *big.Rat) string {
		f, _ := amount.Float64()
		return "\u20ac" + message.NewPrinter(language.English).Sprint(number.Decimal(f, number.Scale(2)))
	}
	for _, a := range all {
		rows := of[a.To[0]]
		delete(of, a.To[0])
		noun := "invoices"
		if len(rows) == 1 {
			noun = "invoice"
		}
		a.expect(t, "billing@acme.example", parsers.Message{
			From:    parsers.Mailbox{Name: "Acme Billing", Address: "billing@acme.example"},
			To:      parsers.Mailbox{Name: rows[0][1], Address: rows[0][2]},
			ReplyTo: parsers.Mailbox{Address: "help@acme.example"},
			Subject: fmt.Sprintf("Statement for November: %d %s", len(rows), noun),
		})
		types := append([]string{"text/plain", "text/html"}, slices.Repeat([]string{"application/pdf"}, len(rows))...)
		texts := a.parts(t, types...)
		text, html := texts[0], texts[1]
		if n := strings.Count(text, "2026-1"); n != len(rows) {
			t.Errorf("%s: %d numbers of %d invoices", a.To[0], n, len(rows))
		}
		sum := new(big.Rat)
		for i, row := range rows {
			amount, _ := new(big.Rat).SetString(row[5])
			sum.Add(sum, amount)
			a.contains(t, text, row[3], euro(amount))
			a.contains(t, html, row[3], euro(amount))
			pdf, err := os.ReadFile(filepath.Join("statements", "invoices", row[3]+".pdf"))
			if p := a.read.Parts[2+i]; err != nil || !bytes.Equal(p.Content, pdf) || p.Name != row[3]+".pdf" {
				t.Errorf("%s: %q is not the invoice %s (%v)", a.To[0], p.Name, row[3], err)
			}
		}
		a.contains(t, text, "Total", euro(sum))
		a.contains(t, html, euro(sum))
	}
	if len(of) > 0 {
		t.Errorf("nothing arrived of %d customers", len(of))
	}
	return all
}
