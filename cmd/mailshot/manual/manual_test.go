package manual

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// There is a page for each command. Each can be read by a program that shows such pages, and is the same each time.
func TestWrite(t *testing.T) {
	t.Parallel()
	tree := func() *cobra.Command {
		root := &cobra.Command{Use: "mailshot", Short: "Runs mail campaigns", Long: "A \\ and a . at\n.the beginning"}
		send := &cobra.Command{Use: "send [CAMPAIGN]", Short: "Send", Run: func(*cobra.Command, []string) {}}
		send.Flags().String("only", "", "the `ROW`, \"quoted\" and -- so")
		root.AddCommand(send)
		return root
	}
	day := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var made [2]string
	for i := range made {
		dir := filepath.Join(t.TempDir(), "man1")
		if err := Write(tree(), dir, "1.2", day); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"mailshot.1", "mailshot-send.1"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			made[i] += string(b)
			if mandoc, err := exec.LookPath("mandoc"); err == nil {
				out, err := exec.Command(mandoc, "-T", "lint", "-W", "error", filepath.Join(dir, name)).CombinedOutput()
				if err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			} else {
				t.Log("mandoc is not installed; the pages are not read")
			}
		}
	}
	if made[0] != made[1] || !strings.Contains(made[0], "only") || !strings.Contains(made[0], "mailshot 1.2") {
		t.Errorf("%s\n%s", made[0], made[1])
	}
}
