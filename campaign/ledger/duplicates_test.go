package ledger

import (
	"fmt"
	"reflect"
	"testing"
)

// Copies come in the order of the list with the places of the first, whatever became of the rows; a row without a
// message is none. Broken once by leaving out the digest's length, by which invalid rows became copies, and once by
// taking the rows in the order of their ids, by which people.csv:6, a conflict added again, came behind people.csv:8.
func TestCopies(t *testing.T) {
	t.Parallel()
	l := open1(t)
	d, err := l.Draft(t.Context(), Campaign{ID: "news"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	next := func(of int, change func(*Row)) Row {
		n++
		r := with(row(of), func(r *Row) { r.Number, r.Place = int64(n), fmt.Sprintf("people.csv:%d", n+1) })
		if change != nil {
			change(&r)
		}
		return r
	}
	rows := []Row{
		next(1, func(r *Row) { r.Key, r.AddressKey = "b", "bob@example.com" }),
		next(2, nil),
		next(3, func(r *Row) { r.State = Suppressed }),
		next(2, func(r *Row) { r.State, r.Digest = Invalid, nil }),
		next(2, func(r *Row) { r.Digest, r.Fields = []byte("other"), []byte("edited") }), // people.csv:6, in conflict
		next(3, nil),
		next(2, nil),
		next(2, nil),
		next(5, func(r *Row) { r.Key, r.AddressKey = "a", "bob@example.com" }),
		next(6, func(r *Row) { r.Key, r.AddressKey = "c", "bob@example.com" }),
		next(7, func(r *Row) { r.Key, r.AddressKey, r.State = "d", "bob@example.com", Suppressed }),
		next(8, nil),
		next(8, nil),
	}
	conflicts, err := d.Add(t.Context(), rows)
	if err != nil || len(conflicts) != 1 || conflicts[0].Address != row(2).Address ||
		string(conflicts[0].Digest) != string(row(2).Digest) {
		t.Fatal(conflicts, err)
	}
	if _, err := d.Add(t.Context(), []Row{with(conflicts[0].Row, func(r *Row) { r.State = Invalid })}); err != nil {
		t.Fatal(err)
	}
	at := func(key string, lines ...int) (out []Copy) {
		for _, n := range lines {
			out = append(out, Copy{fmt.Sprintf("people.csv:%d", n), key})
		}
		return out
	}
	got, more, err := d.SameKey(t.Context(), 2, 3)
	if want := []Copies{{"key-2", 4, 1, at("key-2", 3, 6, 8), row(2).Fields, []byte("edited")},
		{"key-3", 2, 0, at("key-3", 4, 7), nil, nil}}; err != nil || more != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %d more, %v", got, more, err)
	}
	got, more, err = d.SameAddress(t.Context(), 2, 2)
	bob := []Copy{{"people.csv:2", "b"}, {"people.csv:10", "a"}}
	if want := []Copies{{"bob@example.com", 3, 0, bob, nil, nil}}; err != nil || more != 0 ||
		!reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %d more, %v", got, more, err)
	}
	if err := d.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.SameKey(t.Context(), 1, 1); err == nil {
		t.Error("a closed draft answers")
	}
}

// BenchmarkCopies asks a plan of a million rows for both kinds of copies, of which there are ten thousand each.
func BenchmarkCopies(b *testing.B) {
	l := open1(b)
	d, err := l.Draft(b.Context(), Campaign{ID: "news"})
	if err != nil {
		b.Fatal(err)
	}
	const n = 1_000_000
	for from := 0; from < n; from += 1000 {
		var rows []Row
		for i := from; i < from+1000; i++ {
			r := row(i + 1)
			switch i % 100 {
			case 98:
				r.Key, r.Digest = row(i).Key, row(i).Digest
			case 99:
				r.AddressKey = row(i - 10).AddressKey
			}
			rows = append(rows, r)
		}
		if _, err := d.Add(b.Context(), rows); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		same, more, err := d.SameKey(b.Context(), 100, 10)
		if err != nil || int64(len(same))+more != n/100 {
			b.Fatal(len(same), more, err)
		}
		people, more, err := d.SameAddress(b.Context(), 100, 10)
		if err != nil || int64(len(people))+more != n/100 {
			b.Fatal(len(people), more, err)
		}
	}
}
