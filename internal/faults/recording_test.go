package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/internal/faults/trace"
	"mailshot/internal/sink"
)

// recording is what sends of a workspace did, one after the other.
type recording struct {
	*stage
	hide     []string      // of the server's extensions
	people   int           // the rows
	before   []sink.Record // what the server had before
	start    trace.Tree    // the folder before
	sends    [][]trace.Step
	messages []*trace.Message
	records  map[string]sink.Record // by recipient, of these sends
	copies   trace.Tree             // the folder afterwards, for its archive
}

// record sends a campaign with an archive in parts, under strace.
func record(t *testing.T, hide []string, people, parts int) *recording {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: the program's writes cannot be seen")
	}
	r := &recording{stage: newStage(t, SinkOptions{Hide: hide}, Campaign{Addresses: People(people)}), hide: hide,
		people: people}
	r.amend("archive: sent/\n")
	var err error
	if r.start, err = r.tree(); err != nil {
		t.Fatal(err)
	}
	for part := range parts {
		args := []string{"send", "--yes", "campaign.yaml"}
		if part < parts-1 {
			args = append(args, "--limit", fmt.Sprint(people/parts))
		}
		r.trace(r.Sink, 0, args...)
	}
	r.verdict()
	if r.copies, err = r.tree(); err != nil {
		t.Fatal(err)
	}
	if len(r.records) != people || len(r.messages) != people {
		t.Fatalf("%d people have %d records, and the trace %d messages", people, len(r.records), len(r.messages))
	}
	return r
}

// amend adds lines to the campaign file.
func (s *stage) amend(lines string) {
	s.t.Helper()
	path := filepath.Join(s.folder(), "campaign.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(text, lines...), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// tree is the campaign's folder and the user's.
func (s *stage) tree() (trace.Tree, error) {
	t, err := trace.ReadTree(s.Dir)
	maps.DeleteFunc(t, func(path string, _ []byte) bool {
		top, _, _ := strings.Cut(path, "/")
		return top != "campaign" && top != "user"
	})
	return t, err
}

// trace runs the program under strace, wants the exit code, and adds what it did.
func (r *recording) trace(s *Sink, code int, args ...string) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "trace")
	defer os.Remove(file)
	cmd := r.Command(args...)
	line := trace.Strace(file, cmd.Args...)
	under := exec.Command(line[0], line[1:]...)
	under.Dir, under.Env = cmd.Dir, cmd.Env
	p, err := Start(under)
	if err != nil {
		r.t.Fatal(err)
	}
	got, err := p.Wait()
	if err != nil {
		r.t.Fatal(err)
	}
	if _, talk := p.Output(); got != code {
		r.t.Fatalf("under strace: exit code %d, want %d\n%s", got, code, talk)
	}
	f, err := os.Open(file)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	from := 0
	if n := len(r.sends); n > 0 {
		from = r.sends[n-1][len(r.sends[n-1])-1].Place
	}
	calls, err := trace.Read(f, from)
	if err != nil {
		r.t.Fatal(err)
	}
	steps := trace.Steps(calls)
	messages, err := trace.Messages(steps)
	if err != nil {
		r.t.Fatal(err)
	}
	r.sends, r.messages = append(r.sends, steps), append(r.messages, messages...)
	records, err := s.Records()
	if err != nil {
		r.t.Fatal(err)
	}
	r.records = map[string]sink.Record{}
	for _, rec := range records[len(r.before):] {
		r.records[rec.To[0]] = rec
	}
}

// replay takes a disk through the trace and stops behind each of the places, which are in order.
func (r *recording) replay(places []int, stop func(d *trace.Disk, place int)) {
	r.t.Helper()
	d, err := trace.NewDisk(r.Dir, r.start)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, steps := range r.sends {
		for _, s := range steps {
			if err := d.Step(s); err != nil {
				r.t.Fatal(err)
			}
			for len(places) > 0 && places[0] == s.Place {
				stop(d, places[0])
				places = places[1:]
			}
		}
		d.Ended()
	}
	if len(places) > 0 {
		r.t.Fatalf("the trace ends before %v", places)
	}
}

// places draws n places at which the power goes, of each kind the same number, and counts them by kind.
func (r *recording) places(random *rand.Rand, n int) (places []int, kinds map[string]int) {
	all := map[string][]int{}
	for _, steps := range r.sends {
		for _, s := range steps {
			if kind := r.kind(s); kind != "" {
				all[kind] = append(all[kind], s.Place)
			}
		}
	}
	for _, m := range r.messages {
		for kind, place := range map[string]int{"first byte leaves": m.First, "last byte leaves": m.Last,
			"reply is read": m.Reply} {
			if place != trace.Never {
				all[kind] = append(all[kind], place)
			}
		}
	}
	kinds = map[string]int{}
	names := slices.Sorted(maps.Keys(all))
	first := random.IntN(len(names))
	for i := range n {
		kind := names[(first+i)%len(names)]
		kinds[kind]++
		places = append(places, all[kind][random.IntN(len(all[kind]))])
	}
	slices.Sort(places)
	return places, kinds
}

// kind is what a step is for the disk, "" for one that is nothing to it.
func (r *recording) kind(s trace.Step) string {
	path := s.Call.Path()
	switch s.Call.Name {
	case "fsync", "fdatasync":
		if s.Ends {
			return "sync ends"
		}
		return "sync begins"
	case "pwrite64", "write", "ftruncate":
		if !s.Ends && strings.HasPrefix(path, r.Dir) && !strings.HasSuffix(path, "-shm") {
			return "write"
		}
	case "linkat", "unlinkat", "unlink", "mkdirat", "renameat":
		return "name"
	}
	return ""
}

// world is a record as the server may have it when the sender's power goes at the place.
func (r *recording) world(random *rand.Rand, place int) []sink.Record {
	world := slices.Clone(r.before)
	for _, m := range r.messages {
		if m.Reply <= place || m.Last <= place && random.IntN(2) == 0 {
			world = append(world, r.records[m.To])
		}
	}
	return world
}

// restart puts a tree in place of the folders, and starts a server whose record begins with what is given.
func (r *recording) restart(tree trace.Tree, records []sink.Record) *Sink {
	r.t.Helper()
	var lines bytes.Buffer
	for _, rec := range records {
		line, err := json.Marshal(rec)
		if err != nil {
			r.t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	record := filepath.Join(r.t.TempDir(), "record.jsonl")
	if err := os.WriteFile(record, lines.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	s, err := StartSink(record, SinkOptions{Hide: r.hide})
	if err != nil {
		r.t.Fatal(err)
	}
	// The same path as before: another one would be a copied campaign.
	for _, dir := range []string{"campaign", "user"} {
		if err := os.RemoveAll(filepath.Join(r.Dir, dir)); err != nil {
			r.t.Fatal(err)
		}
	}
	const file = "campaign/campaign.yaml"
	tree[file] = portLine.ReplaceAll(tree[file], fmt.Appendf(nil, "port: %d,", s.Port()))
	if err := tree.Write(r.Dir); err != nil {
		r.t.Fatal(err)
	}
	return s
}

// states are the deliveries of the ledger in a tree by recipient, none where nothing is planned.
func (r *recording) states(tree trace.Tree) map[string]ledger.State {
	r.t.Helper()
	states := map[string]ledger.State{}
	dir, err := os.MkdirTemp(r.t.TempDir(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const state = "campaign/.mailshot/state.db"
	if tree[state] == nil {
		return states
	}
	path := filepath.Join(dir, "state.db")
	if err := os.Mkdir(path+".locks", 0o700); err != nil {
		r.t.Fatal(err)
	}
	for name, data := range tree {
		rest, ok := strings.CutPrefix(name, state)
		if ok && (rest == "" || rest == "-wal" || strings.HasSuffix(rest, ".journal")) {
			if err := os.WriteFile(path+rest, data, 0o600); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	l, err := ledger.Open(path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	for d, err := range l.Deliveries(r.t.Context(), ID, ledger.Filter{}) {
		if err != nil {
			break // no such campaign
		}
		states[d.Address] = d.State
	}
	return states
}
