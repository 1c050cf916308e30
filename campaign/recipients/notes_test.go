package recipients

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// notesOf reads a list to its end and returns its notes and faults in words.
func notesOf(t *testing.T, cfg Config) (notes, faults []string) {
	t.Helper()
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for row, err := range l.Rows(context.Background()) {
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		for _, f := range row.Faults {
			faults = append(faults, f.Error())
		}
	}
	for _, f := range l.Notes() {
		notes = append(notes, f.Code+" "+f.Error())
	}
	return notes, faults
}

func TestNotes(t *testing.T) {
	t.Parallel()
	list := "email,name,number,city\n" +
		"ann@gmial.com,MÃ¼ller,4.91235E+11,Köln\n" +
		"bob@gmial.com,GroÃŸmann,1,Köln\u00a0\n" +
		"info@example.com,Zo\ufffd,2,Kö\u200bln\n" +
		"abuse@example.com,'Zoë',3,علی\u200cرضا\n" +
		"noreply@mailinator.com,ФрРѕРј,4,\u00a0\n" +
		"x@gmail.com,Ã,5,Ã\n" +
		"not an address,MÃ¼ller,4.91235E+11,x\n"
	got, faults := notesOf(t, Config{File: "-", Stdin: strings.NewReader(list)})
	want := []string{
		`mojibake -:2: name: "MÃ¼ller" looks like "Müller" read in the wrong encoding (2 cells, the first here) ` +
			`(export the list again, as UTF-8)`,
		`shortened-number -:2: number: "4.91235E+11" looks like a number that Excel has shortened, digits lost ` +
			`(format the column as text in Excel, and fill it again from its source)`,
		`typo-domain -:2: email: gmial.com is usually a typo for gmail.com (2 cells, the first here) (correct the ` +
			`address if it is a typo)`,
		`odd-blank -:3: city: "Köln\u00a0" holds the no-break space U+00A0 at its end, which people do not see but ` +
			`filters do (3 cells, the first here) (delete it, if where, the key or a template compares the cell)`,
		`lost-letters -:4: name: "Zo�" holds U+FFFD, which stands for a letter that was lost (export the list ` +
			`again, as UTF-8)`,
		`odd-quote -:5: name: "'Zoë'" is in apostrophes, which are part of the text here (if they are meant as ` +
			`quotes, export the list again with the quote ")`,
		`role-address -:5: email: "abuse@example.com" is the mailbox of a role, not of a person (several people ` +
			`may read it, and perhaps none of them asked for mail)`,
		`disposable-domain -:6: email: addresses at mailinator.com are disposable (ask for another, or leave the ` +
			`row out)`,
		`role-address -:6: email: "noreply@mailinator.com" is the mailbox of a role, not of a person (several ` +
			`people may read it, and perhaps none of them asked for mail)`,
	}
	if d := cmp.Diff(want, got); d != "" || len(faults) > 0 {
		t.Error(d, faults)
	}
}

// TestNotesOfPlainLists finds nothing odd in lists as people write them, in all languages of the encodings' test.
func TestNotesOfPlainLists(t *testing.T) {
	t.Parallel()
	for tongue, lines := range tongues {
		list := "email,name,city\n"
		for i, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
			list += string(rune('a'+i)) + "@example.com," + line + "\n"
		}
		if notes, faults := notesOf(t, Config{File: "-", Stdin: strings.NewReader(list)}); len(notes)+len(faults) > 0 {
			t.Error(tongue, notes, faults)
		}
	}
}

func TestHiddenRows(t *testing.T) {
	t.Parallel()
	hide := func(row string) string { return strings.Replace(row, "<row ", `<row hidden="1" `, 1) }
	rows := workbooktest.Inline(1, "email") + workbooktest.Inline(2, "a@example.com") +
		hide(workbooktest.Inline(3, "b@example.com")) + hide(workbooktest.Inline(4, "c@example.com")) +
		hide(workbooktest.Inline(5, "")) + workbooktest.Inline(6, "d@example.com")
	for hidden, want := range map[string]string{
		"": "a d; list.xlsx November!3: 2 rows are hidden, by hand or by a filter, the first here (say in " +
			"recipients whether they are part of the list: hidden: include, or hidden: skip)",
		"ask": "a d; list.xlsx November!3: 2 rows are hidden, by hand or by a filter, the first here (say in " +
			"recipients whether they are part of the list: hidden: include, or hidden: skip)",
		"include": "a b c d;",
		"skip":    "a d; list.xlsx November!3: 2 rows are hidden and left out, the first here",
	} {
		l, err := Open(Config{File: "-", Stdin: strings.NewReader(workbooktest.Of(t, rows, nil)), Hidden: hidden})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		end := ""
		for row, err := range l.Rows(context.Background()) {
			if err != nil {
				end += " " + err.Error()
				continue
			}
			got = append(got, row.Address.Local())
		}
		for _, f := range l.Notes() {
			end += " " + f.Error()
		}
		l.Close()
		if s := strings.ReplaceAll(strings.Join(got, " ")+";"+end, "- November", "list.xlsx November"); s != want {
			t.Errorf("%q: %s\nwant %s", hidden, s, want)
		}
	}
	var f *Fault
	if _, err := Open(Config{File: "-", Stdin: strings.NewReader("email\n"), Hidden: "perhaps"}); !errors.As(err,
		&f) || f.Code != "bad-hidden" {
		t.Error(err)
	}
}

func TestUnknownLocale(t *testing.T) {
	t.Parallel()
	if _, err := Open(Config{File: "-", Stdin: strings.NewReader("email\n"), Locale: "klingon!"}); err == nil ||
		!strings.Contains(err.Error(), `no locale is called "klingon!"`) {
		t.Error(err)
	}
}

// What is odd is told of each cell as well, before its row; rows that get no mail are not looked at. Proven by calling
// Odd only where a note is new: the second typo is not told.
func TestOdd(t *testing.T) {
	t.Parallel()
	var got []string
	l, err := Open(Config{File: "-",
		Stdin: strings.NewReader("email,name\na@gmial.com,MÃ¼ller\nb@gmial.com,Bo\nno,MÃ¼ller\n"),
		Odd: func(r *Row, column int, f *Fault) {
			got = append(got, fmt.Sprint(r.Number, column, " ", f.Code, " ", f.Place))
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for row, err := range l.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, "row "+row.Place)
	}
	want := []string{"1 1 mojibake -:2", "1 0 typo-domain -:2", "row -:2", "2 0 typo-domain -:3", "row -:3", "row -:4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An address in the column of the name is named, and one in another column is not, nor one in the column of the address
// that has the names, too. Seen to fail with each cell taken for a name.
func TestNameIsAddress(t *testing.T) {
	t.Parallel()
	list := "email,name,boss\nann@example.com,Ann,bob@example.com\nbob@example.com, bob@example.com ,Cy @ home\n" +
		"cy@example.com,cy@example.com,\ndee@example.com,Dee @ home,\neve@example.com,Eve <eve@example.com>,\n"
	got, _ := notesOf(t, Config{File: "-", Stdin: strings.NewReader(list)})
	want := []string{`name-address -:3: name: "bob@example.com" is an address, and people are greeted by it (2 cells, the ` +
		`first here) (write the name; or leave the cell empty, and write {{default "friend" .name}})`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, _ = notesOf(t, Config{File: "-", Stdin: strings.NewReader(list), Name: "email"}); got != nil {
		t.Errorf("the names are addresses: %q", got)
	}
}
