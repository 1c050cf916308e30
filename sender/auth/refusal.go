package auth

import (
	"regexp"
	"strings"
)

// Refusal is how a server refused a login.
type Refusal struct {
	Code     int    // basic code
	Enhanced string // as "5.7.8", or ""
	Text     string // the server's words
}

var (
	notThisWay = regexp.MustCompile(`(?i)mechanism|authentication type|auth type|auth method|authentication method`)
	unknown    = regexp.MustCompile(`(?i)support|unrecogni[sz]ed|unknown|invalid|unavailable|not available|not allowed|` +
		`not enabled|disabled|unimplemented|not implemented|too weak`)
	appPassword = regexp.MustCompile(`(?i)app(?:lication)?[- ]?(?:specific)?[- ]password|web ?browser|` +
		`application-specific|authorization code|授权码`)
	noPasswords = regexp.MustCompile(`(?i)basic auth|smtpclientauthentication is disabled|smtp ?auth(?:entication)? is disabled|` +
		`user is locked by your organization's security defaults`)
	wantsTLS = regexp.MustCompile(`(?i)starttls|encryption|encrypted|ssl|\btls\b`)
)

// WrongMechanism reports whether the answer says that the mechanism, not the password, is wrong:
// another one may be tried at once, and no account is locked by it (RFC 4954 4 and 6).
func (r Refusal) WrongMechanism() bool {
	switch r.Code {
	case 500, 501, 502, 504:
		return true
	case 534:
		return !appPassword.MatchString(r.Text)
	}
	return r.Code >= 500 && !r.passwordsOff() && notThisWay.MatchString(r.Text) && unknown.MatchString(r.Text)
}

// passwordsOff reports whether the server takes no passwords of this account, right or wrong.
func (r Refusal) passwordsOff() bool {
	return strings.HasSuffix(r.Enhanced, ".7.139") || noPasswords.MatchString(r.Text)
}

const checkPassword = "check the user name and the password; some providers want an app password here"

// Hint says what to do when the server has refused the login.
func (c *Client) Hint(r Refusal) string {
	token := c.token
	switch {
	case r.Code == 432 || strings.HasSuffix(r.Enhanced, ".7.12"):
		return "the server wants the password to be set anew: log in once on its web page"
	case r.Code == 538 || (r.Code == 530 || strings.HasSuffix(r.Enhanced, ".7.11")) && wantsTLS.MatchString(r.Text):
		return "the server takes logins over TLS only: set tls: starttls, or tls: implicit with port 465"
	case r.passwordsOff() && token:
		return "SMTP AUTH is switched off for this mailbox: an administrator has to enable it"
	case r.passwordsOff():
		return "the server takes no passwords for this account (basic authentication is switched off): " +
			"use a token, see mailshot login; or have an administrator enable SMTP AUTH for the mailbox"
	case appPassword.MatchString(r.Text):
		return "the account wants an app password, which its security settings on the web give, " +
			"or a token, see mailshot login"
	case r.Code == 525 || strings.HasSuffix(r.Enhanced, ".7.13"):
		return "the account is disabled: log in on the provider's web page, or ask the provider"
	case r.Code == 501:
		return "the server does not understand the login: is the user name right, and written in full? " +
			"Else set server.auth to another mechanism that the server offers"
	case r.WrongMechanism():
		return "the server does not take this mechanism: set server.auth to another one that it offers " +
			"(mailshot probe lists them), or use a token, see mailshot login"
	case r.Code == 503 || r.Code == 530:
		return "the server takes no login here: use port 587 or 465, or leave out username and password"
	}
	return c.password()
}

// password is the hint where the credentials themselves may be wrong.
func (c *Client) password() string {
	switch c.Client.(type) {
	case *external:
		return "the server does not know the client certificate, or it may not act for this user name"
	case *scramClient:
		return checkPassword + ". If both are right, set server.auth to another mechanism that the server offers"
	}
	if !c.token {
		return checkPassword
	}
	hint := "the server refused the token: is the user name the account that logged in, " +
		"and is SMTP AUTH enabled for it? mailshot login gets a new token"
	if r, ok := c.Client.(refuser); ok && r.refusal() != "" {
		hint = r.refusal() + "; " + hint
	}
	return c.Mask(hint)
}
