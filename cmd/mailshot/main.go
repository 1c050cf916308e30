// Command mailshot runs mail campaigns: it checks, previews and sends one message to each row of a list, within the
// caps of a mail server, and remembers what became of each row.
//
// There is one file per command around run. A command reads its flags, lets the packages do the work and prints: data
// on standard output, talk on standard error with the program's name. Nothing here decides about a delivery. run.go has
// the rules by which the tool talks.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // zones of schedules, on machines that have none
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
