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

// maxIterations is how often a server may have us hash the password: about a second's work. Real
// servers ask for 4,096 to 600,000. Without a limit a hostile server keeps us busy for hours.
const maxIterations = 5_000_000

var (
	errNoBinding = errors.New("the login cannot be bound to the connection: it has no TLS, " +
		"or the certificate's signature has no hash of its own; use scram-sha-256 instead")
	errSignature = errors.New("the server could not prove that it knows the password: " +
		"it is not the server that it says it is, or it has another password; nothing was sent to it")
	errUnproven = errors.New("the server says that the login is good, but has not proven that it knows the password: " +
		"it may not be the server that it says it is; nothing was sent to it")
)

// scramClient is SCRAM of RFC 5802 and 7677. Its steps and signatures are those of xdg-go/scram. It
// keeps the server's iterations within bounds at both ends, and demands that the server's signature
// has come and is right.
type scramClient struct {
	name string
	conv *scram.ClientConversation
	step int
}

// newScram makes the client for one of the four names. With -PLUS the exchange is bound to the TLS
// connection, so that nobody in the middle can pass it on. Without -PLUS, but under TLS, the server
// is told that we could bind it, unless the server offers -PLUS: then it finds out whether somebody
// took -PLUS off its list (RFC 5802 6).
func newScram(name string, s Server, c Credentials) (*scramClient, error) {
	hash := scram.SHA256
	if strings.HasPrefix(name, ScramSHA1) {
		hash = scram.SHA1
	}
	client, err := hash.NewClient(c.Username, c.Password, "")
	if err != nil {
		// SASLprep knows the characters of 2002. Servers that do without it accept others too. The
		// error would show which characters it refuses.
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

// binding is what a connection can be bound by: tls-exporter from TLS 1.3 on (RFC 9266), else
// tls-server-end-point (RFC 5929). tls-unique is not used, because a connection of TLS 1.2 can be
// made to have the same value as another.
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

// bounded checks the number of iterations in the server's first message before they are done.
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
