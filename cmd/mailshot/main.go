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
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	_ "time/tzdata" // zones of schedules, on machines that have none

	"mailshot/internal/shell"
)

func main() {
	os.Exit(run(context.Background(), called(os.Args[0]), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// called is how a shell finds the program that was called as arg. What go run builds is gone when it ends.
func called(arg string) string {
	dir := filepath.ToSlash(filepath.Dir(arg))
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasSuffix(dir, "/exe") && strings.Contains(dir, "/go-build") {
		return "go run " + info.Path
	}
	switch {
	case runtime.GOOS != "windows":
		return shell.Quote(arg)
	case strings.Contains(arg, " "):
		return `"` + arg + `"`
	}
	return arg // its backslashes are not for quoting
}
