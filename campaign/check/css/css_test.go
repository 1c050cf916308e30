package css_test

import (
	"fmt"
	"testing"

	"mailshot/campaign/check/css"
)

// Mistakes are found at their places, and what is right is not one.
func TestWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ css, want string }{
		{"padding:20px font-family:Arial", "12 the style has no semicolon before font-family"},
		{"margin:0; font-sise:16px", "10 the style has font-sise, which is misspelt"},
		{"color:#22222; margin:0", "6 the style has #22222, which is not a colour"},
		{"border:1px solid #ggg", "17 the style has #ggg, which is not a colour"},
		{"font-size:16; color:red", "10 the style has font-size 16 without a unit, and it is dropped"},
		{"padding:0 20 10px", "10 the style has padding 20 without a unit, and it is dropped"},
		{"width: 20 px", "10 the style has a blank before px, so width is dropped"},
		{"padding 20px; margin:0", "7 the style has no colon after padding"},
		{"bakground-color:#fff", "0 the style has bakground-color, which is misspelt"},
		{"text-aling:center", "0 the style has text-aling, which is misspelt"},
		{"margin:0 auto; padding:0; line-height:1.4; opacity:0.5; font-weight:400; z-index:9", ""},
		{"mso-line-height-rule:exactly; -webkit-text-size-adjust:100%; *display:inline; border-spacing:0", ""},
		{"color:#fff !important; background:#ffffff url('https://a.example/b;c#d.png') no-repeat; color:rgb(1,2,3)", ""},
		{"font-family:'Open Sans', \"A; B\", sans-serif; content:'a: b'; width:calc(100% - 20px)", ""},
		{"width:\xff; color:#\xff; \xff:1; margin:\xff20 px", ""},
		{"background:red; font:bold 12px/1.5 Arial; font-size:0; width:100%; max-width:600px!important", ""},
		{"order:1; gap:4px; flex:1; align:left; top:0; bottom:0; src:url(a.png); content:x; resize:none", ""},
		{"/* padding 20px */ margin:0; }", ""},
	} {
		got := ""
		for _, m := range css.Wrong(test.css, func(c byte) bool { return c == 0xff }) {
			got += fmt.Sprintf("%d %s", m.At, m.Text)
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.css, got, test.want)
		}
	}
}
