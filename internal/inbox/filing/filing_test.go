package filing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/internal/inbox/imap"
)

// letter is the nth message of a test.
func letter(n int) string {
	return fmt.Sprintf("Message-ID:\r\n <%d.made-up@example.com>\r\nSubject: one\r\n\r\nHello %d\r\n.\r\n", n, n)
}

func item(n int) Item {
	text := letter(n)
	return Item{Place: fmt.Sprint("people.csv:", n+1), Key: fmt.Sprint(n), Address: "ann@example.com", Size: int64(len(text)),
		Body: strings.NewReader(text), Time: time.Date(2026, 11, 30, 10, 0, n, 0, time.UTC)}
}

// file files so many messages and returns what became of them. hold is closed when it waits for the end; nil = nobody
// asks.
func file(t *testing.T, c Config, many int, hold chan struct{}) Result {
	t.Helper()
	c.Pause = time.Millisecond
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if hold != nil {
		go f.untilEnding(hold)
	}
	for n := range many {
		f.Keep(item(n))
	}
	r, err := f.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f.memory != 0 || f.disk != 0 || f.busy != 0 {
		t.Errorf("%d octets in memory, %d in files, %d with workers are left", f.memory, f.disk, f.busy)
	}
	return r
}

// untilEnding closes a channel when Finish has been called.
func (f *Filer) untilEnding(hold chan struct{}) {
	for {
		f.mu.Lock()
		ending, news := f.ending, f.news
		f.mu.Unlock()
		if ending {
			close(hold)
			return
		}
		<-news
	}
}

// TestFile has each message once in the folder for sent messages, byte for byte, seen, with the time of its sending.
func TestFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{"memory": {}, "files": {Memory: 1, Home: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{}
			c.IMAP = s.start(t)
			var told []string
			c.Tell = func(text string) { told = append(told, text) }
			const many = 50
			if r := file(t, c, many, nil); r.Filed != many || r.Failed != 0 || len(r.Named) != 0 ||
				!strings.HasPrefix(r.Folder, "imap://ann@127.0.0.1:") {
				t.Errorf("%+v", r)
			}
			got := s.filed()
			slices.Sort(got)
			var want []string
			for n := range many {
				want = append(want, letter(n))
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%d messages, not the %d that were sent", len(got), many)
			}
			s.mu.Lock() // a connection that came too late may still be greeted
			defer s.mu.Unlock()
			for _, how := range s.times {
				if !strings.Contains(how, `"Outgoing" (\Seen) "30-Nov-2026 10:00:`) {
					t.Errorf("APPEND %s", how)
				}
			}
			if s.most > 2 {
				t.Errorf("%d connections", s.most)
			}
			if said := name == "files"; said != (len(told) == 1) {
				t.Errorf("told: %q", told)
			}
			if left, _ := filepath.Glob(filepath.Join(c.Home, "tmp", "*", "*")); c.Home != "" && len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestTrouble says what becomes of copies, whatever the server does, and how often it was asked. It fails where a copy
// without an answer is appended again without a search, where a refusal ends the filing of the others, where a refused
// login is tried again, and where a copy that cannot be asked for holds the others up.
func TestTrouble(t *testing.T) {
	t.Parallel()
	first := func(n int, a act) func(int, string) act {
		return func(i int, _ string) act {
			if i <= n {
				return a
			}
			return act{}
		}
	}
	always := func(a act) func(int, string) act { return func(int, string) act { return a } }
	const many = 3
	for _, c := range []struct {
		name                     string
		acts                     func(int, string) act
		search, examine, login   string
		filed, appends, searches int
		logins                   int // 0 = any number
		why                      string
		unsure                   bool // some may be in the folder
	}{
		{name: "answer lost, filed", acts: first(1, act{after: "-"}), filed: 3, appends: 3, searches: 1},
		{name: "half an answer, filed", acts: first(1, act{after: "* BYE"}), filed: 3, appends: 3, searches: 1},
		{name: "answer lost, not filed", acts: first(1, act{after: "-", lose: true}), filed: 3, appends: 4, searches: 1},
		{name: "answers lost, all filed", acts: always(act{after: "-"}), filed: 3, appends: 3, searches: 3},
		{name: "answers lost, none filed", acts: always(act{after: "-", lose: true}), appends: 10, searches: 8,
			why: "no answer after the message"},
		{name: "cannot be asked", acts: first(1, act{after: "-"}), search: "NO no search here", filed: 2, appends: 3,
			searches: 1, why: "may be in the folder", unsure: true},
		{name: "asking loses the connection", acts: first(1, act{after: "-"}), search: "-", filed: 2, appends: 3,
			searches: 4, why: "closed the connection", unsure: true},
		{name: "opening loses the connection", acts: first(1, act{after: "-"}), examine: "-", filed: 2, appends: 3,
			searches: 4, why: "closed the connection", unsure: true},
		{name: "connection lost before", acts: first(3, act{before: "-"}), filed: 3, appends: 6},
		{name: "refused", acts: first(1, act{after: "NO [CANNOT] bad message"}), filed: 2, appends: 3, why: "CANNOT"},
		{name: "put off", acts: first(2, act{before: "NO [UNAVAILABLE] busy"}), filed: 3, appends: 5},
		{name: "put off without end", acts: always(act{after: "NO Quota exceeded"}), appends: 10, why: "Quota exceeded"},
		{name: "no folder", acts: always(act{before: "NO [TRYCREATE] no such folder"}), appends: 1, why: "TRYCREATE"},
		{name: "no login", login: "NO [AUTHENTICATIONFAILED] wrong", logins: 1, why: "wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// How much trouble there may be is counted anew at the end, so it all comes then.
			s := &server{acts: c.acts, search: c.search, examine: c.examine, login: c.login, hold: make(chan struct{})}
			r := file(t, Config{IMAP: s.start(t), Connections: 1}, many, s.hold)
			appends, searches, logins := s.counts()
			if int(r.Filed) != c.filed || int(r.Failed) != many-c.filed || appends != c.appends || searches != c.searches ||
				c.logins != 0 && logins != c.logins {
				t.Errorf("%+v, %d appends, %d searches, %d logins", r, appends, searches, logins)
			}
			if got := s.filed(); !c.unsure && len(got) != c.filed || len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
				t.Errorf("in the folder: %q", got)
			}
			for _, f := range r.Named {
				if f.Key == "" || f.Place == "" || f.Address == "" || c.why == "" {
					t.Errorf("%+v", f)
				}
			}
			if len(r.Named) > 0 && !strings.Contains(r.Named[0].Text, c.why) {
				t.Errorf("%q does not say %q", r.Named[0].Text, c.why)
			}
		})
	}
}

// TestNobodyThere says which copies were not filed where no server is there, and ends.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	cfg := (&server{}).start(t)
	cfg.Dial = refuse(func() {})
	var mu sync.Mutex
	var told []string
	r := file(t, Config{IMAP: cfg, Tell: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, text)
	}}, 3, nil)
	if r.Failed != 3 || len(r.Named) != 3 || !strings.Contains(r.Named[2].Text, "cannot be reached") {
		t.Errorf("%+v", r)
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], "copies wait: ") {
		t.Errorf("told: %q", told)
	}
}

// TestUnread has a copy whose own file cannot be read, and one whose file is gone. They are not filed, and the others
// are. It fails where the error of the file is taken for the server's.
func TestUnread(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(file string) error{
		"no file":   os.Remove,
		"no folder": func(file string) error { return errors.Join(os.Remove(file), os.Mkdir(file, 0o700)) },
		"too short": func(file string) error { return os.Truncate(file, 20) },
		"too long":  func(file string) error { return os.WriteFile(file, []byte(strings.Repeat(letter(1), 2)), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{hold: make(chan struct{})}
			f, err := New(Config{IMAP: s.start(t), Connections: 1, Memory: 1, Home: t.TempDir(), Pause: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 4 {
				f.Keep(item(n))
			}
			if err := spoil(f.dir.Name("2.eml")); err != nil {
				t.Fatal(err)
			}
			close(s.hold)
			r, err := f.Finish(t.Context())
			if r.Filed != 3 || r.Failed != 1 || r.Named[0].Key != "1" || len(s.filed()) != 3 || err != nil {
				t.Errorf("%v %+v, in the folder: %q", err, r, s.filed())
			}
			if n, _, _ := s.counts(); n > 4 || strings.Contains(r.Named[0].Text, "connection") {
				t.Errorf("%d appends, %+v", n, r.Named)
			}
		})
	}
}

// TestBlip takes the network away for a while, and the login for good. Where a copy was filed before, a name that is
// not found passes, and the server's refusal does not.
func TestBlip(t *testing.T) {
	t.Parallel()
	none := &net.DNSError{Err: "no such host", Name: "imap.example", IsNotFound: true}
	for _, c := range []struct {
		name           string
		first, last    int // the dials without a network
		login          string
		filed, offered int
	}{
		{name: "later", first: 2, last: 4, filed: 3, offered: 5},
		{name: "at once", first: 1, last: 4, offered: 1},
		{name: "login", login: "NO [AUTHENTICATIONFAILED] wrong", filed: 1, offered: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &server{hold: make(chan struct{})}
			s.acts = func(n int, _ string) act {
				if n > 1 {
					return act{}
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				s.login = c.login
				return act{last: true}
			}
			cfg := s.start(t)
			dials := 0
			cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials++; dials >= c.first && dials <= c.last {
					return nil, none
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			r := file(t, Config{IMAP: cfg, Connections: 1}, 3, s.hold)
			if int(r.Filed) != c.filed || int(r.Failed) != 3-c.filed || dials != c.offered {
				t.Errorf("%+v, %d dials", r, dials)
			}
		})
	}
}

// TestBounded feeds a server that has stopped answering with far more than may wait. Keep returns at once each time,
// and the memory stays small. The test fails where room does not count what waits, or gives room without end.
//
// It runs alone: the heap is that of the whole program, with what other tests have in hand.
func TestBounded(t *testing.T) {
	s := &server{acts: func(int, string) act { return act{after: "..."} }}
	home := t.TempDir()
	f, err := New(Config{IMAP: s.start(t), Memory: 2 << 20, Disk: 4 << 20, Home: home})
	if err != nil {
		t.Fatal(err)
	}
	const many, size = 1000, 100_000
	big := letter(0) + strings.Repeat("x", size)
	before := heap()
	for range many { // 100 MB
		f.Keep(Item{Key: "k", Size: int64(len(big)), Body: strings.NewReader(big)})
	}
	if grown := heap() - before; grown > 12<<20 {
		t.Errorf("%d octets of memory for 100 MB of copies", grown)
	}
	if f.memory > 2<<20 || f.disk > 4<<20 {
		t.Errorf("%d octets in memory, %d in files", f.memory, f.disk)
	}
	files, _ := filepath.Glob(filepath.Join(home, "tmp", "*", "*.eml"))
	if len(files) != 4<<20/len(big) {
		t.Errorf("%d files", len(files))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r, err := f.Finish(ctx)
	if err != nil || r.Failed != many || r.Filed != 0 || len(r.Named) != many {
		t.Errorf("%v, %d filed, %d failed", err, r.Filed, r.Failed)
	}
	if left, _ := os.ReadDir(home); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	texts := map[string]bool{}
	for _, n := range r.Named {
		texts[n.Text] = true
	}
	if !texts[errFull.Error()] || !texts["not tried: "+errOver.Error()] {
		t.Errorf("%v", texts)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestEnd ends the tries while a server has a whole copy and does not answer: it may be in the folder, and the others
// are not.
func TestEnd(t *testing.T) {
	t.Parallel()
	whole := make(chan struct{})
	s := &server{acts: func(n int, _ string) act { return act{after: "...", then: func() { close(whole) }} }}
	f, err := New(Config{IMAP: s.start(t), Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		f.Keep(item(n))
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-whole
		stop()
	}()
	r, err := f.Finish(ctx)
	if err != nil || r.Failed != 3 || !strings.Contains(r.Named[0].Text, "may be in the folder or not") ||
		r.Named[1].Text != "not tried: "+errOver.Error() {
		t.Errorf("%v %+v", err, r)
	}
}

// A message that cannot be written, or has another size than was said, is not filed; the others are.
func TestUnmade(t *testing.T) {
	t.Parallel()
	for _, memory := range []int64{0, 1} {
		s := &server{}
		f, err := New(Config{IMAP: s.start(t), Memory: memory, Home: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		bad, long := item(0), item(1)
		bad.Body = unmade{}
		long.Size++
		f.Keep(bad)
		f.Keep(long)
		f.Keep(item(2))
		r, err := f.Finish(t.Context())
		if err != nil || r.Filed != 1 || r.Failed != 2 || r.Named[0].Text != "no" || r.Named[1].Text != errSize.Error() {
			t.Errorf("%v %+v", err, r)
		}
		if f.memory != 0 || f.disk != 0 || len(s.filed()) != 1 {
			t.Errorf("%d %d %q", f.memory, f.disk, s.filed())
		}
	}
}

type unmade struct{}

func (unmade) WriteTo(io.Writer) (int64, error) { return 0, errors.New("no") }

// TestTold has answers lost for ten minutes, one in five seconds, while copies are filed between them. It is told once a
// minute at most, and what lasts is told.
func TestTold(t *testing.T) {
	t.Parallel()
	cfg := (&server{}).start(t)
	synctest.Test(t, func(t *testing.T) {
		f, err := New(Config{IMAP: cfg})
		if err != nil {
			t.Fatal(err)
		}
		lost := &imap.AppendError{Later: true, Err: errors.New("lost")}
		var told []string
		tell := func(err error) {
			f.busy++
			if text := f.concluded(&waiting{}, err); text != "" {
				told = append(told, text[strings.LastIndexByte(text, ' ')+1:])
			}
			f.again = nil
		}
		for range 120 {
			time.Sleep(5 * time.Second)
			tell(lost)
			tell(nil)
		}
		if want := []string{"lost", "again"}; len(told) != 10 || !slices.Equal(told[:2], want) {
			t.Errorf("told: %q", told)
		}
		time.Sleep(time.Minute)
		told = nil
		for _, err := range []error{lost, lost, nil, lost, lost} { // it lasts
			tell(err)
			time.Sleep(25 * time.Second)
		}
		if want := []string{"lost"}; !slices.Equal(told, want) {
			t.Errorf("told: %q", told)
		}
		for range 3 {
			tell(nil)
			time.Sleep(25 * time.Second)
		}
		if want := []string{"lost", "again"}; !slices.Equal(told, want) {
			t.Errorf("told: %q", told)
		}
		f.end()
	})
}

// TestPauses shows how the pauses grow, in the time of a bubble, while nobody is there: up to five minutes while
// messages are sent, and no longer than ten seconds at the end.
func TestPauses(t *testing.T) {
	t.Parallel()
	cfg := (&server{}).start(t)
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		begin := time.Now()
		cfg.Dial = refuse(func() { at = append(at, time.Since(begin)) })
		f, err := New(Config{IMAP: cfg, Connections: 1})
		if err != nil {
			t.Fatal(err)
		}
		f.Keep(item(1))
		time.Sleep(time.Hour) // of the bubble
		synctest.Wait()
		if n := len(at); n < 15 || n > 22 || at[1] != 2*time.Second || at[n-1]-at[n-2] != longest {
			t.Errorf("%d tries: %v", n, at)
		}
		ended := time.Now()
		r, _ := f.Finish(t.Context())
		if r.Failed != 1 || time.Since(ended) > 2*time.Minute {
			t.Errorf("%+v after %v", r, time.Since(ended))
		}
	})
}
