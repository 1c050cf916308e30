package workbooktest

import (
	"context"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/recipients/value"
)

// AsShown is LibreOffice's filter for CSV: commas, double quotes, UTF-8, cells as an American reader sees them, and
// one file for each sheet.
const AsShown = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true,true,false,false,-1"

// Convert converts files with LibreOffice, all in one process, and returns the folder with the results. Each test
// needs a profile of its own, since two processes cannot share one. The test is skipped without LibreOffice.
func Convert(t testing.TB, to, profile string, files ...string) string {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice is not installed (apt-get install libreoffice-calc-nogui): not tried")
	}
	out := t.TempDir()
	args := []string{"-env:UserInstallation=file://" + profile, "--headless", "--norestore", "--nologo",
		"--convert-to", to, "--outdir", out}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // LibreOffice has been known to hang
	defer cancel()
	cmd := exec.CommandContext(ctx, soffice, append(args, files...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, said)
	}
	return out
}

// ShownRows parses the CSV that LibreOffice wrote for a sheet; the first row is the sheet's first. It does not use
// the code under test.
func ShownRows(text string) (rows [][]string) {
	var row []string
	var b strings.Builder
	for quoted := false; text != ""; text = text[1:] {
		switch c := text[0]; {
		case c == '"' && quoted && strings.HasPrefix(text[1:], `"`):
			b.WriteByte('"')
			text = text[1:]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '\n'):
			row = append(row, b.String())
			b.Reset()
			if c == '\n' {
				rows, row = append(rows, row), nil
			}
		default:
			b.WriteByte(c)
		}
	}
	return rows
}

// SameNumber reports whether two numbers differ only in the decimals that General shows: mailshot shows those that
// fit into eleven characters, excelize sometimes shows more.
func SameNumber(a, b string) bool {
	x, ok1 := value.Decimal(a)
	y, ok2 := value.Decimal(b)
	return ok1 && ok2 && math.Abs(x-y) <= 1e-8*math.Abs(y)
}
