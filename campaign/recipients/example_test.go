package recipients_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"mailshot/campaign/recipients"
)

const customers = `email;name;amount
ann@example.com;Ann Able;12,50
bob@example.com;Bob;1.000
carol at example.com;Carol;3
dan@example.com;Dan;-7
`

// Open a list, print its rows, and what nobody told about it.
func ExampleOpen() {
	list, err := recipients.Open(recipients.Config{
		File:    "-",
		Stdin:   strings.NewReader(customers),
		Columns: map[string]recipients.Type{"amount": recipients.Number},
		Locale:  "de",
		Where:   "amount > 0",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer list.Close()
	for row, err := range list.Rows(context.Background()) {
		switch {
		case err != nil: // the list is doubtful as a whole, and must not be mailed
			log.Fatal(err)
		case row.Filtered:
			continue
		case row.Invalid != "":
			fmt.Println(row.Place, "is left out:", row.Invalid)
		default:
			fmt.Println(row.Place, row.Address, row.Name, row.Values()["amount"])
		}
	}
	fmt.Println(strings.Join(list.Header().Guessed, "; "))
	// Output:
	// -:2 ann@example.com Ann Able 12.5
	// -:3 bob@example.com Bob 1000
	// -:4 is left out: email: no @ in "carol at example.com"
	// delimiter: ";"; address column: "email"; name column: "name"
}

// Look at a file before there is a campaign for it.
func ExampleInspect() {
	in, err := recipients.Inspect(context.Background(),
		recipients.Config{File: "-", Stdin: strings.NewReader(customers)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(in.Kind, in.Delimiter.Value, in.Rows, "rows")
	for _, c := range in.Columns {
		fmt.Printf("%s: %s %q\n", c.Name, c.Type, c.Locale)
	}
	// Output:
	// csv ; 4 rows
	// email: address ""
	// name: text ""
	// amount: number "de-DE"
}
