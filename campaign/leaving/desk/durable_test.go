package desk_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/leaving/desk"
)

var kills = flag.Int("desk.kills", 4, "kill the desk this `often`")

// TestMain lets the test binary be the process that gets killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("DESK_CHILD"); path != "" {
		fmt.Fprintln(os.Stderr, "desk:", child(path))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// child serves a desk until it is killed.
func child(path string) error {
	a, err := accounts.Open(path)
	if err != nil {
		return err
	}
	d, err := desk.New(context.Background(), desk.Config{Accounts: a})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, d)
}

// Every POST that was answered is on the list after kill -9, at whatever moment, and the desk that comes after it goes
// on with the same file.
//
// Seen to fail: with an answer before the transaction.
func TestKilled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	path := filepath.Join(t.TempDir(), "user", "accounts.db")
	a, err := accounts.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if h.secret, err = a.Secret(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(leaving.Issue(t.Context(), a, news, time.Now()), a.Close()); err != nil {
		t.Fatal(err)
	}
	answered := map[string]bool{}
	for round := range *kills {
		for _, person := range h.killed(path, round, 40+round*60) {
			answered[person] = true
		}
	}
	if a, err = accounts.Open(path); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	hash, err := a.AddressHash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for person := range answered {
		list, err := a.Listed(t.Context(), accounts.HiddenKey(hash(person)))
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || list[0].Topic != "news" {
			lost++
		}
	}
	if lost > 0 || len(answered) < *kills*40 {
		t.Errorf("of %d that were answered, %d are not on the list", len(answered), lost)
	}
}

// killed serves a desk in a process, has several clients unsubscribe people, and kills it when some were answered. It
// returns those who were.
func (h *house) killed(path string, round, after int) (answered []string) {
	h.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DESK_CHILD="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		h.Fatal("the desk says nothing")
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				person := fmt.Sprintf("p%d-%d-%d@example.com", round, worker, i)
				answer, err := client.Post("http://"+lines.Text()+"/u/"+h.of(news, person), "application/x-www-form-urlencoded",
					strings.NewReader(oneClick))
				if err != nil {
					return
				}
				_, err = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				mu.Lock()
				if answer.StatusCode == 200 && err == nil {
					answered = append(answered, person)
				}
				if len(answered) == after {
					_ = cmd.Process.Kill()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return answered
}
