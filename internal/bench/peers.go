package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	htmltemplate "html/template"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"text/template"

	"github.com/emersion/go-smtp"
	"golang.org/x/sync/errgroup"
)

const (
	peerFrom = "news@news.example"
	peerTo   = "person@d1.example"
)

// load is what a peer that sends ready bytes is told.
type load struct {
	addr    string
	message []byte
	rows    atomic.Int64 // still to be taken
	conns   int
}

func parseLoad(args []string) (*load, error) {
	var l load
	fs := flag.NewFlagSet("peer", flag.ContinueOnError)
	fs.StringVar(&l.addr, "addr", "", "")
	file := fs.String("message", "", "")
	rows := fs.Int64("rows", 0, "")
	fs.IntVar(&l.conns, "conns", 0, "")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	l.rows.Store(*rows)
	var err error
	l.message, err = os.ReadFile(*file)
	return &l, err
}

// take takes one message to send.
func (l *load) take() bool { return l.rows.Add(-1) >= 0 }

// each runs a connection's work on all connections.
func (l *load) each(connection func() error) error {
	var g errgroup.Group
	for range l.conns {
		g.Go(connection)
	}
	return g.Wait()
}

// goSMTPRole sends with go-smtp's client: one command, one answer.
func goSMTPRole(args []string) error {
	l, err := parseLoad(args)
	if err != nil {
		return err
	}
	return l.each(func() error {
		c, err := smtp.Dial(l.addr)
		if err != nil {
			return err
		}
		defer c.Close()
		for l.take() {
			if err := c.SendMail(peerFrom, []string{peerTo}, bytes.NewReader(l.message)); err != nil {
				return err
			}
		}
		return c.Quit()
	})
}

// bareRole sends the end of one message and the envelope of the next in one write, then reads four replies.
func bareRole(args []string) error {
	l, err := parseLoad(args)
	if err != nil {
		return err
	}
	envelope := "MAIL FROM:<" + peerFrom + ">\r\nRCPT TO:<" + peerTo + ">\r\nDATA\r\n"
	body := bytes.ReplaceAll(l.message, []byte("\n."), []byte("\n.."))
	next := append(append(bytes.Clone(body), ".\r\n"...), envelope...)
	last := append(bytes.Clone(body), ".\r\nQUIT\r\n"...)
	return l.each(func() error {
		if !l.take() {
			return nil
		}
		c, err := net.Dial("tcp", l.addr)
		if err != nil {
			return err
		}
		defer c.Close()
		r := bufio.NewReader(c)
		talk := func(say []byte, codes ...string) error {
			if _, err := c.Write(say); err != nil {
				return err
			}
			for _, code := range codes {
				if err := reply(r, code); err != nil {
					return err
				}
			}
			return nil
		}
		if err := errors.Join(reply(r, "220"), talk([]byte("EHLO bench.example\r\n"), "250"),
			talk([]byte(envelope), "250", "250", "354")); err != nil {
			return err
		}
		for l.take() {
			if err := talk(next, "250", "250", "250", "354"); err != nil {
				return err
			}
		}
		return talk(last, "250", "221")
	})
}

// reply reads one reply of any number of lines.
func reply(r *bufio.Reader, code string) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) < 4 || string(line[:3]) != code {
			return fmt.Errorf("reply %q in place of %s", line, code)
		}
		if line[3] == ' ' {
			return nil
		}
	}
}

// templateRole executes a letter with the standard library's templates, and sends nothing: role-template LETTER ROWS.
func templateRole(args []string) error {
	l := letters[args[0]]()
	rows, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	functions := map[string]any{"split": func(sep, s string) []string { return strings.Split(s, sep) }}
	html, err := htmltemplate.New("html").Funcs(functions).Parse(l.html)
	if err != nil {
		return err
	}
	text, err := template.New("text").Funcs(functions).Parse(l.text)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for n := range rows {
		data := make(map[string]string, fields)
		for i := 1; i <= fields; i++ {
			data["f"+strconv.Itoa(i)] = cell(n, i)
		}
		b.Reset()
		if err := errors.Join(html.Execute(&b, data), text.Execute(&b, data)); err != nil {
			return err
		}
	}
	_, err = io.Discard.Write(b.Bytes())
	return err
}
