package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/imap"
	"mailshot/internal/inbox/pop3"
	"mailshot/internal/mailbox"
	"mailshot/internal/servers"
	"mailshot/internal/traffic"
)

// What our IMAP reads at once, as internal/inbox/imap has it.
const (
	imapBodies   = 64
	imapTogether = 4 << 20
	imapPiece    = 256 << 10
)

// tickets is the size of the two session tickets that OpenSSL sends, with their records.
const tickets = 478

// fetching is a mailbox server in a namespace.
type fetching struct {
	w           *wire
	protocol    string
	server      *servers.Server
	certificate *servers.Certificate
}

// box opens the mailbox of a user. It counts into c.
func (f fetching) box(t *testing.T, user, tls string, c **counted) inbox.Box {
	t.Helper()
	port := f.server.Ports[map[string]int{"none": 0, "implicit": 1}[tls]]
	auth := map[string]string{"none": "CRAM-MD5", "implicit": "PLAIN"}[tls]
	password := func(context.Context) (string, error) { return servers.Password, nil }
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := f.w.dial(ctx, network, address)
		*c = &counted{Conn: conn}
		return *c, err
	}
	var box inbox.Box
	var err error
	if f.protocol == "POP3" {
		box, err = pop3.New(pop3.Config{Host: "127.0.0.1", Port: port, TLS: tls, Username: user, Password: password, Auth: auth,
			RootCAs: f.certificate.Pool, Dial: dial})
	} else {
		box, err = imap.New(imap.Config{Host: "127.0.0.1", Port: port, TLS: tls, Username: user, Password: password, Auth: auth,
			RootCAs: f.certificate.Pool, Dial: dial})
	}
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// fetch reads all messages of a mailbox and returns the capture.
func (f fetching) fetch(t *testing.T, user, tls string, n int) ([]frame, *counted) {
	t.Helper()
	var c *counted
	box := f.box(t, user, tls, &c)
	capture := f.w.capture(t)
	read := 0
	err := box.Each(t.Context(), func(string) bool { return false }, func(m inbox.Message) error {
		r, err := m.Open(t.Context())
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			read++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Close(); err != nil || read != n {
		t.Fatalf("%d messages of %d were read: %v", read, n, err)
	}
	return capture.end(), c
}

// turn is what the client wrote, and the segments of the answer.
type turn struct {
	up   int
	down []int
}

// turns takes a capture apart into what was said, without the handshake of TLS.
func turns(frames []frame, tls bool) (all []turn, flights []traffic.Flight) {
	all = []turn{{}}
	for _, f := range frames {
		last := &all[len(all)-1]
		switch {
		case f.payload == 0 || f.again:
		case !f.up:
			last.down = append(last.down, f.payload)
		case len(last.down) == 0:
			last.up += f.payload
		default:
			all = append(all, turn{up: f.payload})
		}
	}
	if !tls {
		return all, nil
	}
	// ClientHello and the server's flight; the client's end of the handshake and behind it tickets and greeting.
	down := 0
	for _, n := range all[0].down {
		down += n
	}
	flights = []traffic.Flight{{Bytes: all[0].up}, {FromServer: true, Bytes: down}, {Bytes: all[1].up}}
	all[1].up = 0
	if all[1].down[0] == tickets {
		all[1].down = all[1].down[1:]
	}
	return all[1:], flights
}

// opening makes exchanges of turns.
func opening(all []turn, overhead int) []traffic.Exchange {
	var e []traffic.Exchange
	for _, turn := range all {
		for i, n := range turn.down {
			if i > 0 {
				turn.up = 0
			}
			e = append(e, traffic.Exchange{Up: max(0, turn.up-overhead), Down: n - overhead})
		}
	}
	return e
}

// predict makes the model of a fetching from a capture of small messages: it shows how long the commands and lists of
// so many messages are.
func (f fetching) predict(small []frame, tls string, n int) traffic.Fetch {
	overhead := 0
	if tls != "none" {
		overhead = 22
	}
	all, flights := turns(small, overhead > 0)
	m := traffic.Fetch{TLS: traffic.TLS{Flights: flights, Tickets: tickets}, Record: 4096, Quick: true}
	if overhead > 0 {
		m.Security = traffic.Implicit
		if last := &all[len(all)-1]; last.down[len(last.down)-1] == 24 {
			last.down = last.down[:len(last.down)-1] // close_notify
		}
	}
	if f.protocol == "POP3" {
		m.Open, m.Close = opening(all[:len(all)-n-1], overhead), opening(all[len(all)-1:], overhead)
		m.Ask, m.Lead, m.Tail, m.Dotted = len("TOP 1 2000000000\r\n"), len("+OK\r\n"), len(".\r\n"), true
		return m
	}
	batches := (n + imapBodies - 1) / imapBodies
	m.Once, m.Open, m.Ask = true, opening(all[:len(all)-batches], overhead), all[len(all)-1].up-overhead
	m.Done, m.Tail, m.Piece = len("a5 OK Fetch completed (0.001 + 0.000 secs).\r\n"), len(")\r\n"), imapPiece
	m.AskPiece = len("a8 UID FETCH 1 (UID BODY.PEEK[]<262144.262144>)\r\n")
	return m
}

// of fits the model to messages of a size.
func (f fetching) of(m traffic.Fetch, size, n int) traffic.Fetch {
	if f.protocol == "IMAP" {
		m.Batch = min(imapBodies, imapTogether/min(size, imapPiece))
		leads := 0
		for i := range n {
			leads += len(fmt.Sprintf("* %d FETCH (UID %d BODY[]<0> {%d}\r\n", i+1, i+1, min(size, imapPiece)))
		}
		m.Lead = leads / n
	}
	return m
}

func TestFetch(t *testing.T) {
	w := newWire(t, 0)
	certificate := servers.NewCertificate(t)
	var both []fetching
	within(t, w.server, func() {
		const mechanisms = "plain login cram-md5"
		both = []fetching{
			{w, "POP3", servers.DovecotPOP3(t, certificate, mechanisms), certificate},
			{w, "IMAP", servers.DovecotIMAP(t, certificate, mechanisms, nil).Server, certificate},
		}
	})
	for _, f := range both {
		for _, tls := range []string{"none", "implicit"} {
			for _, n := range []int{1, 10, 100} {
				var model traffic.Fetch
				for _, size := range sizes {
					if size*n > 20_000_000 {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s/%d×%d", f.protocol, tls, n, size), func(t *testing.T) {
						user := fmt.Sprintf("u%d-%d", n, size)
						if tls == "none" {
							f.server.Maildir(t, user, slices.Repeat([]mailbox.Item{{Body: message(size)}}, n)...)
							// Dovecot writes its index when a mailbox is opened for the first time, and then knows more of it.
							f.fetch(t, user, tls, n)
						}
						frames, _ := f.fetch(t, user, tls, n)
						if size == sizes[0] {
							model = f.predict(frames, tls, n)
						}
						y := f.of(model, size, n).Tally()
						y.Add(traffic.Message{Size: size, User: size}, int64(n))
						measure(t.Name(), frames).compare(t, y.Cost())
					})
				}
			}
		}
	}
}
