package locked

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/render"
	"mailshot/templates"
)

// page is a small PDF with one line of text.
func page(text string) []byte {
	var b bytes.Buffer
	stream := "BT /F1 24 Tf 20 100 Td (" + text + ") Tj ET"
	var at []int
	object := func(s string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), s)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R " +
		"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>")
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream))
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

func code(err error) string {
	if fault := (*render.Fault)(nil); errors.As(err, &fault) {
		return fault.Code
	}
	return fmt.Sprint(err)
}

// Another program opens what was protected with its password, and with no other. Seen to fail with PDF 1.7, whose
// revision 5 it shows.
func TestSealed(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"qpdf", "pdftotext"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	for _, password := range []string{"4711", `a"b\c'd$(id)`, strings.Repeat("x", 32), "-x", "()<>[]{}%/#"} {
		made, err := (&Lock{}).Protect(page("secret words"), password)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(made, []byte("secret words")) || bytes.Contains(made, []byte(password)) {
			t.Error("the file shows what is in it, or its password")
		}
		name := filepath.Join(t.TempDir(), "protected.pdf")
		if err := os.WriteFile(name, made, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := exec.Command("pdftotext", "-upw", password, name, "-").CombinedOutput()
		if err != nil || !strings.Contains(string(text), "secret words") {
			t.Errorf("%.10q: %s %v", password, text, err)
		}
		shown, err := exec.Command("qpdf", "--password="+password, "--show-encryption", name).CombinedOutput()
		if err != nil || !strings.Contains(string(shown), "R = 6") ||
			!strings.Contains(string(shown), "file encryption method: AESv3") {
			t.Errorf("%s %v", shown, err)
		}
		if out, err := exec.Command("qpdf", "--password="+password, "--check", name).CombinedOutput(); err != nil {
			t.Errorf("%s %v", out, err)
		}
		for _, wrong := range []string{"", "wrong", password + "x"} {
			if out, err := exec.Command("qpdf", "--password="+wrong, "--check", name).CombinedOutput(); err == nil {
				t.Errorf("opens with %q: %s", wrong, out)
			}
		}
		if _, err := (&Lock{}).Protect(made, "other"); code(err) != "encrypted-pdf" {
			t.Error(err)
		}
	}
}

// What is not a PDF, or is a broken one, is not passed on.
func TestNotSealed(t *testing.T) {
	t.Parallel()
	whole := page("x")
	for _, c := range []struct {
		content, want string
	}{
		{"", "not-a-pdf"}, {"hello", "not-a-pdf"}, {"PK\x03\x04", "not-a-pdf"},
		{"%PDF-1.4", "bad-pdf"}, {string(whole[:60]), "bad-pdf"}, {"%PDF-1.4\n" + strings.Repeat("x", 5000), "bad-pdf"},
	} {
		if b, err := (&Lock{}).Protect([]byte(c.content), "marker-4711"); code(err) != c.want || b != nil ||
			strings.Contains(err.Error(), "4711") {
			t.Errorf("%.20q: %v, want %s", c.content, err, c.want)
		}
	}
}

// Passwords are what all readers read alike. No fault says what they are.
func TestPassword(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"4711": "", "a!~": "", "": "empty-password", "  ": "empty-password", "47 11": "bad-password", "47\n11": "bad-password",
		"۴۷۱۱": "bad-password", "pässwort": "bad-password", "a\x00": "bad-password", "\xff": "bad-password", "a\u202eb": "bad-password",
		strings.Repeat("x", 128): "bad-password",
	} {
		to := render.Recipient{Data: templates.Data{Cells: []templates.Cell{{Text: "other"}, {Text: cell}}}}
		got, err := (&Lock{Index: 1, Column: "pin"}).Password(to)
		switch {
		case want == "" && (err != nil || got != cell):
			t.Errorf("%q: %v", cell, err)
		case want != "" && (code(err) != want || strings.TrimSpace(cell) != "" && strings.Contains(err.Error(), cell)):
			t.Errorf("%q: %v, want %s", cell, err, want)
		}
	}
}
