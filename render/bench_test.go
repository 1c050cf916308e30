package render

import (
	"io"
	"strings"
	"testing"
)

func BenchmarkRender(b *testing.B) {
	text := "Dear {{.name}},\n\n" + strings.Repeat("A line of an ordinary letter, about as long as they are.\n", 35)
	html := "<html><body><p>Dear {{.name}}</p>" +
		strings.Repeat("<p style=\"margin:0\">A line of an ordinary letter, about as long as they are.</p>\n", 80) +
		"</body></html>"
	for _, c := range []struct {
		name string
		setup
	}{
		{"letter", setup{text: text, html: html}},
		{"shared 300 KB", setup{text: text, html: html, attachments: [][3]string{{"a.pdf", "", ""}},
			files: map[string]string{"a.pdf": "%PDF-" + strings.Repeat("x", 300<<10)}}},
		{"own 300 KB", setup{text: text, html: html, attachments: [][3]string{{"a.pdf", "", ""}},
			files: map[string]string{"a.pdf": "%PDF-" + strings.Repeat("x", 300<<10)}, cache: 1}},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := c.renderer(b)
			to := recipient(b, "Ann", "ann@example.com", "name", "Ann")
			b.ReportAllocs()
			for b.Loop() {
				m, err := r.Render(to, testDate)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := m.WriteTo(io.Discard); err != nil {
					b.Fatal(err)
				}
				m.Digest()
				m.Release()
			}
		})
	}
}
