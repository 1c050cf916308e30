package lab

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

var written = flag.String("lab.write", "", "write what was measured into this `file`, for docs/traffic")

// notes are the lines of the file.
var notes struct {
	sync.Mutex
	lines []string
}

// note keeps a measured point: what it is, the test, and its figures.
func note(kind, name string, figures ...any) {
	_, name, _ = strings.Cut(name, "/")
	line := kind + "," + strings.ReplaceAll(name, "/", ",")
	for _, f := range figures {
		line += fmt.Sprintf(",%v", f)
	}
	notes.Lock()
	defer notes.Unlock()
	notes.lines = append(notes.lines, strings.ReplaceAll(line, "×", ","))
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if *written != "" {
		if err := os.WriteFile(*written, []byte(strings.Join(notes.lines, "\n")+"\n"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
