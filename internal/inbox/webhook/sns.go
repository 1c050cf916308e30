package webhook

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // SNS signs with it where a topic has signatures of version 1
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// SES has the topics of SNS to which SES publishes. SNS signs for everybody, so that only the topic says whose events
// they are.
type SES struct {
	Topics []string // their ARNs; at least one
	// Certificates verify the signatures. Without one the certificate is fetched from the address in the message, which
	// must be one of SNS.
	Certificates []*x509.Certificate
	// Confirm confirms a subscription of one of the topics by itself. Otherwise Say gets the address for the person to
	// open.
	Confirm bool
	Age     time.Duration     // how old a message may be; default 5 days: SNS may try again for long
	Client  http.RoundTripper // fetches certificates and confirms; default one that follows no redirect
}

// envelope is a message of SNS (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html).
type envelope struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            string
	TopicArn         string
	Subject          *string
	Message          string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	SubscribeURL     string
}

type sns struct {
	topics  []string
	pinned  []*rsa.PublicKey
	confirm bool
	age     time.Duration
	now     func() time.Time
	say     func(format string, args ...any)
	client  *http.Client

	fetches *rate.Limiter // so that nobody has much fetched by naming certificates that are not there
	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey // by the address of the certificate
}

var topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$`)

func (s *SES) verifier(c Config) (verifier, error) {
	v := &sns{topics: s.Topics, confirm: s.Confirm, age: s.Age, now: c.Now, say: c.Say,
		keys: map[string]*rsa.PublicKey{}, fetches: rate.NewLimiter(rate.Every(5*time.Second), 5)}
	if v.age <= 0 {
		v.age = 5 * 24 * time.Hour
	}
	if len(s.Topics) == 0 {
		return nil, errors.New("no topic: SNS signs the messages of everybody's topics")
	}
	for _, t := range s.Topics {
		if !topicARN.MatchString(t) {
			return nil, fmt.Errorf("%q is not the ARN of a topic, such as arn:aws:sns:eu-west-1:111122223333:bounces", t)
		}
	}
	for _, cert := range s.Certificates {
		key, err := v.keyOf(cert)
		if err != nil {
			return nil, err
		}
		v.pinned = append(v.pinned, key)
	}
	v.client = &http.Client{Timeout: 10 * time.Second, Transport: s.Client,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return v, nil
}

func (s *sns) before(http.Header, string) error { return nil }

func (s *sns) verify(ctx context.Context, _ http.Header, body []byte) (bool, error) {
	var m envelope
	if err := json.Unmarshal(body, &m); err != nil {
		return false, errForged
	}
	made, err := time.Parse(time.RFC3339Nano, m.Timestamp)
	if err != nil || !slices.Contains(s.topics, m.TopicArn) || !fresh(s.now(), made, s.age) {
		return false, errForged
	}
	signed, err := m.signed()
	if err != nil {
		return false, errForged
	}
	keys, err := s.keysOf(ctx, m.SigningCertURL)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(keys, func(k *rsa.PublicKey) bool { return m.by(k, signed) }) {
		return false, errForged
	}
	switch m.Type {
	case "Notification":
		return true, nil
	case "SubscriptionConfirmation":
		return false, s.subscribed(ctx, &m)
	}
	s.say("SNS says that the subscription of %s has ended: subscribe again, unless that was wanted", m.TopicArn)
	return false, nil
}

// signed is the text that SNS signs (https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).
func (m *envelope) signed() (string, error) {
	var b strings.Builder
	field := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	field("Message", m.Message)
	field("MessageId", m.MessageID)
	switch m.Type {
	case "Notification":
		if m.Subject != nil {
			field("Subject", *m.Subject)
		}
	case "SubscriptionConfirmation", "UnsubscribeConfirmation":
		field("SubscribeURL", m.SubscribeURL)
	default:
		return "", errForged
	}
	field("Timestamp", m.Timestamp)
	if m.Type != "Notification" {
		field("Token", m.Token)
	}
	field("TopicArn", m.TopicArn)
	field("Type", m.Type)
	return b.String(), nil
}

// by reports whether a key has signed the text.
func (m *envelope) by(key *rsa.PublicKey, signed string) bool {
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil {
		return false
	}
	switch m.SignatureVersion {
	case "1":
		sum := sha1.Sum([]byte(signed))
		return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature) == nil
	case "2":
		sum := sha256.Sum256([]byte(signed))
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	}
	return false
}

var (
	snsHost  = regexp.MustCompile(`^sns\.[a-z]{2}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?$`)
	certPath = regexp.MustCompile(`^/[A-Za-z0-9_-]{1,200}\.pem$`)
)

// ofSNS parses an address, which must be one of SNS: https, its host, no port, no user.
func ofSNS(address string) (*url.URL, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Fragment != "" ||
		!snsHost.MatchString(u.Host) {
		return nil, false
	}
	return u, true
}

// certificates are remembered up to this number; there is one a region at a time.
const certificates = 32

// keysOf are the keys that may have signed: the given ones, or the one of the certificate at the address in the
// message.
func (s *sns) keysOf(ctx context.Context, address string) ([]*rsa.PublicKey, error) {
	if len(s.pinned) > 0 {
		return s.pinned, nil
	}
	u, ok := ofSNS(address)
	if !ok || !certPath.MatchString(u.EscapedPath()) || u.RawQuery != "" || u.ForceQuery {
		return nil, errForged
	}
	address = u.String()
	s.mu.Lock()
	key := s.keys[address]
	s.mu.Unlock()
	if key != nil {
		return []*rsa.PublicKey{key}, nil
	}
	if !s.fetches.Allow() {
		return nil, &denied{status: http.StatusServiceUnavailable, text: "it cannot be verified now; send it again"}
	}
	key, err := s.fetch(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("the certificate of SNS: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) >= certificates {
		clear(s.keys)
	}
	s.keys[address] = key
	return []*rsa.PublicKey{key}, nil
}

func (s *sns) fetch(ctx context.Context, address string) (*rsa.PublicKey, error) {
	text, err := s.get(ctx, address)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("not a certificate in PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	return s.keyOf(cert)
}

// keyOf is the key of a certificate that is valid now.
func (s *sns) keyOf(cert *x509.Certificate) (*rsa.PublicKey, error) {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	switch now := s.now(); {
	case !ok || key.N.BitLen() < 2048:
		return nil, errors.New("a certificate without an RSA key of 2048 bits or more")
	case now.Before(cert.NotBefore) || now.After(cert.NotAfter):
		return nil, fmt.Errorf("a certificate that is valid from %s to %s", cert.NotBefore.Format(time.DateOnly),
			cert.NotAfter.Format(time.DateOnly))
	}
	return key, nil
}

// get fetches what is at an address of SNS.
func (s *sns) get(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New("SNS answers " + answer.Status)
	}
	return text, err
}

// subscribed shows the person where to confirm a subscription, or confirms it.
func (s *sns) subscribed(ctx context.Context, m *envelope) error {
	u, ok := ofSNS(m.SubscribeURL)
	if !ok || u.Query().Get("Action") != "ConfirmSubscription" || u.Query().Get("TopicArn") != m.TopicArn {
		return errForged
	}
	if !s.confirm {
		s.say("SNS asks whether %s may send its events here; to confirm it, open %s", m.TopicArn, u)
		return nil
	}
	if _, err := s.get(ctx, u.String()); err != nil {
		return fmt.Errorf("the subscription of %s could not be confirmed: %w", m.TopicArn, withoutToken(err))
	}
	s.say("the subscription of %s is confirmed", m.TopicArn)
	return nil
}

// withoutToken is an error without the address, which has the token of the subscription.
func withoutToken(err error) error {
	if ue := (*url.Error)(nil); errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
