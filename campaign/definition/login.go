package definition

import (
	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/login"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/definition/schema"
)

// OAuth says how to get the tokens that take the place of a password.
type OAuth = login.OAuth

// checkLogin holds the rules about the keys that log in.
func (s *Server) checkLogin(dec *schema.Decoder) {
	given := func(name string) *yaml.Node { return dec.Given(s.path + "." + name) }
	username, password, oauth, auth := given("username"), given("password"), given("oauth"), given("auth")
	missing := func(n *yaml.Node, text, hint string) { dec.Report(n, "missing-key", text, hint) }
	switch {
	case oauth != nil && password != nil:
		dec.Report(oauth, "useless-key", "both a password and oauth", "remove one of them")
	case password != nil && username == nil:
		missing(password, "a password without a username", "add username: above it")
	case oauth != nil && username == nil:
		missing(oauth, "oauth without a username", "add username: above it, the mailbox that logs in")
	case username != nil && password == nil && oauth == nil && s.Auth != "external":
		missing(username, "a username without a password", schema.PasswordHint)
	}
	if auth != nil && s.Auth != "" {
		tokens := s.Auth == "xoauth2" || s.Auth == "oauthbearer"
		switch {
		case tokens && oauth == nil:
			missing(auth, s.Auth+" needs a token", "add oauth: to the server")
		case s.Auth == "external" && given("client_certificate") == nil:
			missing(auth, "external needs a certificate", "add client_certificate: to the server")
		case s.Auth == "external" && (password != nil || oauth != nil):
			dec.Report(auth, "useless-key", "external takes a certificate in place of password and oauth",
				"remove password and oauth")
		case !tokens && s.Auth != "external" && oauth != nil:
			dec.Report(auth, "bad-value", s.Auth+" needs a password, and the server has oauth",
				"remove auth, or write xoauth2 or oauthbearer")
		case !tokens && s.Auth != "external" && password == nil:
			missing(auth, s.Auth+" needs a password", schema.PasswordHint)
		}
	}
	for _, n := range []*yaml.Node{password, oauth} {
		if n != nil && given("tls") != nil && s.TLS == "none" && s.Host != "" && !login.Loopback(s.Host) {
			dec.Report(given("tls"), "clear-password", "a password would go over the network in clear",
				"use implicit (port 465) or starttls (port 587)")
			break
		}
	}
	if oauth != nil && oauth.Kind == yaml.MappingNode {
		s.OAuth = &s.oauth
		s.OAuth.Check(dec, s.path+".oauth", oauth)
	}
}

// lent is the login that a mailbox has for which the file gives none: that of the one server that has a login. nil =
// there is none, or more than one.
func (d *Definition) lent(dec *schema.Decoder) *returns.Login {
	if dec.Failed("server") || dec.Failed("servers") {
		return &returns.Login{} // it may be the one that is meant
	}
	var l *returns.Login
	for _, s := range d.Servers {
		if s.Password == nil && s.OAuth == nil {
			continue
		}
		if l != nil {
			return nil
		}
		l = &returns.Login{Username: s.Username, Password: s.Password, OAuth: s.OAuth}
	}
	return l
}

// draftsKey says where messages go that a person sends by hand.
func (s *Server) draftsKey() schema.Key {
	return schema.Key{Name: "drafts", Read: s.Drafts.Account(), Off: true,
		Example: "{ host: imap.acme.example, folder: Drafts }",
		Doc: "Where mailshot send --to-drafts puts messages, by IMAP: host, port, tls, username, password or oauth, auth, " +
			"ca_file, fingerprint, folder. Default: the login of the server, the IMAP host that belongs to the server's, and " +
			"the account's own Drafts folder."}
}

// copyKey says where a copy of each message is kept that was sent.
func (s *Server) copyKey() schema.Key {
	return schema.Key{Name: "sent_copy", Read: s.SentCopy.Copy(), Off: true, Example: "imap",
		Doc: "A copy of each message that the server took is put into the Sent folder of the account, by IMAP. A box in place " +
			"of imap says which account and which folder, with the keys of drafts: { host: imap.acme.example, folder: Sent }. " +
			"What becomes of the copy never changes what became of the message. Not for a rehearsal. Default: none."}
}
