package qr

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/render"
	"mailshot/templates"
)

func code(t testing.TB, text, cell string) ([]byte, error) {
	t.Helper()
	line, err := templates.New(templates.Config{}).Line("qr",
		templates.Source{File: "campaign.yaml", Line: 1, Column: 1, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return (&Code{line}).Make(render.Recipient{Data: templates.Data{
		Text: map[string]string{"c": cell}, Values: map[string]any{"c": cell}}})
}

// Another program reads from a picture what the row has brought. Seen to fail with a code of which a row
// is missing.
func TestIsReadBack(t *testing.T) {
	t.Parallel()
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("no zbarimg on this machine (Debian: zbar-tools): no code was read back")
	}
	for _, cell := range []string{"7", "T-0042", "https://acme.example/t?x=1&y=2", "صورت\u200cحساب ۷", "a\nb", "é",
		strings.Repeat("x", 450), strings.Repeat("7", 450)} {
		text := "mailto:" + cell
		made, err := code(t, "mailto:{{.c}}", cell)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := code(t, "mailto:{{.c}}", cell)
		if !bytes.Equal(made, again) {
			t.Error("the same code is another picture")
		}
		p, err := png.DecodeConfig(bytes.NewReader(made))
		if err != nil || p.Width != p.Height || p.Width < 250 || p.Width > 450 || len(made) > 20_000 {
			t.Errorf("%d × %d pixels, %d bytes, %v", p.Width, p.Height, len(made), err)
		}
		name := filepath.Join(t.TempDir(), "code.png")
		if err := os.WriteFile(name, made, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), zbar, "--raw", "-q", "-Sbinary", name).Output()
		if err != nil || string(out) != text {
			t.Errorf("read %q for %q: %v", out, text, err)
		}
	}
}

// What is no text of a code is a fault of its row.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cell, want string }{
		{"", "empty-value"}, {strings.Repeat("x", 501), "too-long"}, {"a\x00", "control-character"}, {"\xff",
			"control-character"},
	} {
		_, err := code(t, "{{.c}}", c.cell)
		if fault := (*render.Fault)(nil); !errors.As(err, &fault) || fault.Code != c.want {
			t.Errorf("%.20q: %v, want %s", c.cell, err, c.want)
		}
	}
}
