package templates

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
)

// made counts what programs made and left to the engine in all tests of the package.
var madeByProgram, madeByEngine atomic.Int64

// Whatever a test of this package executes, the template engine makes the same of it as the program: the same bytes, by
// the same path, and an error where the program says no but for texts that it does not know. This is how the whole
// package's tests run through both ways. A breakage in a program is a panic here.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		testHookMade = compareWithEngine
	}
	code := m.Run()
	if testHookMade != nil && testing.Verbose() {
		fmt.Printf("%d texts by programs, %d by the engine\n", madeByProgram.Load(), madeByEngine.Load())
	}
	os.Exit(code)
}

func compareWithEngine(p *template, o *Output, d Data, path []byte, made bool) {
	if !made {
		madeByEngine.Add(1)
		return
	}
	madeByProgram.Add(1)
	if problem := differs(p, o, d, path); problem != "" {
		panic(problem)
	}
}

// differs says what the engine makes in another way than what a program made.
func differs(p *template, o *Output, d Data, path []byte) string {
	var by Output
	took, err := p.engineText(&by, row(d).Dot(p.set.c.cfg.Columns))
	switch {
	case err != nil:
		return fmt.Sprintf("%s: the program makes %q, and the engine says %v", p.entry, o.Text, err)
	case !bytes.Equal(o.Text, by.Text):
		return fmt.Sprintf("%s: the program makes\n%q\nand the engine\n%q", p.entry, o.Text, by.Text)
	case !bytes.Equal(path, took):
		return fmt.Sprintf("%s: the program takes %v, and the engine %v", p.entry, path, took)
	}
	end := 0
	for _, r := range o.Runs {
		literal := p.literals()[r.Literal]
		if r.At < end || r.At+len(literal) > len(o.Text) || string(o.Text[r.At:r.At+len(literal)]) != literal {
			return fmt.Sprintf("%s: literal %q does not stand at %d of %q", p.entry, literal, r.At, o.Text)
		}
		end = r.At + len(literal)
	}
	return ""
}
