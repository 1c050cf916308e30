package faults

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/internal/faults/trace"
)

var portLine = regexp.MustCompile(`port: \d+,`)

// A power cut at any moment leaves a disk on which the next send goes on: nobody is mailed twice or lost, at most one
// delivery for each connection is unknown, and everybody who is sent has a copy in the archive. The disk is built again
// at places drawn from the trace, with what was not synced dropped, kept or torn, and the server goes on with the
// record that it may have then; see the trace room. One resume in four is cut again.
//
// Broken, with seed 1 and 90 people: with SQLite's synchronous=OFF 62 were unexpected on the first disk and duplicated
// after the resume, and with NORMAL one; with begin behind the message's last byte one was duplicated at the second
// cut; with an archive that does not sync, 61 of those sent had no whole copy.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	people, cuts := 60, 3
	if *long {
		people, cuts = 1500, 34
	}
	for i, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			r := record(t, p.hide, people, 3)
			o := outage{random: rand.New(rand.NewPCG(*seed, uint64(i)))}
			places, kinds := r.places(o.random, cuts)
			o.cut(r, places, 1)
			t.Logf("seed %d, %s, %d people: %d power cuts %v and %d of the resumes, %d with something lost: "+
				"%d unknown, at most %d a cut",
				*seed, p.name, people, cuts, kinds, o.cuts-cuts, o.lossy, o.unknown, o.worst)
		})
	}
}

// outage cuts the power, and counts.
type outage struct {
	random         *rand.Rand
	cuts, lossy    int // those that left less than the program had written
	unknown, worst int
}

// cut cuts the power at places of a recording, and resumes on what is left. Depth counts the cuts before, this one
// included.
func (o *outage) cut(r *recording, places []int, depth int) {
	r.t.Helper()
	r.replay(places, func(d *trace.Disk, place int) {
		tree := d.Cut(o.random)
		o.cuts++
		if !maps.EqualFunc(files(tree), files(d.Now()), bytes.Equal) {
			o.lossy++
		}
		o.resume(r, tree, place, depth)
	})
}

// files leaves out what holds nothing.
func files(t trace.Tree) trace.Tree {
	maps.DeleteFunc(t, func(path string, _ []byte) bool { return strings.HasSuffix(path, "-shm") })
	return t
}

// resume lets the program go on with a tree, after the power was cut at the place for the depth-th time.
func (o *outage) resume(r *recording, tree trace.Tree, place, depth int) {
	r.t.Helper()
	world := r.world(o.random, place)
	s := r.restart(tree, world)
	defer s.Close()
	check := func(when string) *Verdict {
		r.t.Helper()
		v, err := r.Workspace.Check(r.t.Context(), s)
		if err != nil {
			r.t.Fatalf("power cut %d at %d, %s: %v", depth, place, when, err)
		}
		if err := v.Err(); err != nil {
			r.t.Errorf("power cut %d at %d, %s: %v\n%s", depth, place, when, err, v)
		}
		return v
	}
	v := check("the disk")
	begun, doubtful := v.Counts[ledger.Begun], v.Counts[ledger.Unknown]
	o.unknown, o.worst = o.unknown+int(begun), max(o.worst, int(begun))
	if begun > 2*connections { // one on the wire and one ahead of it
		r.t.Errorf("power cut %d at %d: %d begun", depth, place, begun)
	}
	for who, state := range r.states(tree) {
		name := "campaign/sent/" + who + ".eml"
		if state == ledger.Sent && !bytes.Equal(tree[name], r.copies[name]) {
			r.t.Errorf("power cut %d at %d: %s is sent, and the archive's copy is not whole", depth, place, who)
		}
	}
	code := 0
	if begun+doubtful > 0 {
		code = 5
	}
	again := &recording{stage: r.stage, hide: r.hide, people: r.people, before: world, start: tree}
	if twice := o.random.IntN(4) == 0; twice {
		again.trace(s, code, "send", "--yes", "campaign.yaml")
	} else {
		r.remembered(s, "after a power cut")
		r.finish(code)
	}
	v = check("resumed")
	if sent := v.Counts[ledger.Sent]; v.Rows != int64(r.people) || v.Counts[ledger.Unknown] != begun+doubtful ||
		sent+begun+doubtful != v.Rows {
		r.t.Errorf("power cut %d at %d, resumed: %s; before %d were begun and %d unknown", depth, place, v, begun,
			doubtful)
	}
	if len(again.messages) == 0 || r.t.Failed() {
		return
	}
	var err error
	if again.copies, err = r.tree(); err != nil {
		r.t.Fatal(err)
	}
	places, _ := again.places(o.random, 1)
	o.cut(again, places, depth+1)
}

// connections is how many a workspace's campaign has at once.
const connections = 8

// The intent to send a message is on the disk before the first byte of its body leaves: at that place of the trace the
// synced part of the disk, all else dropped, has a ledger that says begun.
//
// Broken, with 60 people: with SQLite's synchronous=OFF, or NORMAL, all 180 bodies left before their intent was on the
// disk; with begin behind the message in the way by DATA, 133: all that went so, for with BDAT the first of a session
// does.
func TestIntentIsSynced(t *testing.T) {
	t.Parallel()
	people := 40
	if *long {
		people = 1500
	}
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			r := record(t, p.hide, people, 2)
			intents(t, r)
		})
	}
}

func intents(t *testing.T, r *recording) {
	var places []int
	by := map[int][]*trace.Message{}
	for _, m := range r.messages { // in the order of their first bytes
		if by[m.First] == nil {
			places = append(places, m.First)
		}
		by[m.First] = append(by[m.First], m)
	}
	var states map[string]ledger.State
	at, looks, early := -1, 0, 0
	r.replay(places, func(d *trace.Disk, place int) {
		if at != d.Syncs {
			at, states = d.Syncs, r.states(d.Synced())
			looks++
		}
		for _, m := range by[place] {
			if states[m.To] != ledger.Begun {
				early++
				t.Errorf("the body for %s leaves at %d, and on the disk it is %q", m.To, place, states[m.To])
			}
		}
	})
	t.Logf("%d bodies, %d states of the disk: %d left before their intent was on it", len(r.messages), looks, early)
}
