package placeholder_test

import (
	"strings"
	"testing"

	"mailshot/internal/placeholder"
)

func found(f placeholder.Finder, text string) string {
	var got []string
	for _, m := range f.Find(text) {
		got = append(got, text[m.At:m.End])
	}
	return strings.Join(got, " ")
}

// Each way to write a placeholder is seen, also in the midst of a text.
func TestFind(t *testing.T) {
	t.Parallel()
	f := placeholder.Finder{Columns: []string{"Loyalty points", "city", "link"}}
	for _, mark := range []string{
		"*|FNAME|*", "*|IF:VIP|*", "<%= user.name %>", "<% if x %>", "<?= $name ?>", "<?php echo $name; ?>",
		"<<name>>", "<< First Name >>", "&lt;&lt;name&gt;&gt;", "&lt;%= name %&gt;", "%%emailaddr%%", "%%First Name%%",
		"${name}", "${order.total}", "{!Contact.FirstName}", "{% if name %}", "#{name}", "%{first_name}",
		"[[name]]", "[[FIRSTNAME]]", "[%first_name%]", "[FIRST_NAME]", "[Name]", "[First Name]", "[Vorname]",
		"[loyalty points]", "[imię]", "[姓名]",
		"{name}", "{first_name}", "{contact.firstname}", "{$name}", "{FIRSTNAME}", "{Loyalty-Points}",
		"%NAME%", "%FIRST_NAME%", "%first_name%", "%recipient.name%", "##NAME##", "@@first_name@@",
		"#first_name#", "#Vorname#", "-name-", "-first_name-", "-CITY-",
		"«Name»", "«First_Name»", "«Vorname»", "&laquo;Nachname&raquo;", "%CITY%",
	} {
		for _, text := range []string{mark, "Dear " + mark + ", hello", "Dear " + mark + "."} {
			if got := found(f, text); got != mark {
				t.Errorf("%q: found %q", text, got)
			}
		}
	}
	own := placeholder.Finder{Own: true}
	for _, mark := range []string{"{{name}}", "{{ contact.FIRSTNAME }}", "{{.name}}"} {
		if got := found(own, "Dear "+mark+","); got != mark {
			t.Errorf("%q: found %q", mark, got)
		}
		if got := found(f, "Dear "+mark+","); got != "" {
			t.Errorf("%q of a template: found %q", mark, got)
		}
	}
}

// What people and programs write otherwise is not a placeholder.
func TestNotFound(t *testing.T) {
	t.Parallel()
	f := placeholder.Finder{Columns: []string{"link", "city", "url", "note"}, Own: true}
	for _, text := range []string{
		"#name", "a#name#b", "#hashtag#", "self-name-tag", "- name -", "--name--", "the page -here- is", "#link#",
		"[link]", "see [url] and [here]", "[1] [^2] [x] [ ] [...] [sic]", "[EXTERNAL] Hello", "a[name] = 1",
		"[name](https://example.com)", "[name][1]", "[name]: https://example.com", "![name](a.png)", "f(x)[name]",
		"50%", "10% of this and 20% of that", "100%FREE%", "%20%C3%BC%2F", "https://e.example/?q=%C3%A9t%C3%A9",
		`%APPDATA%\Acme`, "%TEMP%", "50%-75%", "{}", "{ color: red }", `{"name": 1}`, "{1,2}", "{a|b}", "a{color:red}",
		"$5 {sale}", "cout << x << y", "1 << 2 >> 3", "if a << b", "«Bonjour à tous»", "«Слово»", "« Guillemets »", "»Haus«",
		"** | **", "a*|b", "@example", "#1 ## Title ##", "me@example.com", "&lt;b&gt;", "AT&T", "<name>", "{{", "}}",
		"{name", "name}", "[name", "%name", "<% x", "a % b % c", "[email protected]", "[Ok]", "(name)", "|NAME|",
	} {
		if got := found(f, text); got != "" {
			t.Errorf("%q: found %q", text, got)
		}
	}
}

func TestEscaped(t *testing.T) {
	t.Parallel()
	var f placeholder.Finder
	for address, want := range map[string]string{
		"https://example.com/?u=%7B%7B.name%7D%7D":         "{{.name}}",
		"https://example.com/?u=%7b%7bname%7d%7d&v=1":      "{{name}}",
		"https://example.com/?u=%5BFIRST_NAME%5D":          "[FIRST_NAME]",
		"https://example.com/?u=*%7CFNAME%7C*":             "*|FNAME|*",
		"https://example.com/%24%7Bname%7D":                "${name}",
		"https://example.com/?u=%C2%ABVorname%C2%BB":       "«Vorname»",
		"https://example.com/?filter%5Bname%5D=1":          "",
		"https://example.com/?q=%7B%22a%22%3A1%7D&r=50%25": "",
		"https://example.com/?q=%C3%A9t%C3%A9":             "",
		"https://example.com/a%20b":                        "",
		"https://example.com/100%":                         "",
	} {
		if got := f.Escaped(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
