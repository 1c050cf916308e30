package records

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zone is what a fake server on loopback answers: name and kind → values. A value "SERVFAIL" is a failure.
type zone map[string][]string

// resolver starts the server and returns a resolver that asks it.
func (z zone) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := z.answer(buf[:n]); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (z zone) answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	kind := strings.TrimPrefix(q.Type.String(), "Type")
	values, known := z[strings.TrimSuffix(q.Name.String(), ".")+" "+kind]
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true,
		RecursionAvailable: true}, Questions: m.Questions}
	if !known {
		out.RCode = dnsmessage.RCodeNameError
		for name := range z {
			if strings.HasPrefix(name, strings.TrimSuffix(q.Name.String(), ".")+" ") {
				out.RCode = dnsmessage.RCodeSuccess
			}
		}
	}
	for _, v := range values {
		var body dnsmessage.ResourceBody
		switch {
		case v == "SERVFAIL":
			out.RCode = dnsmessage.RCodeServerFailure
			continue
		case kind == "TXT":
			r := &dnsmessage.TXTResource{}
			for part := range slices.Chunk([]byte(v), 255) {
				r.TXT = append(r.TXT, string(part))
			}
			body = r
		case kind == "MX":
			body = &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(v)}
		case kind == "PTR":
			body = &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(v)}
		case kind == "A":
			body = &dnsmessage.AResource{A: [4]byte(net.ParseIP(v).To4())}
		}
		out.Answers = append(out.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type,
			Class: q.Class, TTL: 60}, Body: body})
	}
	b, err := out.Pack()
	if err != nil {
		return nil
	}
	return b
}

// key is a public key of 2048 bits; making one takes long.
var key = sync.OnceValue(func() string {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
})

// good is a domain with which nothing is wrong.
func good() zone {
	return zone{
		"acme.example TXT":                  {"some-verification=1", "v=spf1 mx include:_spf.acme.example ~all"},
		"_spf.acme.example TXT":             {"v=spf1 ip4:192.0.2.0/24 -all"},
		"acme.example MX":                   {"mx.acme.example."},
		"mx.acme.example A":                 {"198.51.100.7"},
		"mail.acme.example A":               {"192.0.2.25"},
		"25.2.0.192.in-addr.arpa PTR":       {"mail.acme.example."},
		"_dmarc.acme.example TXT":           {"v=DMARC1; p=quarantine; rua=mailto:d@acme.example"},
		"s1._domainkey.acme.example TXT":    {"v=DKIM1; k=rsa; p=" + key()},
		"empty._domainkey.acme.example TXT": {"v=DKIM1; p="},
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	own := Config{Domain: "acme.example", Selector: "s1", Server: "mail.acme.example"}
	for name, c := range map[string]struct {
		change  func(zone, *Config)
		record  string
		code    string // "": nothing is wrong with any record
		publish string
	}{
		"all is well": {},
		"no SPF": {func(z zone, _ *Config) { z["acme.example TXT"] = []string{"x"} }, "SPF", "no-spf",
			`acme.example. IN TXT "v=spf1 a:mail.acme.example ~all"`},
		"no SPF, Google": {func(z zone, c *Config) {
			z["acme.example TXT"] = nil
			c.Server, c.Provider = "smtp.gmail.com",
				true
		}, "SPF", "no-spf", `acme.example. IN TXT "v=spf1 include:_spf.google.com ~all"`},
		"two SPF": {func(z zone, _ *Config) {
			z["acme.example TXT"] = []string{"v=spf1 mx -all", "v=spf1 ip4:192.0.2.1 mx ~all"}
		}, "SPF", "spf-twice",
			`acme.example. IN TXT "v=spf1 mx ip4:192.0.2.1 ~all"`},
		"SPF without the server": {func(z zone, _ *Config) { z["acme.example TXT"] = []string{"v=spf1 mx -all"} }, "SPF",
			"spf-server", `acme.example. IN TXT "v=spf1 a:mail.acme.example mx -all"`},
		"SPF for everybody": {func(z zone, _ *Config) { z["acme.example TXT"] = []string{"v=spf1 ip4:192.0.2.25 +all"} },
			"SPF", "spf-everybody", `acme.example. IN TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		"SPF open": {func(z zone, _ *Config) { z["acme.example TXT"] = []string{"v=spf1 ip4:192.0.2.25"} },
			"SPF", "spf-open", `acme.example. IN TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		"SPF around in circles": {func(z zone,
			_ *Config) {
			z["_spf.acme.example TXT"] = []string{"v=spf1 include:acme.example -all"}
		}, "SPF", "spf-lookups", ""},
		"SPF includes nothing": {func(z zone, _ *Config) { delete(z, "_spf.acme.example TXT") }, "SPF", "spf-broken", ""},
		"SPF not answered": {func(z zone, _ *Config) { z["acme.example TXT"] = []string{"SERVFAIL"} }, "SPF",
			"dns-error", ""},
		"no key": {func(_ zone, c *Config) { c.Selector = "s2" }, "DKIM", "no-dkim",
			`s2._domainkey.acme.example. IN TXT "v=DKIM1; k=rsa; p=PUBLIC-KEY"`},
		"key taken back": {func(_ zone, c *Config) { c.Selector = "empty" }, "DKIM", "dkim-revoked",
			`empty._domainkey.acme.example. IN TXT "v=DKIM1; k=rsa; p=PUBLIC-KEY"`},
		"key unreadable": {func(z zone,
			_ *Config) {
			z["s1._domainkey.acme.example TXT"] = []string{"v=DKIM1; p=AAAA"}
		}, "DKIM", "dkim-unreadable", `s1._domainkey.acme.example. IN TXT "v=DKIM1; k=rsa; p=PUBLIC-KEY"`},
		"the campaign's key": {func(_ zone, c *Config) {
			c.Selector, c.Keys = "s1", []Key{{"s1._domainkey.acme.example", "v=DKIM1; k=rsa; p=" + key()}}
		}, "", "", ""},
		"the campaign's key is not there": {func(_ zone, c *Config) {
			c.Keys = []Key{{"s3._domainkey.acme.example", "v=DKIM1; k=ed25519; p=AAAA"}}
		}, "DKIM", "no-dkim", `s3._domainkey.acme.example. IN TXT "v=DKIM1; k=ed25519; p=AAAA"`},
		"the campaign's key is another": {func(_ zone, c *Config) {
			c.Keys = []Key{{"s1._domainkey.acme.example", "v=DKIM1; k=rsa; p=AAAA"}}
		}, "DKIM", "dkim-differs", `s1._domainkey.acme.example. IN TXT "v=DKIM1; k=rsa; p=AAAA"`},
		"no DMARC": {func(z zone, _ *Config) { delete(z, "_dmarc.acme.example TXT") }, "DMARC", "no-dmarc",
			`_dmarc.acme.example. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@acme.example"`},
		"DMARC policy": {func(z zone, _ *Config) { z["_dmarc.acme.example TXT"] = []string{"v=DMARC1; p=block"} }, "DMARC",
			"dmarc-policy",
			`_dmarc.acme.example. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@acme.example"`},
		"DMARC without reports": {func(z zone, _ *Config) { z["_dmarc.acme.example TXT"] = []string{"v=DMARC1; p=reject;"} },
			"DMARC", "dmarc-no-reports",
			`_dmarc.acme.example. IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc-reports@acme.example"`},
		"no MX": {func(z zone, _ *Config) { delete(z, "acme.example MX") }, "MX", "no-mx",
			"acme.example. IN MX 10 mail.acme.example."},
		"null MX": {func(z zone, _ *Config) { z["acme.example MX"] = []string{"."} }, "MX", "null-mx",
			"acme.example. IN MX 10 mail.acme.example."},
		"no PTR": {func(z zone, _ *Config) { delete(z, "25.2.0.192.in-addr.arpa PTR") }, "PTR", "no-ptr",
			"25.2.0.192.in-addr.arpa. IN PTR mail.acme.example."},
		"PTR mismatch": {func(z zone, _ *Config) { z["25.2.0.192.in-addr.arpa PTR"] = []string{"mx.acme.example."} }, "PTR",
			"ptr-mismatch", "mx.acme.example. IN A 192.0.2.25"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z, cfg := good(), own
			if c.change != nil {
				c.change(z, &cfg)
			}
			cfg.Resolver = z.resolver(t)
			found := Look(t.Context(), cfg)
			seen := c.code == ""
			for _, f := range found {
				if f.OK != (f.Code == "") || f.Text == "" {
					t.Errorf("%+v", f)
				}
				switch {
				case f.Record == c.record && f.Code == c.code:
					seen = true
					if f.Publish != c.publish {
						t.Errorf("publish %s, want %s", f.Publish, c.publish)
					}
				case !f.OK && name != "no SPF, Google" && name != "no MX" && name != "null MX":
					t.Errorf("%+v", f)
				}
			}
			if !seen || len(found) < 4 {
				t.Errorf("no %s in %+v", c.code, found)
			}
		})
	}
}

// A subdomain without a DMARC record of its own has that of the domain above it.
func TestDMARCAbove(t *testing.T) {
	t.Parallel()
	for _, f := range Look(t.Context(), Config{Domain: "news.acme.example", Resolver: good().resolver(t)}) {
		if f.Record == "DMARC" && !f.OK {
			t.Errorf("%+v", f)
		}
	}
}

// A long record is strings of at most 255 octets, which come to the same text (RFC 1035 section 3.3, RFC 7208 section
// 3.3).
func TestLongRecord(t *testing.T) {
	t.Parallel()
	value := "v=DKIM1; k=rsa; p=" + key()
	text := line("s1._domainkey.acme.example", "TXT", value)
	_, strs, _ := strings.Cut(text, " IN TXT ")
	var got string
	for _, s := range strings.Split(strings.Trim(strs, `"`), `" "`) {
		if got += s; len(s) > 255 {
			t.Errorf("%d octets in one string", len(s))
		}
	}
	if got != value {
		t.Errorf("%s\nis not\n%s", got, value)
	}
}
