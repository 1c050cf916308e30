package servers_test

import (
	"flag"
	"strings"
	"testing"

	"mailshot/internal/servers"
	"mailshot/sender"
)

var long = flag.Bool("servers.long", false, "the long form: Exim and OpenSMTPD too, which are fetched from Debian, "+
	"and a thousand messages of each example")

// TestOthers sends a thousand messages each way into Exim, and into OpenSMTPD in the one way that it offers.
func TestOthers(t *testing.T) {
	if !*long {
		t.Skip("Exim and OpenSMTPD are for the long form: go test ./internal/servers -run Others -servers.long -v")
	}
	root := servers.Unpack(t)
	certificate := servers.NewCertificate(t)
	var domains []string
	for _, w := range ways {
		domains = append(domains, w.name+".example")
	}
	for _, o := range []struct {
		name, done string
		start      func(t testing.TB) *servers.Server
		clear      bool // without TLS and login
		ways       int
	}{
		{"Exim", " => ", func(t testing.TB) *servers.Server { return servers.Exim(t, root, certificate, domains) }, false,
			len(ways)},
		{"OpenSMTPD", "result=Ok", func(t testing.TB) *servers.Server { return servers.OpenSMTPD(t, root, domains) }, true,
			1},
	} {
		t.Run(o.name, func(t *testing.T) {
			s := o.start(t)
			for i, w := range ways[:o.ways] {
				t.Run(w.name, func(t *testing.T) {
					cfg := sender.Config{Host: "127.0.0.1", Port: s.Ports[0], TLS: "starttls", RootCAs: certificate.Pool,
						Username: servers.Username, Password: password, Connections: 3, LockStep: w.name == "lock-step"}
					if w.name == "pipelined" {
						cfg.ChunkLimit = -1
					}
					if o.clear {
						cfg.TLS, cfg.Username, cfg.Password = "none", "", nil
					}
					sent, c := send(t, cfg, domains[i])
					if len(sent) != messages {
						t.Errorf("%d reported as sent", len(sent))
					}
					if err := s.Log.Wait(waiting(t), len(sent), "@"+domains[i], o.done); err != nil {
						t.Fatal(err)
					}
					delivered(t, s, domains[i], sent)
					shape(t, w.name, c)
				})
			}
			if t.Failed() {
				all := s.Log.Lines()
				t.Log(strings.Join(all[max(0, len(all)-40):], "\n"))
			}
		})
	}
}
