package webhook

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// amazon is a server that speaks for the host of SNS, with a certificate of its own for HTTPS.
type amazon struct {
	*httptest.Server
	client    http.RoundTripper
	fetched   atomic.Int64
	confirmed atomic.Int64
	answer    atomic.Value // func(http.ResponseWriter)
}

func newAmazon(t *testing.T, key *rsa.PrivateKey, until time.Time) *amazon {
	t.Helper()
	make := func(host string, public any, signer *rsa.PrivateKey, until time.Time) []byte {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
			NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
		der, err := x509.CreateCertificate(rand.Reader, c, c, public, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	signing := make("sns.amazonaws.com", &key.PublicKey, key, until)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signing})
	host := make("sns.eu-west-1.amazonaws.com", &keys().other.PublicKey, keys().other, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	a := &amazon{}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f, ok := a.answer.Load().(func(http.ResponseWriter)); ok {
			a.fetched.Add(1)
			f(w)
			return
		}
		if strings.HasSuffix(r.URL.Path, ".pem") {
			a.fetched.Add(1)
			_, _ = w.Write(text)
			return
		}
		if r.URL.Query().Get("Token") == "2336412f37" {
			a.confirmed.Add(1)
		}
	}))
	a.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{host}, PrivateKey: keys().other}}}
	a.StartTLS()
	t.Cleanup(a.Close)
	roots := x509.NewCertPool()
	if c, err := x509.ParseCertificate(host); err == nil {
		roots.AddCert(c)
	}
	a.client = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", a.Listener.Addr().String())
		}}
	return a
}

// The certificate is fetched over HTTPS from a host of SNS alone, once for many messages.
func TestCertificate(t *testing.T) {
	t.Parallel()
	a := newAmazon(t, keys().rsa, now.Add(time.Hour))
	p := open(t, func(c *Config) { c.SES = &SES{Topics: []string{topic}, Client: a.client} })
	for range 3 {
		if got := p.send(t, messageOfSNS(keys().rsa, "Notification", "2", nil, nil)); got != http.StatusOK {
			t.Fatalf("%d, %v", got, p.said)
		}
	}
	if a.fetched.Load() != 1 || len(p.events(t)) != 1 {
		t.Errorf("fetched %d times, %v", a.fetched.Load(), p.events(t))
	}
	if got := p.send(t, messageOfSNS(keys().other, "Notification", "2", nil, nil)); got != http.StatusForbidden {
		t.Errorf("another key: %d", got)
	}
	for _, address := range []string{
		"", "x", "http://sns.eu-west-1.amazonaws.com/x.pem", "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
		"https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", "https://evil.example/x.pem",
		"https://sns.eu-west-1.amazonaws.com@evil.example/x.pem", "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
		"https://evil.example#sns.eu-west-1.amazonaws.com/x.pem", "https://user@sns.eu-west-1.amazonaws.com/x.pem",
		"https://sns.eu-west-1.amazonaws.com/x.pem?x", "https://sns.eu-west-1.amazonaws.com/x.pem?", "https://sns.eu-west-1.amazonaws.com/",
		"https://sns.eu-west-1.amazonaws.com/?Action=x&y=.pem", "https://sns.eu-west-1.amazonaws.com/../x.pem",
		"https://sns.eu-west-1.amazonaws.com/a/x.pem", "https://sns.eu-west-1.amazonaws.com/%2e.pem", "https://sns..amazonaws.com/x.pem",
		"https://sns.amazonaws.com/x.pem", "https://s3.eu-west-1.amazonaws.com/x.pem", "https://sns.eu-west-1.amazonaws.com./x.pem",
		"https://xsns.eu-west-1.amazonaws.com/x.pem", "https://sns.eu-west-1xamazonaws.com/x.pem", "file:///x.pem",
		"https://sns.evil.s3.eu-west-1.amazonaws.com/x.pem", "https://SNS.eu-west-1.amazonaws.com/x.pem", "https://127.0.0.1/x.pem",
		"https://sns.eu-west-1.amazonaws.com\n.evil.example/x.pem", "//sns.eu-west-1.amazonaws.com/x.pem", "https:sns.eu-west-1.amazonaws.com/x.pem",
	} {
		r := messageOfSNS(keys().rsa, "Notification", "2", func(m map[string]string) { m["SigningCertURL"] = address }, nil)
		if got := p.send(t, r); got != http.StatusForbidden {
			t.Errorf("%s: %d", address, got)
		}
	}
	if a.fetched.Load() != 1 {
		t.Errorf("fetched %d times", a.fetched.Load())
	}
	for _, address := range []string{"https://sns.us-gov-west-1.amazonaws.com/x.pem", "https://sns.cn-north-1.amazonaws.com.cn/x-1.pem",
		"https://sns.ap-southeast-2.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"} {
		if u, ok := ofSNS(address); !ok || !certPath.MatchString(u.EscapedPath()) {
			t.Errorf("%s is one of SNS", address)
		}
	}
}

// A certificate that is no longer valid, a redirect, an error and what is no certificate verify nothing; the message is
// put off, and the server is not asked without end.
func TestBadCertificate(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"a redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://sns.eu-west-1.amazonaws.com/y.pem")
			w.WriteHeader(http.StatusFound)
		},
		"an error": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"words":    func(w http.ResponseWriter) { _, _ = w.Write([]byte("hello")) },
		"half a one": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
		},
		"an old one": nil,
	} {
		until := now.Add(time.Hour)
		if answer == nil {
			until = now.Add(-time.Hour)
		}
		a := newAmazon(t, keys().rsa, until)
		if answer != nil {
			a.answer.Store(answer)
		}
		p := open(t, func(c *Config) { c.SES = &SES{Topics: []string{topic}, Client: a.client} })
		for range 40 {
			if got := p.send(t, messageOfSNS(keys().rsa, "Notification", "2", nil, nil)); got != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", name, got)
			}
		}
		if a.fetched.Load() > 20 || len(p.events(t)) > 0 {
			t.Errorf("%s: fetched %d times, %v", name, a.fetched.Load(), p.events(t))
		}
	}
}

// A subscription is shown to the person, and confirmed only where they said so: of the topic, at a host of SNS.
func TestSubscription(t *testing.T) {
	t.Parallel()
	for _, confirm := range []bool{false, true} {
		a := newAmazon(t, keys().rsa, now.Add(time.Hour))
		p := open(t, func(c *Config) { c.SES = &SES{Topics: []string{topic}, Client: a.client, Confirm: confirm} })
		for name, change := range map[string]func(map[string]string){
			"another topic": func(m map[string]string) { m["TopicArn"] = topic + "2" },
			"another topic's address": func(m map[string]string) {
				m["SubscribeURL"] = strings.Replace(m["SubscribeURL"], "bounces", "others", 1)
			},
			"another host":   func(m map[string]string) { m["SubscribeURL"] = strings.Replace(m["SubscribeURL"], "sns.", "evil.", 1) },
			"another action": func(m map[string]string) { m["SubscribeURL"] = strings.Replace(m["SubscribeURL"], "Confirm", "Un", 1) },
		} {
			got := p.send(t, messageOfSNS(keys().rsa, "SubscriptionConfirmation", "2", change, nil))
			if got != http.StatusForbidden || a.confirmed.Load() != 0 || len(p.said) != 0 {
				t.Errorf("%s: %d, %v", name, got, p.said)
			}
		}
		altered := messageOfSNS(keys().rsa, "SubscriptionConfirmation", "2", nil, func(m map[string]string) { m["Token"] = "x" })
		if got := p.send(t, altered); got != http.StatusForbidden {
			t.Errorf("altered: %d", got)
		}
		got := p.send(t, messageOfSNS(keys().rsa, "SubscriptionConfirmation", "2", nil, nil))
		if want := map[bool]int64{true: 1}[confirm]; got != http.StatusOK || a.confirmed.Load() != want || len(p.said) != 1 {
			t.Errorf("%d, confirmed %d times, %v", got, a.confirmed.Load(), p.said)
		}
		if !confirm && !strings.Contains(p.said[0], "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription") {
			t.Errorf("%v", p.said)
		}
		if got := p.send(t, messageOfSNS(keys().rsa, "UnsubscribeConfirmation", "2", nil, nil)); got != http.StatusOK || len(p.said) != 2 {
			t.Errorf("%d, %v", got, p.said)
		}
		if len(p.events(t)) != 0 {
			t.Errorf("%v", p.events(t))
		}
	}
}
