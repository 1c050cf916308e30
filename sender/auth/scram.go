package auth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// maxIterations is how often a server may have us hash the password: about a
// second's work. Real ones ask for 4,096 to 600,000; without a limit a hostile one keeps us busy for hours.
const maxIterations = 5_000_000

var (
	errNoBinding = errors.New("the connection cannot be bound to: it is not under TLS, or the certificate's signature has no hash of its own; use scram-sha-256 in its place")
	errSignature = errors.New("the server could not prove that it knows the password: it is not the server it says it is, or keeps another password; nothing was sent to it")
	errUnproven  = errors.New("the server says that the login is good, but has not proven that it knows the password: it may not be the server it says it is; nothing was sent to it")
)

// scramClient is SCRAM of RFC 5802 and 7677, whose steps and signatures are xdg-go/scram's.
// The server's iterations are kept within bounds on both ends, and its signature must have come and be right.
type scramClient struct {
	name string
	conv *scram.ClientConversation
	step int
}

// newScram makes the client for one of the four names. With -PLUS the exchange is
// bound to the TLS connection, so that nobody in the middle can pass it on.
// Without it, but under TLS, the server is told that we could, unless it could too:
// then it finds out if somebody took -PLUS off its list (RFC 5802 6).
func newScram(name string, s Server, c Credentials) (*scramClient, error) {
	hash := scram.SHA256
	if strings.HasPrefix(name, ScramSHA1) {
		hash = scram.SHA1
	}
	client, err := hash.NewClient(c.Username, c.Password, "")
	if err != nil {
		// SASLprep knows the characters of 2002. Servers that do without it take
		// others too; the error would show what it does not like.
		client, err = hash.NewClientUnprepped(c.Username, c.Password, "")
	}
	if err != nil {
		return nil, errors.New("the user name or the password cannot be used with SCRAM")
	}
	bound, canBind := binding(s.TLS)
	switch {
	case strings.HasSuffix(name, "-PLUS") && !canBind:
		return nil, errNoBinding
	case strings.HasSuffix(name, "-PLUS"):
		return &scramClient{name: name, conv: client.NewConversationWithChannelBinding(bound)}, nil
	case canBind && !slices.ContainsFunc(s.Offered, isPlus):
		return &scramClient{name: name, conv: client.NewConversationAdvertisingChannelBinding()}, nil
	}
	return &scramClient{name: name, conv: client.NewConversation()}, nil
}

func isPlus(mechanism string) bool {
	return strings.HasSuffix(strings.ToUpper(mechanism), "-PLUS")
}

// binding is what a connection can be bound by: tls-exporter from TLS 1.3 on
// (RFC 9266), else tls-server-end-point (RFC 5929). tls-unique is not used: a
// connection of TLS 1.2 can be made to have the same as another.
func binding(state *tls.ConnectionState) (scram.ChannelBinding, bool) {
	if state == nil {
		return scram.ChannelBinding{}, false
	}
	if state.Version >= tls.VersionTLS13 {
		b, err := scram.NewTLSExporterBinding(state)
		return b, err == nil
	}
	b, err := scram.NewTLSServerEndpointBinding(state)
	return b, err == nil
}

func (s *scramClient) Start() (string, []byte, error) {
	first, err := s.conv.Step("")
	return s.name, []byte(first), err
}

func (s *scramClient) Next(challenge []byte) ([]byte, error) {
	s.step++
	if s.step == 1 {
		if err := bounded(string(challenge)); err != nil {
			return nil, err
		}
	}
	if s.step > 2 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer, err := s.conv.Step(string(challenge))
	switch {
	case err == nil:
		return []byte(answer), nil
	case s.step == 2 && strings.HasPrefix(string(challenge), "v="):
		return nil, errSignature
	}
	return nil, fmt.Errorf("%s: %w", s.name, err)
}

// bounded looks at the iterations of the server's first message before they are done.
func bounded(first string) error {
	for _, field := range strings.Split(first, ",") {
		if n, ok := strings.CutPrefix(field, "i="); ok {
			if i, err := strconv.Atoi(n); err != nil || i > maxIterations {
				return fmt.Errorf("the server wants the password hashed more than %d times", maxIterations)
			}
		}
	}
	return nil
}

func (s *scramClient) verified() error {
	if !s.conv.Valid() {
		return errUnproven
	}
	return nil
}
