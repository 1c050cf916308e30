package answer

import (
	"flag"
	"os"
	"sync"
	"testing"
)

// rulesFrom is a folder that is read in the place of the rules that are built in, so that rules can be tried without
// a build: go test -c -o /tmp/answer.test, /tmp/answer.test -answer.rules .
var rulesFrom = flag.String("answer.rules", "", "the folder above rules/, in the place of the rules built in")

func TestMain(m *testing.M) {
	flag.Parse()
	if *rulesFrom != "" {
		book = sync.OnceValue(func() *rulebook {
			b, err := readRules(os.DirFS(*rulesFrom))
			if err != nil {
				panic(err)
			}
			return b
		})
	}
	os.Exit(m.Run())
}
