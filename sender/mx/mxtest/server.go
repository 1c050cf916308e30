package mxtest

import (
	"errors"
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Server answers from a zone on a UDP port of loopback, as a DNS server does. It answers NXDOMAIN
// for a name without any record, gives no answers for a name that has only other records, and
// answers SERVFAIL for a question that is broken. The zone knows what the server was asked.
type Server struct {
	Addr string // host:port
	conn net.PacketConn
	done chan struct{}
}

// Serve starts a server. The caller closes it.
func (z *Zone) Serve() (*Server, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: conn.LocalAddr().String(), conn: conn, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue // the error of an earlier answer that nobody waits for any more
			}
			if answer, err := z.answer(buf[:n]); err == nil {
				_, _ = conn.WriteTo(answer, from) // the client asks again
			}
		}
	}()
	return s, nil
}

// Close stops the server.
func (s *Server) Close() error {
	err := s.conn.Close()
	<-s.done
	return err
}

// answer is the reply to one query.
func (z *Zone) answer(query []byte) ([]byte, error) {
	var in dnsmessage.Message
	if err := in.Unpack(query); err != nil {
		return nil, err
	}
	if len(in.Questions) != 1 {
		return nil, errors.New("not one question")
	}
	q := in.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	header := dnsmessage.Header{ID: in.ID, Response: true, RecursionDesired: in.RecursionDesired,
		RecursionAvailable: true}
	out := dnsmessage.Message{Header: header, Questions: in.Questions}
	answers, rcode := z.find(name, q.Type)
	out.RCode = rcode
	for _, body := range answers {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
		out.Answers = append(out.Answers, dnsmessage.Resource{Header: header, Body: body})
	}
	return out.Pack()
}

// find is what the zone has for a question. Addresses of both families are kept under A.
func (z *Zone) find(name string, kind dnsmessage.Type) (out []dnsmessage.ResourceBody, rcode dnsmessage.RCode) {
	z.mu.Lock()
	defer z.mu.Unlock()
	question := map[dnsmessage.Type]string{
		dnsmessage.TypeMX: "MX ", dnsmessage.TypeA: "A ", dnsmessage.TypeAAAA: "A ", dnsmessage.TypeTXT: "TXT ",
	}[kind] + name
	if kind != dnsmessage.TypeAAAA { // asked together with A
		z.asked = append(z.asked, question)
	}
	if z.broken[question] != nil {
		return nil, dnsmessage.RCodeServerFailure
	}
	rcode = dnsmessage.RCodeNameError
	for q, records := range z.records {
		if strings.HasSuffix(q, " "+name) && len(records) > 0 {
			rcode = dnsmessage.RCodeSuccess
		}
	}
	for _, record := range z.records[question] {
		switch body := resource(kind, record); {
		case body != nil:
			out = append(out, body)
		case kind == dnsmessage.TypeMX:
			return nil, dnsmessage.RCodeFormatError // a record that a test has mistyped
		}
	}
	return out, rcode
}

// resource is a record as it goes over the wire, nil if it is not of that kind.
func resource(kind dnsmessage.Type, record string) dnsmessage.ResourceBody {
	switch kind {
	case dnsmessage.TypeMX:
		m, err := parseMX(record)
		if err != nil {
			return nil
		}
		host, err := dnsmessage.NewName(m.Host)
		if err != nil {
			return nil
		}
		return &dnsmessage.MXResource{Pref: m.Pref, MX: host}
	case dnsmessage.TypeTXT:
		return &dnsmessage.TXTResource{TXT: []string{record}}
	}
	ip := net.ParseIP(record)
	four := ip.To4()
	switch {
	case kind == dnsmessage.TypeA && four != nil:
		return &dnsmessage.AResource{A: [4]byte(four)}
	case kind == dnsmessage.TypeAAAA && four == nil && ip != nil:
		return &dnsmessage.AAAAResource{AAAA: [16]byte(ip)}
	}
	return nil
}
