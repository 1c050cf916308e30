package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/cmd/mailshot/unsubscribing"
	"mailshot/render/token"
)

// The whole way: the command serves, a POST is answered, its line comes, the end is clean, and the list has the person.
func TestUnsubscribeServe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "user", "accounts.db")
	a, err := accounts.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := a.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	news := token.Campaign{ID: "news-1", Domain: "acme.example", Topic: "news"}
	if err := errors.Join(leaving.Issue(t.Context(), a, news, time.Now()), a.Close()); err != nil {
		t.Fatal(err)
	}
	text := string(token.New(secret, news, token.Unsubscribe, false).Append(nil, "ann@example.com"))

	ctx, end := context.WithCancel(t.Context())
	defer end()
	out, in := io.Pipe()
	var talk bytes.Buffer
	var code int
	var wg sync.WaitGroup
	wg.Go(func() {
		code = run(ctx, "mailshot", []string{"unsubscribe", "serve", "--listen", "127.0.0.1:0", "--accounts", file,
			"--base-url", "https://www.acme.example/u"}, strings.NewReader(""), in, &talk)
		in.Close()
	})
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err != nil {
		wg.Wait()
		t.Fatal(err, talk.String())
	}
	posted := make(chan error, 1)
	wg.Go(func() {
		answer, err := http.Post(strings.TrimSpace(address)+"u/"+text, "application/x-www-form-urlencoded",
			strings.NewReader("List-Unsubscribe=One-Click"))
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode != 200 {
				err = errors.New(answer.Status)
			}
		}
		posted <- err
	})
	line, err := lines.ReadString('\n')
	if err = errors.Join(err, <-posted); err != nil {
		t.Error(err)
	}
	var act unsubscribing.Line
	if err := json.Unmarshal([]byte(line), &act); err != nil || act.Act != "unsubscribed" || act.Campaign != "news-1" {
		t.Errorf("%s, %v", line, err)
	}
	end()
	wg.Wait()
	if code != 0 || !strings.Contains(talk.String(), "links that begin with https://www.acme.example/u are answered") {
		t.Errorf("%d %s", code, talk.String())
	}
	if a, err = accounts.Open(file); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, listed, err := a.Suppressed(t.Context(), accounts.Mail{Domain: "acme.example", Topic: "news"}, "ann@example.com"); err != nil || !listed {
		t.Error(listed, err)
	}
}
