package templates

import (
	"os"
	"strings"
	"testing"
)

// Each block of Markdown in docs/markdown.md gives the text that the document shows after it.
func TestDocument(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../docs/markdown.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(b), "```")
	shown := 0
	for i, block := range blocks {
		md, ok := strings.CutPrefix(block, "markdown\n")
		if !ok {
			continue
		}
		want, ok := strings.CutPrefix(blocks[i+2], "text\n")
		if !ok {
			t.Fatalf("no text is shown for\n%s", md)
		}
		shown++
		if _, text := body(t, New(Config{}), md, ExampleData()); text != flowedAgain(want) {
			t.Errorf("%s\nbecomes\n%s", md, text)
		}
	}
	if shown == 0 {
		t.Error("the document shows nothing")
	}
}

// flowedAgain is a text of the document with the blank at the end of a line that goes on.
func flowedAgain(s string) string {
	return strings.ReplaceAll(s, "the end of the\n", "the end of the \n")
}
