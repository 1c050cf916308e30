package oauth

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"golang.org/x/oauth2"

	"mailshot/internal/ellipsis"
	"mailshot/internal/mask"
)

// Error says why there is no token. Its text is for a person and contains no secret.
type Error struct {
	// Code is the authorization server's (RFC 6749 5.2, 8628 3.5), or one of ours: "no-login", "unreachable",
	// "bad-answer", "bad-key", "store".
	Code string
	Text string
	Hint string // what to do, or ""
	Next string // the command to type next, or ""
	// Later: it may work later, and nobody needs to do anything.
	Later bool
}

func (e *Error) Error() string {
	s := e.Text
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	if e.Next != "" {
		s += ": " + e.Next
	}
	return s
}

// Temporary reports whether it may work later, and nobody needs to do anything.
func (e *Error) Temporary() bool { return e.Later }

var errRedirect = errors.New("the authorization server redirects the request, and secrets do not follow a redirection")

// hints say what to do about an authorization server's refusal.
var hints = map[string]string{
	"invalid_client":         "are client_id and client_secret right, and has the secret expired?",
	"unauthorized_client":    "the registered client may not use this flow; look at its registration",
	"invalid_scope":          "are the scopes right, and granted to the client?",
	"unsupported_grant_type": "the authorization server does not know this flow",
	"access_denied":          "the login was declined, by the person or by the organisation's rules",
	"expired_token":          "nobody confirmed the code in time",
}

// fail turns an error of golang.org/x/oauth2, which may quote a whole answer, into an error that can be shown.
func (s *Source) fail(ctx context.Context, err error, secrets ...string) error {
	secrets = append(secrets, *s.secret, s.current.Access, s.current.Refresh)
	var refused *oauth2.RetrieveError
	broke := s.carrier.broke
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errRedirect):
		return &Error{Code: "bad-answer", Text: errRedirect.Error(), Hint: "is the URL right?"}
	case errors.As(err, &refused):
		return s.refused(refused, secrets)
	case errors.Is(err, context.DeadlineExceeded) && broke == nil:
		return &Error{Code: "expired_token", Text: hints["expired_token"], Hint: "log in again", Next: s.cfg.Command}
	case errors.As(broke, &certificate):
		return &Error{Code: "unreachable", Text: tidy("the authorization server's certificate: "+certificate.Error(),
			secrets)}
	case broke != nil:
		text := tidy("the authorization server cannot be reached: "+broke.Error(), secrets)
		return &Error{Code: "unreachable", Text: text, Later: true}
	}
	return &Error{Code: "bad-answer", Text: tidy("no token: "+strings.TrimPrefix(err.Error(), "oauth2: "), secrets)}
}

// refused reads the authorization server's refusal.
func (s *Source) refused(r *oauth2.RetrieveError, secrets []string) error {
	said := struct {
		Code string `json:"error"`
		Text string `json:"error_description"`
	}{r.ErrorCode, r.ErrorDescription}
	if said.Code == "" && json.Unmarshal(r.Body, &said) != nil {
		said.Code, said.Text = "", ""
	}
	status := 0
	if r.Response != nil {
		status = r.Response.StatusCode
	}
	e := &Error{Code: tidy(said.Code, secrets), Hint: hints[said.Code]}
	e.Later = said.Code == "temporarily_unavailable" || said.Code == "server_error" || said.Code == "slow_down" ||
		status == http.StatusTooManyRequests || status >= 500 && said.Code != "invalid_grant"
	what := e.Code
	if what == "" {
		what = fmt.Sprintf("HTTP status %d", status)
	}
	e.Text = "the authorization server gives no token: " + what
	// Microsoft's descriptions continue with ids and times, on lines of their own.
	first, _, _ := strings.Cut(said.Text, "\n")
	first, _, _ = strings.Cut(first, " Trace ID:")
	if first = tidy(first, secrets); first != "" {
		e.Text += " (" + first + ")"
	}
	switch {
	case said.Code == "invalid_grant" && s.Interactive():
		e.Hint, e.Next = "log in again", s.cfg.Command
	case said.Code == "invalid_grant":
		e.Hint = "may the service account act for " + s.cfg.Subject + ", and is this computer's clock right?"
	}
	return e
}

// ended rewords the error of a server that no longer takes the login that is kept.
func (s *Source) ended(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == "invalid_grant" {
		e.Text = "the login of " + s.cfg.Username +
			" is no longer good: it has expired or was revoked, or the password was changed" +
			strings.TrimPrefix(e.Text, "the authorization server gives no token: invalid_grant")
	}
	return err
}

// tidy makes a text of others fit to be shown: without secrets and control characters, and not too long.
func tidy(s string, secrets []string) string {
	s = mask.Text(s, secrets...)
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	return ellipsis.Cut(s, 300)
}
