package beside

import (
	"strings"
	"testing"
)

// A value of the command line is in place of the file's with its name. What comes after the first = is the value.
//
// Proven by cutting at the last =.
func TestSettings(t *testing.T) {
	t.Parallel()
	file := []Setting{{"month", "May", "c.yaml:3:3"}, {"city", "Oslo", "c.yaml:4:3"}}
	set, err := Settings([]string{"url=https://example.com/?a=1", "month=", "größe=1"}, file)
	var got []string
	for _, s := range set {
		got = append(got, s.Name+" "+s.Value+" "+s.Place)
	}
	want := "city Oslo c.yaml:4:3|größe 1 --set größe|month  --set month|url https://example.com/?a=1 --set url"
	if strings.Join(got, "|") != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for flag, want := range map[string]string{
		"month": "has no =", "1st=x": "cannot be a name", "a b=x": "cannot be a name", "=x": "cannot be a name",
		"mailshot=x": "what templates call", "a=\xff": "not text in UTF-8", "a=\x00": "not text in UTF-8",
	} {
		if _, err := Settings([]string{flag}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", flag, err)
		}
	}
}

// People are read as a person types them, and each that is not one is named.
//
// Proven by stopping at the first that is not one.
func TestPeople(t *testing.T) {
	t.Parallel()
	people, err := People([]string{`"Doe, Ann" <ann@example.com>; Bob <bob@EXAMPLE.com>`, "cid@example.com"})
	if err != nil || len(people) != 3 || people[0].Name != "Doe, Ann" || people[1].Address.String() != "bob@example.com" {
		t.Errorf("%v, %v", people, err)
	}
	_, err = People([]string{"ann@example, bob@example.com, dan@example.com, cid at example.com", "", "dan@example.com,"})
	if n := len(each(err)); n != 4 {
		t.Errorf("%d mistakes: %v", n, err)
	}
}
