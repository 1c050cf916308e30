// Package web is the window: the pages by which a person composes, looks, sends and watches in a browser on this
// machine. Call [Open] for a folder, give [Window.Address] to the person, and [Window.Serve] until it ends.
//
// The window knows nothing that the command line does not: each page shows the command that does the same. It makes no
// plan and no message of its own, and decides nothing about a delivery: the rooms below the terminal do. This package
// wires the rooms below it:
//
//	guard     who may ask
//	frame     what all pages have in common; words has their texts
//	shelf     the campaigns of the folder
//	runs      the runs that the window has begun
//	survey    looks at all messages in the background
//	textfile  files of a campaign in a textarea, and back
//	roster    a list as it was read; amend and files write what a person changes
//	mailport  the second port, from which mails come into frames
//	home, people, compose, …   the pages
//
// The window listens on loopback alone, at two ports: its own and that of the mails.
package web

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"time"

	"mailshot/cmd/mailshot/web/compose"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/guard"
	"mailshot/cmd/mailshot/web/home"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/one"
	"mailshot/cmd/mailshot/web/people"
	"mailshot/cmd/mailshot/web/plan"
	"mailshot/cmd/mailshot/web/rehearse"
	"mailshot/cmd/mailshot/web/results"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/server"
	"mailshot/cmd/mailshot/web/shelf"
)

// Config says what a window is opened for.
type Config struct {
	Dir      string // the folder with the campaigns; the window reads and writes nothing outside of it but mailshot's own files
	Listen   string // a loopback address with a port; "" = 127.0.0.1:0, a free port
	State    string // the ledger of all campaigns; "" = each campaign's own
	Accounts string // "" = the user's
}

// Window is an open window. Serve is called once.
type Window struct {
	desk   *desk.Desk
	guard  *guard.Guard
	routes desk.Routes
	pages  net.Listener
	mails  net.Listener
	root   *os.Root
}

// Open takes the two ports. The caller calls Serve, which closes them.
func Open(c Config) (_ *Window, err error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	at, err := guard.Loopback(c.Listen)
	if err != nil {
		return nil, err
	}
	w := &Window{}
	if w.root, err = os.OpenRoot(c.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.pages, err = net.Listen("tcp", at.String()); err != nil {
		return nil, err
	}
	if w.mails, err = net.Listen("tcp", netip.AddrPortFrom(at.Addr(), 0).String()); err != nil {
		return nil, err
	}
	port := &mailport.Port{Host: w.mails.Addr().String()}
	w.guard = guard.New(netip.MustParseAddrPort(w.pages.Addr().String()), port.Origin())
	port.Window = w.guard.Origin()
	w.desk = &desk.Desk{
		Shelf: &shelf.Shelf{Dir: c.Dir, Root: w.root, State: c.State, Accounts: c.Accounts},
		Runs:  runs.New(), Mail: port,
	}
	w.routes = desk.Routes{
		"GET /assets/{version}/{name}": frame.Asset,
		"POST /language":               frame.Language,
		"/":                            w.desk.Missing,
	}
	for _, room := range []desk.Routes{
		home.Routes(w.desk),
		people.Routes(w.desk),
		compose.Routes(w.desk),
		plan.Routes(w.desk),
		results.Routes(w.desk),
		one.Routes(w.desk),
		rehearse.Routes(w.desk),
		server.Routes(w.desk),
	} {
		maps.Copy(w.routes, room)
	}
	return w, nil
}

func (w *Window) close() {
	for _, l := range []net.Listener{w.pages, w.mails} {
		if l != nil {
			_ = l.Close() // nothing was served
		}
	}
	_ = w.root.Close()
}

// Address is the address to open first. It works once.
func (w *Window) Address() string { return w.guard.Address() }

// MailAddress is the origin from which mails come into frames.
func (w *Window) MailAddress() string { return w.desk.Mail.Origin() }

// Routes are the patterns that the window answers, sorted.
func (w *Window) Routes() []string { return slices.Sorted(maps.Keys(w.routes)) }

// The most that a request may have.
const (
	mostBody   = 32 << 20
	mostHeader = 64 << 10
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute

	lastAnswers = 5 * time.Second // that answers may take when the window ends
)

// Handler answers for the window's own port.
func (w *Window) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range w.routes {
		most := int64(mostBody)
		switch pattern {
		case people.Upload:
			most = people.MostUploaded
		case one.Send:
			most = one.MostSent
		}
		mux.Handle(pattern, http.MaxBytesHandler(answer, most))
	}
	return w.guard.Wrap(mux)
}

// servers are those of the two ports: the window's and that of the mails.
func (w *Window) servers() []*http.Server {
	servers := []*http.Server{{Handler: w.Handler(), ConnContext: w.guard.Connection}, {Handler: w.desk.Mail.Handler()}}
	for _, s := range servers {
		s.MaxHeaderBytes, s.ReadHeaderTimeout, s.IdleTimeout = mostHeader, headerTime, idleTime
	}
	servers[1].ReadTimeout = headerTime // nothing is brought there
	return servers
}

// Serve answers until ctx ends. Then it pauses every run that the window has begun and waits for them; hard closes
// their connections. Both ports are closed when it returns.
func (w *Window) Serve(ctx context.Context, hard <-chan struct{}) error {
	servers := w.servers()
	ended := make(chan error, len(servers))
	answers, over := context.WithCancel(context.WithoutCancel(ctx)) // pages show the runs until all have ended
	defer over()
	for i, l := range []net.Listener{w.pages, w.mails} {
		servers[i].BaseContext = func(net.Listener) context.Context { return answers }
		go func() { ended <- servers[i].Serve(l) }()
	}
	var err error
	left := len(servers)
	select {
	case <-ctx.Done():
	case err = <-ended:
		left--
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		w.desk.Runs.Drain()
	}()
	select {
	case <-drained:
	case <-hard:
		w.desk.Runs.Abort()
		<-drained
	}
	over()
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(patience) != nil {
			err = errors.Join(err, s.Close())
		}
	}
	for range left {
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, w.desk.Close(), w.root.Close())
}
