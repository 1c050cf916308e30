package delimited

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"mailshot/campaign/recipients/fault"
)

// What stands above the header decides neither the delimiter nor the columns; and a list without a title loses nothing.
// Seen to fail without skipTitle, and with a header that may hold an address.
func TestTitles(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("Ann;ann@example.com;5\n", 300)
	for _, test := range []struct{ name, text, want string }{ // line of the header, delimiter, header
		{"padded", "Customer list,,\nexported by: Acme,,\n,,\nName,Email,Amount\nAnn,ann@example.com,5\n",
			"4 , Name Email Amount"},
		{"not padded", "Customer list November\nName;Email\nAnn;ann@example.com\n", "2 ; Name Email"},
		{"an empty line between", "Customer list\r\n\r\nName;Email\r\nAnn;ann@example.com\r\n", "3 ; Name Email"},
		{"the other delimiter in it", "Customers, November 2026\nName;Email\nAnn;ann@example.com\nBob;b@example.com\n",
			"2 ; Name Email"},
		{"the delimiter in it", "Customers; November\nName;Email;Amount\n" + many, "2 ; Name Email Amount"},
		{"quoted, over two lines", "\"Customers\nof November\"\nName\tEmail\nAnn\tann@example.com\n", "3 \t Name Email"},
		{"many rows", "Customers\n\n\nName;Email;Amount\n" + many, "4 ; Name Email Amount"},
		{"a mark", byteOrderMark + "Customers\nName;Email\nAnn;ann@example.com\n", "2 ; Name Email"},
		{"old line ends", "Customers\rName;Email\rAnn;ann@example.com\r", "2 ; Name Email"},

		{"no title", "Name;Email\nAnn;ann@example.com\n", "1 ; Name Email"},
		{"one column", "Email\nann@example.com\n", "1 , Email"},
		{"one column with a name beside it", "Email\nann@example.com;Ann\nbob@example.com;Bob\n", "1 , Email"},
		{"no header", "ann@example.com,Ann\nbob@example.com,Bob\n", "1 , ann@example.com Ann"},
		{"delimiters at the ends of rows", "Email,Name\nann@example.com,Ann,\nbob@example.com,Bob,\n", "1 , Email Name"},
		{"a row without an address", "Name,Email,City\nFoo,,Berlin,x\nAnn,ann@example.com,a,b\nBob,b@example.com,a,b\n",
			"1 , Name Email City"},
		{"an address above", "ask ann@example.com\nName;Email\nAnn;ann@example.com\n", "1 , ask ann@example.com"},
		{"no address below", "Title\nName;Email\nAnn;none\n", "1 , Title"},
		{"an empty name", "Email,,\nann@example.com,Ann,\n", "1 , Email  "},
		{"empty", "", "EOF"},
	} {
		r, err := NewCSV(Config{File: "l.csv"}, strings.NewReader(test.text))
		if err != nil {
			t.Fatal(err)
		}
		got := "EOF"
		if rec, err := r.Next(); err == nil {
			d, _ := r.Delimiter()
			got = fmt.Sprintf("%d %c %s", rec.Line, d, strings.Join(rec.Fields, " "))
		} else if err != io.EOF {
			t.Errorf("%s: %v", test.name, err)
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		said := len(r.Guesses()) > 0 && strings.Contains(strings.Join(r.Guesses(), " "), "title")
		if said == (strings.HasPrefix(test.want, "1 ") || test.want == "EOF") {
			t.Errorf("%s: guessed %q", test.name, r.Guesses())
		}
	}
	// A line that is named is obeyed, and faults after a title have their lines.
	r, err := NewCSV(Config{File: "l.csv", HeaderRow: 1}, strings.NewReader("T\nName;Email\nAnn;ann@example.com\n"))
	if rec, e := r.Next(); err != nil || e != nil || rec.Line != 1 {
		t.Errorf("%+v %v %v", rec, err, e)
	}
	r, _ = NewCSV(Config{File: "l.csv"}, strings.NewReader("T\n\nName;Email\nAnn;ann@example.com\nBob;\"b\"x;\n"))
	var f *fault.Fault
	for range 4 {
		if _, err := r.Next(); errors.As(err, &f) {
			break
		}
	}
	if f == nil || f.Place != "l.csv:5" {
		t.Errorf("%v", f)
	}
}
