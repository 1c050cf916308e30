package desk

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/render/token"
)

var (
	rate    = flag.Duration("desk.rate", 0, "measure the rate of POSTs for this `long`, several times")
	clients = flag.Int("desk.clients", 64, "how `many` clients ask at once for -desk.rate")
)

// The rate of POSTs, side by side with that of a handler that is empty but for a transaction of the accounts for each
// group: both over HTTP on loopback, with the same clients, in turn. Each POST is of another person.
//
//	go test ./campaign/leaving/desk -run TestRate -v -desk.rate 3s
func TestRate(t *testing.T) {
	if *rate == 0 {
		t.Skip("measured with -desk.rate 3s")
	}
	a, err := accounts.Open(filepath.Join(t.TempDir(), "user", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	secret, err := a.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	news := token.Campaign{ID: "news-1", Domain: "example.org", Topic: "news"}
	if err := leaving.Issue(t.Context(), a, news, time.Now()); err != nil {
		t.Fatal(err)
	}
	desk, err := New(t.Context(), Config{Accounts: a})
	if err != nil {
		t.Fatal(err)
	}
	maker := token.New(secret, news, token.Unsubscribe, false)
	g := group{write: desk.group.write}
	empty := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.commit(&job{}); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	rates := map[string][]float64{}
	posts := 0
	for round := range 7 {
		for _, name := range []string{"empty", "desk"} {
			h := map[string]http.Handler{"empty": empty, "desk": desk}[name]
			n := measure(t, h, *rate, func(client, i int) string {
				return string(maker.Append(nil, fmt.Sprintf("p%d-%d-%d@example.com", round, client, i)))
			})
			if name == "desk" {
				posts += n
			}
			rates[name] = append(rates[name], float64(n)/rate.Seconds())
		}
	}
	listed := 0
	for _, err := range a.Suppressions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		listed++
	}
	if listed < posts {
		t.Errorf("%d were answered and %d are on the list", posts, listed)
	}
	median := func(all []float64) float64 { slices.Sort(all); return all[len(all)/2] }
	own, other := median(rates["desk"]), median(rates["empty"])
	t.Logf("%d clients: POSTs %.0f/s, empty handler %.0f/s, ratio %.2f", *clients, own, other, own/other)
	if own < other/2 {
		t.Errorf("less than half")
	}
}

// measure has clients post for a while, and returns how many were answered with 200.
func measure(t *testing.T, h http.Handler, long time.Duration, text func(client, i int) string) int {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	var wg sync.WaitGroup
	counts := make([]int, *clients)
	end := time.Now().Add(long)
	for c := range *clients {
		wg.Go(func() {
			conn, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for i := 0; time.Now().Before(end); i++ {
				_, err := fmt.Fprintf(conn, "POST /u/%s HTTP/1.1\r\nHost: www.acme.example\r\nContent-Length: 26\r\n"+
					"Content-Type: application/x-www-form-urlencoded\r\n\r\nList-Unsubscribe=One-Click", text(c, i))
				if err == nil {
					err = answered(in)
				}
				if err != nil {
					t.Error(err)
					return
				}
				counts[c]++
			}
		})
	}
	wg.Wait()
	all := 0
	for _, n := range counts {
		all += n
	}
	return all
}

// answered reads an answer, as cheaply as it can be read: the clients run on the same processors.
func answered(in *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(line, "HTTP/1.1 200 ") {
			return fmt.Errorf("%q", line)
		}
		if rest, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(rest)); err != nil {
				return err
			}
		}
		if line == "\r\n" {
			_, err := io.CopyN(io.Discard, in, int64(length))
			return err
		}
	}
}
