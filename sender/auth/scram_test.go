package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"
)

// rfc are the examples of RFC 5802 5 and RFC 7677 3.
var rfc = []struct {
	hash                                                 scram.HashGeneratorFcn
	nonce, first, serverFirst, final, serverFinal, wrong string
}{
	{scram.SHA1, "fyko+d2lbbFgONRv9qkxdawL",
		"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
		"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
		"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
		"v=rmF8pqV8S7suAoZWja4dJRkFsKQ="},
	{scram.SHA256, "rOprNGfwEbeRWgbNEkqO",
		"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
		"v=6rrjTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
}

func conversation(t *testing.T, i int) *scramClient {
	t.Helper()
	c, err := rfc[i].hash.NewClient("user", "pencil", "")
	if err != nil {
		t.Fatal(err)
	}
	c.WithNonceGenerator(func() string { return rfc[i].nonce })
	return &scramClient{name: "SCRAM", conv: c.NewConversation()}
}

// TestScram plays the RFCs' examples, and shows that only the server's signature ends an exchange
// well.
func TestScram(t *testing.T) {
	t.Parallel()
	for i, v := range rfc {
		c := conversation(t, i)
		got, err := exchange(t, c, v.serverFirst, v.serverFinal)
		if err != nil || strings.Join(got, "|") != v.first+"|"+v.final+"|" || c.verified() != nil {
			t.Errorf("%q, %v, %v", got, err, c.verified())
		}
		if _, err := c.Next(nil); err == nil {
			t.Error("a fourth message was answered")
		}
		for name, said := range map[string][]string{
			"no signature":       {v.serverFirst},
			"wrong signature":    {v.serverFirst, v.wrong},
			"refusal":            {v.serverFirst, "e=invalid-proof"},
			"nothing at all":     nil,
			"another's nonce":    {strings.Replace(v.serverFirst, "r="+v.nonce, "r=abc", 1)},
			"few iterations":     {strings.Replace(v.serverFirst, "i=4096", "i=1", 1)},
			"endless iterations": {strings.Replace(v.serverFirst, "i=4096", "i=2147483647", 1)},
			"extension":          {"m=new," + v.serverFirst},
			"nonsense":           {"Password:"},
		} {
			c := conversation(t, i)
			_, err := exchange(t, c, said...)
			if c.verified() == nil || (err == nil) != (name == "no signature" || name == "nothing at all") {
				t.Errorf("%s: %v, verified %v", name, err, c.verified())
			}
			if err != nil && strings.Contains(err.Error(), "pencil") {
				t.Errorf("%s: the password is in %v", name, err)
			}
		}
	}
}

// connected returns both ends' views of a TLS connection.
func connected(t *testing.T, version uint16, signature x509.SignatureAlgorithm) (client, server *tls.ConnectionState) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mail.example"},
		SignatureAlgorithm: signature,
		NotBefore:          time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	near, far := net.Pipe()
	c := tls.Client(near, &tls.Config{ServerName: "mail.example", RootCAs: roots, MinVersion: tls.VersionTLS12})
	s := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion: version, MaxVersion: version})
	done := make(chan error)
	go func() { done <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	// A TLS 1.3 server reads the client's Finished in its handshake, so both handshakes are over.
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	cs, ss := c.ConnectionState(), s.ConnectionState()
	near.Close()
	far.Close()
	ss.PeerCertificates = []*x509.Certificate{cert} // as the server knows its own
	return &cs, &ss
}

// TestScramPlus: the exchange is bound to the connection that it runs over. Over another
// connection, as when somebody in the middle passes it on, the server refuses. With one bit of the
// binding changed in the client, the server refused in every case.
func TestScramPlus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version   uint16
		signature x509.SignatureAlgorithm
		bind      func(*tls.ConnectionState) (scram.ChannelBinding, error)
		flag      string
	}{
		"TLS 1.3": {tls.VersionTLS13, x509.ECDSAWithSHA256, scram.NewTLSExporterBinding, "p=tls-exporter,"},
		"TLS 1.2": {tls.VersionTLS12, x509.ECDSAWithSHA256, scram.NewTLSServerEndpointBinding,
			"p=tls-server-end-point,"},
		"TLS 1.2, SHA-384": {tls.VersionTLS12, x509.ECDSAWithSHA384, scram.NewTLSServerEndpointBinding,
			"p=tls-server-end-point,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			near, far := connected(t, c.version, c.signature)
			_, other := connected(t, c.version, c.signature)
			for _, mechanism := range []string{ScramSHA1Plus, ScramSHA256Plus} {
				for _, end := range []*tls.ConnectionState{far, other} {
					hash := scram.SHA256
					if mechanism == ScramSHA1Plus {
						hash = scram.SHA1
					}
					known, err := hash.NewClient("ann", "pw", "")
					if err != nil {
						t.Fatal(err)
					}
					stored, err := known.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt of the earth",
						Iters: 4096})
					if err != nil {
						t.Fatal(err)
					}
					server, err := hash.NewServer(func(string) (scram.StoredCredentials, error) { return stored, nil })
					if err != nil {
						t.Fatal(err)
					}
					bound, err := c.bind(end)
					if err != nil {
						t.Fatal(err)
					}
					conv := server.NewConversationWithChannelBinding(bound)
					client, err := Choose(Server{Offered: []string{"PLAIN", "SCRAM-SHA-1", mechanism}, TLS: near},
						Credentials{Username: "ann", Password: "pw"})
					if err != nil {
						t.Fatal(err)
					}
					chosen, first, err := client.Start()
					if err != nil || chosen != mechanism || !strings.HasPrefix(string(first), c.flag) {
						t.Fatalf("%s %q, %v", chosen, first, err)
					}
					said, err := conv.Step(string(first))
					if err != nil {
						t.Fatal(err)
					}
					final, err := client.Next([]byte(said))
					if err != nil {
						t.Fatal(err)
					}
					said, _ = conv.Step(string(final))
					if end == other {
						if conv.Valid() {
							t.Error("bound to another connection, and taken")
						}
						continue
					}
					if _, err := client.Next([]byte(said)); err != nil || client.Verified() != nil || !conv.Valid() {
						t.Errorf("%s: %v, %v, %v", mechanism, err, client.Verified(), conv.Valid())
					}
				}
			}
		})
	}
}

// TestScramDowngrade: a server that does not show -PLUS is told that we could use it. A server that
// does offer it finds out so that somebody took it off the list.
func TestScramDowngrade(t *testing.T) {
	t.Parallel()
	state, _ := connected(t, tls.VersionTLS13, x509.ECDSAWithSHA256)
	for _, c := range []struct {
		offered, mechanism, flag string
		state                    *tls.ConnectionState
	}{
		{"SCRAM-SHA-256", "", "y,,", state},
		{"SCRAM-SHA-256", "", "n,,", nil},
		{"SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "n,,", state},
		{"SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "", "n,,", nil},
	} {
		client, err := Choose(Server{Offered: strings.Fields(c.offered), TLS: c.state},
			Credentials{Mechanism: c.mechanism, Username: "ann", Password: "pw"})
		if err != nil {
			t.Fatal(err)
		}
		if _, first, _ := client.Start(); !strings.HasPrefix(string(first), c.flag) {
			t.Errorf("%+v: %q", c, first)
		}
	}
}
