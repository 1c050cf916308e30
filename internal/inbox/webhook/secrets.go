package webhook

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"time"

	"mailshot/internal/inbox/spool"
)

// Secret is what a provider shows that signs nothing: Postmark, Brevo. It is the password of Basic authentication with
// any name, a Bearer token, or the last part of the path: /postmark/SECRET.
type Secret struct {
	Secrets []string // any of them is taken, so that one can be changed; at least one, of 16 characters or more
}

// shown is the verifier of a secret.
type shown struct{ secrets []string }

func (s *Secret) verifier() (verifier, error) {
	if len(s.Secrets) == 0 {
		return nil, errors.New("no secret")
	}
	for _, secret := range s.Secrets {
		if len(secret) < 16 {
			return nil, errors.New("a secret of fewer than 16 characters can be guessed")
		}
	}
	return &shown{s.Secrets}, nil
}

func (s *shown) before(h http.Header, rest string) error {
	given := []string{rest}
	r := http.Request{Header: h}
	if _, password, ok := r.BasicAuth(); ok {
		given = append(given, password)
	}
	if kind, token, ok := strings.Cut(h.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
		given = append(given, strings.TrimSpace(token))
	}
	known := false
	for _, secret := range s.secrets {
		for _, g := range given {
			known = same(g, secret) || known
		}
	}
	if !known {
		return &denied{status: http.StatusUnauthorized, text: "not verified", basic: true}
	}
	return nil
}

func (s *shown) verify(context.Context, http.Header, []byte) (bool, error) { return true, nil }

// SendGrid has the public keys of a Signed Event Webhook, as the settings show them: base64 of the key in DER, or PEM.
type SendGrid struct {
	Keys []string
	// Age is how old a signature may be; default 72 hours: SendGrid tries again for 24. What is sent again by somebody
	// else is what was sent before: it has the same IDs.
	Age time.Duration
}

type sendGrid struct {
	keys []*ecdsa.PublicKey
	age  time.Duration
	now  func() time.Time
}

func (s *SendGrid) verifier(c Config) (verifier, error) {
	v := &sendGrid{age: s.Age, now: c.Now}
	if v.age <= 0 {
		v.age = 72 * time.Hour
	}
	for _, text := range s.Keys {
		key, err := publicKey(text)
		if err != nil {
			return nil, err
		}
		v.keys = append(v.keys, key)
	}
	if len(v.keys) == 0 {
		return nil, errors.New("no public key")
	}
	return v, nil
}

func publicKey(text string) (*ecdsa.PublicKey, error) {
	var der []byte
	if block, _ := pem.Decode([]byte(strings.TrimSpace(text) + "\n")); block != nil {
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return nil, errors.New("the public key is neither base64 nor PEM: copy the verification key of the settings")
		}
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("the public key cannot be read: copy the verification key of the settings")
	}
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, errors.New("the public key is not one of ECDSA over P-256, as SendGrid has them")
	}
	return ec, nil
}

// The headers of a signature (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/
// getting-started-event-webhook-security-features).
const (
	signatureHeader = "X-Twilio-Email-Event-Webhook-Signature"
	timestampHeader = "X-Twilio-Email-Event-Webhook-Timestamp"
)

func (s *sendGrid) before(h http.Header, _ string) error {
	made, ok := seconds(h.Get(timestampHeader))
	if !ok || h.Get(signatureHeader) == "" || !fresh(s.now(), made, s.age) {
		return errForged
	}
	return nil
}

func (s *sendGrid) verify(_ context.Context, h http.Header, body []byte) (bool, error) {
	signature, err := base64.StdEncoding.DecodeString(h.Get(signatureHeader))
	if err != nil {
		return false, errForged
	}
	sum := sha256.New()
	sum.Write([]byte(h.Get(timestampHeader)))
	sum.Write(body)
	digest := sum.Sum(nil)
	for _, key := range s.keys {
		if ecdsa.VerifyASN1(key, digest, signature) {
			return true, nil
		}
	}
	return false, errForged
}

// Mailgun has the HTTP webhook signing keys of the account. Mailgun signs a time and a token, and not the body: a token
// is therefore good for one body alone, also after a crash, and for Window.
type Mailgun struct {
	Keys   []string
	Window time.Duration // how old a token may be; default 5 minutes
}

type mailgun struct {
	keys   [][]byte
	window time.Duration
	now    func() time.Time
	spool  *spool.Spool
}

func (m *Mailgun) verifier(c Config) (verifier, error) {
	v := &mailgun{window: m.Window, now: c.Now, spool: c.Spool}
	if v.window <= 0 {
		v.window = 5 * time.Minute
	}
	for _, k := range m.Keys {
		if k == "" {
			return nil, errors.New("an empty signing key")
		}
		v.keys = append(v.keys, []byte(k))
	}
	if len(v.keys) == 0 {
		return nil, errors.New("no signing key")
	}
	return v, nil
}

func (m *mailgun) before(http.Header, string) error { return nil }

// verify follows https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks. The event of a
// subaccount has a signature of its parent beside its own.
func (m *mailgun) verify(_ context.Context, _ http.Header, body []byte) (bool, error) {
	var outer struct {
		Signature struct {
			Timestamp json.RawMessage `json:"timestamp"`
			Token     string          `json:"token"`
			Own       string          `json:"signature"`
			Parent    string          `json:"parent-signature"`
		} `json:"signature"`
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return false, errForged
	}
	s := outer.Signature
	stamp := strings.Trim(string(s.Timestamp), `"`)
	made, ok := seconds(stamp)
	if !ok || s.Token == "" || len(s.Token) > 200 || !fresh(m.now(), made, m.window) {
		return false, errForged
	}
	genuine := false
	for _, key := range m.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(stamp + s.Token))
		sum := mac.Sum(nil)
		for _, given := range []string{s.Own, s.Parent} {
			b, err := hex.DecodeString(given)
			genuine = err == nil && hmac.Equal(b, sum) || genuine
		}
	}
	if !genuine {
		return false, errForged
	}
	once, err := m.spool.Once(stamp+":"+s.Token, body)
	if err == nil && !once {
		err = errForged
	}
	return once, err
}
