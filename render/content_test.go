package render

import (
	"testing"
	"time"
)

// The content is that of what a person reads: another campaign's same text has it, and any other text does not. Proven
// by not leaving out the token ("unsubscribe link"), by not making the texts of no campaign ("prints the campaign"), by
// summing up header fields ("headers of machines"), and by leaving out the files ("another file").
func TestContent(t *testing.T) {
	t.Parallel()
	key := make([]byte, 32)
	const link = "Bye: https://acme.example/u/{{.mailshot.token}}?c={{.mailshot.campaign}}\n"
	made := func(s setup, name, addr string, date time.Time) uint64 {
		if s.files == nil {
			s.files = map[string]string{"a.txt": "one", "b.txt": "two"}
		}
		m, err := s.renderer(t).Render(recipient(t, name, addr, "name", name), date)
		if err != nil {
			t.Fatal(err)
		}
		return m.Content(key, addr)
	}
	for _, tt := range []struct {
		what  string
		a, b  setup
		other string // the address of b's; "" = the same
		same  bool
	}{
		{"another id", setup{}, setup{campaign: "b"}, "", true},
		{"unsubscribe link", setup{text: "Bye: {{.mailshot.token}}\n"},
			setup{campaign: "b", text: "Bye: {{.mailshot.token}}\n"}, "", true},
		{"prints the campaign", setup{text: link, html: "<p>" + link, subject: "{{.mailshot.campaign}} for you"},
			setup{campaign: "b-2", text: link, html: "<p>" + link, subject: "{{.mailshot.campaign}} for you"}, "", true},
		{"prints it another way", setup{text: `{{with .mailshot}}{{.campaign | upper}}{{end}}`},
			setup{campaign: "b", text: `{{with .mailshot}}{{.campaign | upper}}{{end}}`}, "", true},
		{"headers of machines", setup{headers: [][2]string{{"List-Id", "<a.acme.example>"}}, replyTo: "a@acme.example"},
			setup{headers: [][2]string{{"Feedback-ID", "{{.mailshot.campaign}}:acme"}}, bounces: "b@acme.example"}, "", true},
		{"a list id of the campaign", setup{text: link, headers: [][2]string{{"List-Id",
			"<{{.mailshot.campaign}}.acme.example>"}}},
			setup{text: link, campaign: "b", headers: [][2]string{{"List-Id",
				"<{{.mailshot.campaign}}.acme.example>"}}}, "", true},
		{"another file", setup{attachments: [][3]string{{"a.txt"}}}, setup{attachments: [][3]string{{"b.txt"}}}, "", false},
		{"another file name", setup{attachments: [][3]string{{"a.txt"}}},
			setup{attachments: [][3]string{{"a.txt", "c.txt"}}}, "", true},
		{"one file more", setup{}, setup{attachments: [][3]string{{"a.txt"}}}, "", false},
		{"another text", setup{}, setup{text: "Hello!\n"}, "", false},
		{"another subject", setup{}, setup{subject: "Other news"}, "", false},
		{"another sender", setup{}, setup{from: "Acme <b@acme.example>"}, "", false},
		{"HTML beside it", setup{}, setup{html: "<p>Hello"}, "", false},
		{"another person", setup{}, setup{}, "bob@example.com", false},
		{"text that moved to the subject", setup{subject: "ab", text: "c\n"}, setup{subject: "a", text: "bc\n"}, "", false},
	} {
		other := tt.other
		if other == "" {
			other = "ann@example.com"
		}
		a := made(tt.a, "Ann", "ann@example.com", testDate)
		b := made(tt.b, "Ann Lee", other, testDate.Add(time.Hour))
		if (a == b) != tt.same {
			t.Errorf("%s: same %v, want %v", tt.what, a == b, tt.same)
		}
	}
	m, err := setup{}.renderer(t).Render(recipient(t, "", "ann@example.com"), testDate)
	if err != nil {
		t.Fatal(err)
	}
	otherKey := append(make([]byte, 31), 1)
	if m.Content(key, "ann@example.com") == m.Content(otherKey, "ann@example.com") {
		t.Error("the key makes no difference")
	}
}
