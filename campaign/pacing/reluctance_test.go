package pacing_test

import (
	"fmt"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
)

// A provider, a domain among the rest and, later, its part of the rest are reluctant when they only put mail off.
// Their turn comes after 24 of the others, and what was put back changes nothing. With PutBack counted, the turn came
// and went with the tries that a cap refused.
func TestReluctant(t *testing.T) {
	t.Parallel()
	at := func(id int64, lane, domain string) *ledger.Delivery {
		d := delivery(id, lane)
		d.AddressKey = fmt.Sprintf("p%d@%s", id, domain)
		return d
	}
	off := func(p *pacing.Pacer, d *ledger.Delivery) {
		p.Taken(d, monday)
		p.PutOff(d, monday)
		p.Settled(d, ledger.Deferred, monday)
	}
	p := pacing.New(pacing.Config{})
	for i := range int64(3) {
		if p.Reluctant("gmail") || p.Turn() {
			t.Fatalf("reluctant after %d", i)
		}
		off(p, at(i, "gmail", "gmail.com"))
	}
	if o := p.Openings(monday, []string{"gmail", "rest-1"}); !p.Reluctant("gmail") || len(o.Closed) != 1 ||
		o.Closed["gmail"].NotBefore.IsZero() {
		t.Fatalf("%+v", o)
	}
	slow := at(99, "rest-1", "slow.example")
	for i := range int64(9) {
		off(p, at(100+i, "rest-1", "slow.example"))
	}
	if reluctant, may, until := p.ReluctantDomain(slow, monday); !reluctant || may || until.IsZero() ||
		p.Reluctant("rest-1") {
		t.Errorf("%v %v %v", reluctant, may, until)
	}
	if reluctant, may, _ := p.ReluctantDomain(at(98, "rest-1", "quick.example"), monday); reluctant || !may {
		t.Error("another domain of the same part is reluctant")
	}
	off(p, at(200, "rest-1", "slow.example"))
	if !p.Reluctant("rest-1") {
		t.Error("a part of the rest that only puts mail off is not reluctant")
	}
	for i := range int64(24) {
		if p.Turn() {
			t.Fatalf("the turn came after %d", i)
		}
		d := at(300+i, "outlook", "outlook.com")
		p.Taken(d, monday)
		p.PutBack(d)
		p.Taken(d, monday)
		p.Settled(d, ledger.Sent, monday)
	}
	p.Taken(slow, monday)
	if p.Turn() {
		t.Error("one that is reluctant did not use the turn up")
	}
	p.PutBack(slow)
	if !p.Turn() {
		t.Error("one that was put back used the turn up")
	}
	p.Taken(slow, monday)
	p.Settled(slow, ledger.Sent, monday)
	if reluctant, _, _ := p.ReluctantDomain(slow, monday); reluctant || p.Reluctant("rest-1") || !p.Reluctant("gmail") {
		t.Error("an answer ends the reluctance of its own domain alone")
	}
}
