package gaps_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailshot/templates/gaps"
	"mailshot/templates/source"
)

// An address is judged as it is written into the message, with html/template's escapes.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		attr, value string
		shares      bool
		want        gaps.Verdict
	}{
		{"href", "", false, gaps.Empty},
		{"href", " \t", false, gaps.Empty},
		{"href", "mailto:", false, gaps.Empty},
		{"href", "mailto:?subject=x", false, gaps.Empty},
		{"href", "mailto:?subject=x", true, gaps.Leads},
		{"href", "MAILTO:a@example.com", false, gaps.Leads},
		{"href", "tel:", false, gaps.Empty},
		{"src", "cid:", false, gaps.Empty},
		{"href", "https://", false, gaps.Empty},
		{"href", "https:", false, gaps.Empty},
		{"href", "HTTPS:///x", false, gaps.Empty},
		{"href", "https://?a=1", false, gaps.Empty},
		{"href", "https://me@/x", false, gaps.Empty},
		{"href", "https://:8080/", false, gaps.Empty},
		{"src", "//", false, gaps.Empty},
		{"src", "//cdn.example.com/a.png", false, gaps.Leads},
		{"href", "https:/example.com", false, gaps.Broken},
		{"href", "https:example.com", false, gaps.Broken},
		{"href", "https://.example.com/", false, gaps.Broken},
		{"href", "https://shop..example.com/", false, gaps.Broken},
		{"href", "https://https://example.com/", false, gaps.Broken},
		{"href", "https://https//example.com/", false, gaps.Broken},
		{"href", "https://[::1]:80/x", false, gaps.Leads},
		{"href", "https://example.com/?u=https:/x", false, gaps.Leads},
		{"href", "#top", false, gaps.Leads},
		{"href", "page.html", false, gaps.Leads},
		{"href", "sms:+1", false, gaps.Leads},
		{"srcset", "", false, gaps.Empty},
		{"srcset", " 2x", false, gaps.Empty},
		{"srcset", "a.png 1x,  2x", false, gaps.Empty},
		{"srcset", "a.png 1x, b.png 2x", false, gaps.Leads},
		{"srcset", "a.png", false, gaps.Leads},
		{"style", "color:red;background:url( &#34;&#34; )", false, gaps.Empty},
		{"style", "background:url()", false, gaps.Empty},
		{"style", "background:url(a.png)", false, gaps.Leads},
	} {
		if got := gaps.Judge(test.attr, test.value, test.shares); got != test.want {
			t.Errorf("%s=%q (shares %v): %v, want %v", test.attr, test.value, test.shares, got, test.want)
		}
	}
}

// places writes the places of a template in short: kind, place in the source, name or what is left.
func places(t *testing.T, text string, isHTML, subject bool) []string {
	t.Helper()
	f := source.Verbatim(source.New("b", 0, 0, text))
	trees, err := f.Parse("u0")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if isHTML {
		links, nowhere := gaps.Links(f)
		for _, p := range links {
			got = append(got, fmt.Sprintf("link %s %d", p.Name, p.At))
		}
		for _, p := range nowhere {
			got = append(got, fmt.Sprintf("nowhere %s %d", p.Name, p.At))
		}
	}
	for _, s := range gaps.Find(f, trees["u0"], isHTML, subject) {
		switch s.Kind {
		case gaps.Hole:
			got = append(got, fmt.Sprintf("hole %d %s", s.At, s.Left))
		case gaps.Link:
			got = append(got, fmt.Sprintf("link %d", s.At))
		default:
			got = append(got, fmt.Sprintf("value %d", s.At))
		}
	}
	return got
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind, text string
		want       string // joined by " | "
	}{
		{"text", "Dear {{.name}},\nyour code is {{.code}}.", "hole 7 Dear , | hole 31 your code is ."},
		{"text", "Dear {{.title}} {{.name}},", "value 7 | hole 18 Dear … ,"},
		{"text", "Code {{.code}} is yours", "value 7"},
		{"text", "See https://{{.host}}/x or mailto:{{.mail}}", "link 14 | link 36"},
		{"text", "See https://a.example/{{.id}}", "value 24"},
		{"text", "Bonjour {{.name}} !", "hole 10 Bonjour  !"},
		{"text", "Hello {{.name}}", "value 8"},
		{"subject", "Invoice for {{.name}}", "hole 14 Invoice for"},
		{"subject", "{{.name}}, your invoice", "hole 2 , your invoice"},
		{"subject", "Invoice{{.name}}", "value 9"},
		// What says itself what is printed then is not a place.
		{"text", "Dear {{.name | default `you`}}, {{or .a .b}}, {{coalesce .a `x`}}", ""},
		{"text", "Dear {{if .name}}{{.name}}{{else}}{{.nick}}{{end}},", "value 36"},
		{"text", "{{with .name}}Dear {{.}},{{end}}{{range split `;` .items}}{{.}},{{end}}", ""},
		{"text", "{{if .vip}}Dear {{.name}},{{end}}", "hole 18 Dear ,"},
		{"text", "{{$n := .name}}Dear {{$n}},{{$m := or .a .b}}Dear {{$m}},", "hole 22 Dear ,Dear …,"},
		{"text", "{{with .nick}}Dear {{$.name}},{{end}}", "hole 22 Dear ,"},
		{"text", "Dear {{col `First name`}},", "hole 7 Dear ,"},
		{"text", "Dear {{upper .name}},", "hole 13 Dear ,"},
		{"text", "Total: {{list 1 2 | len}}.", ""},
		// HTML: the line is what a reader sees as one.
		{"html", "<p>Dear <b>{{.name}}</b>,<br>{{.x}} <i>y</i>", "hole 13 Dear , | value 31"},
		{"html", "<p>Dear&nbsp;{{.name}},", "hole 15 Dear ,"},
		{"html", "<p>Dear\n{{.name}}</p><p>, x</p>", "value 10"},
		{"html", "<style>a{color:{{.c}}}</style><p title='{{.t}}'>x<script>{{.y}}</script>", ""},
		{"html", `<a href="{{.url}}">x</a>`, "link href 9"},
		{"html", `<A HREF = '{{.url}}'>x</A><img src={{.i}}>`, "link href 11 | link src 35"},
		{"html", `<a href="https://{{.host}}/{{.id}}">x</a>`, "link href 17 | value 29"},
		{"html", `<a href="{{if .u}}{{.u}}{{else}}{{.v}}{{end}}">x</a>`, "link href 9"},
		{"html", `<table background="{{.b}}"><td style="background:url({{.c}})"><img srcset="{{.d}} 2x">`,
			"link background 19 | link style 53 | link srcset 75"},
		{"html", `<a href="">x</a><img src=''><table background=""><a href="#"><a name="x"><a href>`,
			"nowhere href 9 | nowhere src 26"},
		{"html", `<a href="https:/example.com">x</a><a href="mailto:?subject=x">share</a>`, "nowhere href 9"},
		{"html", `<p>2 < 3 and a="" href=""</p><img alt="{{.alt}}" data-src="">`, ""},
	} {
		got := strings.Join(places(t, test.text, test.kind == "html", test.kind == "subject"), " | ")
		if got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.text, got, test.want)
		}
	}
}

func TestSeen(t *testing.T) {
	t.Parallel()
	var s gaps.Seen
	for _, n := range []int{3, 70, 130, 70} {
		s.Note(n, true)
	}
	s.Note(70, false)
	s.Note(200, false)
	var got []string
	s.Each(func(place int, empty bool) { got = append(got, fmt.Sprint(place, empty)) })
	if want := []string{"3 false", "70 true", "130 false", "200 true"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	(*gaps.Seen)(nil).Each(func(int, bool) { t.Error("nothing was seen") })
}
