package definition

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
	"mailshot/campaign/definition/value"
)

// OAuth says how to get the tokens that take the place of a password. A field that is empty is the provider's.
type OAuth struct {
	// Flow is "device", "loopback", "client_credentials" or "service_account". It is never "" where the file has oauth:.
	Flow                         string
	Provider                     string // "google", "microsoft" or ""
	AuthURL, TokenURL, DeviceURL string
	ClientID                     string
	ClientSecret                 *Secret // nil = none
	Tenant                       string
	Scopes                       []string
	Subject                      string // whom a service account acts for; "" = the username
	KeyFile                      string // of a service account; relative to Dir, or anywhere
}

func (o *OAuth) keys() []schema.Key {
	return []schema.Key{
		{Name: "provider", Read: schema.Word(&o.Provider, "google", "microsoft"), Example: "microsoft",
			Doc: "google or microsoft: fills flow, URLs and scopes."},
		{Name: "flow", Read: schema.Word(&o.Flow, "device", "loopback", "client_credentials", "service_account"),
			Example: "device",
			Doc: "device (a code to type; Microsoft's default), loopback (a browser on this machine; Google's default), " +
				"client_credentials or service_account (no person needed)."},
		{Name: "client_id", Read: schema.String(&o.ClientID), Example: "00001111-aaaa-2222-bbbb-3333cccc4444",
			Doc: "Of a client that you have registered with the provider."},
		{Name: "client_secret", Read: secret.Reader(&o.ClientSecret, "a client secret", clientSecretHint),
			Example: "{ env: OAUTH_SECRET }", Doc: "Where it is, as with password. Default: none."},
		{Name: "tenant", Read: tenant(&o.Tenant), Example: "acme.example",
			Doc: "Microsoft's directory. Default: common; client_credentials needs one."},
		{Name: "scopes", Read: scopes(&o.Scopes), Example: `["https://outlook.office.com/SMTP.Send", offline_access]`},
		{Name: "auth_url", Read: secureURL(&o.AuthURL), Example: "https://login.acme.example/authorize",
			Doc: "Of another provider, or in place of the provider's."},
		{Name: "token_url", Read: secureURL(&o.TokenURL), Example: "https://login.acme.example/token"},
		{Name: "device_url", Read: secureURL(&o.DeviceURL), Example: "https://login.acme.example/device"},
		{Name: "subject", Read: schema.String(&o.Subject), Example: "billing@acme.example",
			Doc: "Whom a service account acts for. Default: the username."},
		{Name: "key_file", Read: keyFile(&o.KeyFile), Example: "~/.config/acme/robot.json",
			Doc: "The service account's key, the JSON file of the provider's console."},
	}
}

const clientSecretHint = "write client_secret: { env: OAUTH_SECRET }, { file: /run/secrets/oauth } " +
	"or { command: [pass, show, oauth] }"

// mechanisms are those that the file may ask for.
var mechanisms = []string{"plain", "login", "cram-md5", "scram-sha-1", "scram-sha-1-plus", "scram-sha-256",
	"scram-sha-256-plus", "xoauth2", "oauthbearer", "external"}

// mechanism reads the name of a mechanism. A wrong name is not shown: somebody may have written a login there.
func mechanism(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		name := strings.ToLower(t.Text)
		if !slices.Contains(mechanisms, name) {
			hint := "one of " + strings.Join(mechanisms, ", ")
			if near := schema.Nearest(t.Text, mechanisms); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			dec.Bad(n, fmt.Sprintf("%q is not the name of an authentication mechanism", dec.Name()), hint)
			return
		}
		*into = name
	})
}

// secureURL reads the URL of an authorization server. Secrets go there.
func secureURL(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		u, err := url.Parse(t.Text)
		switch {
		case err != nil || u.Host == "" || u.Opaque != "":
			dec.Bad(n, fmt.Sprintf("%q must be a URL", dec.Name()), "for example https://login.acme.example/token")
		case u.User != nil || u.Fragment != "":
			dec.Bad(n, fmt.Sprintf("%q is a URL with a login or a fragment in it", dec.Name()), "leave them out")
		case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
			dec.Bad(n, fmt.Sprintf("%q must begin with https://, because secrets go there", dec.Name()), "")
		default:
			*into = t.Text
		}
	})
}

func tenant(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if !value.HostName(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q cannot be a tenant", schema.Clip(t.Text)), "the directory's id, or one of its domains")
			return
		}
		*into = t.Text
	})
}

func scopes(into *[]string) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
				if strings.ContainsAny(t.Text, " \t\"\\") { // RFC 6749 3.3
					dec.Bad(n, "a scope has no spaces and no quotes", "write a list: [scope, scope]")
					return
				}
				*into = append(*into, t.Text)
			})(dec, n)
		})
	}
}

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
		if n != nil && given("tls") != nil && s.TLS == "none" && s.Host != "" && !loopback(s.Host) {
			dec.Report(given("tls"), "clear-password", "a password would go over the network in clear",
				"use implicit (port 465) or starttls (port 587)")
			break
		}
	}
	if oauth != nil && oauth.Kind == yaml.MappingNode {
		s.checkOAuth(dec, oauth)
	}
}

// checkOAuth reports what a flow needs and does not have.
func (s *Server) checkOAuth(dec *schema.Decoder, at *yaml.Node) {
	o := &s.oauth
	s.OAuth = o
	given := func(name string) bool { return dec.Given(s.path+".oauth."+name) != nil }
	if o.Flow == "" && !given("flow") {
		switch {
		case o.Provider == "google":
			o.Flow = "loopback"
		case o.Provider == "microsoft":
			o.Flow = "device"
		case !given("provider"):
			dec.Report(at, "missing-key", "oauth needs a provider or a flow",
				"add provider: google, provider: microsoft, or flow: with the URLs")
		}
	}
	needs := map[string][]string{
		"device": {"client_id", "device_url", "token_url"}, "loopback": {"client_id", "auth_url", "token_url"},
		"client_credentials": {"client_id", "client_secret", "token_url"}, "service_account": {"key_file", "token_url"},
	}[o.Flow]
	if o.Provider == "microsoft" && o.Flow == "client_credentials" {
		needs = append(needs, "tenant")
	}
	for _, name := range needs {
		if !given(name) && !(strings.HasSuffix(name, "_url") && given("provider")) {
			dec.Report(at, "missing-key", fmt.Sprintf("%q needs %q", s.path+".oauth.flow: "+o.Flow, name), "")
		}
	}
	switch n := dec.Given(s.path + ".oauth.flow"); {
	case n == nil:
	case o.Provider == "google" && o.Flow == "device" && !given("device_url"):
		dec.Bad(n, "Google's device flow gives no access to mail",
			"write loopback; on a machine without a browser, run mailshot login --headless")
	case o.Provider == "microsoft" && o.Flow == "service_account":
		dec.Bad(n, "Microsoft has no service accounts with keys", "write client_credentials")
	case o.Provider == "google" && o.Flow == "client_credentials":
		dec.Bad(n, "Google has no client credentials for mail", "write service_account")
	}
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") || ip != nil && ip.IsLoopback()
}
