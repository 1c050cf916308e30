// Package login reads the keys of a campaign file that say how to log in at a server, whether mail goes there or comes
// back there: [OAuth] has the section oauth, [Mechanism] reads auth, [Fingerprint] and [KeyFile] read what tells one
// end from another.
package login

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
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
	ClientSecret                 *secret.Secret // nil = none
	Tenant                       string
	Scopes                       []string
	Subject                      string // whom a service account acts for; "" = the username
	KeyFile                      string // of a service account; relative to Dir, or anywhere
}

// Keys are the keys of oauth.
func (o *OAuth) Keys() []schema.Key {
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
		{Name: "key_file", Read: KeyFile(&o.KeyFile), Example: "~/.config/acme/robot.json",
			Doc: "The service account's key, the JSON file of the provider's console."},
	}
}

const clientSecretHint = "write client_secret: { env: OAUTH_SECRET }, { file: /run/secrets/oauth } " +
	"or { command: [pass, show, oauth] }"

// mechanisms are those that the file may ask for.
var mechanisms = [...]string{"plain", "login", "cram-md5", "scram-sha-1", "scram-sha-1-plus", "scram-sha-256",
	"scram-sha-256-plus", "xoauth2", "oauthbearer", "external"}

// Mechanism reads the name of a mechanism, or one of more. A wrong name is not shown: somebody may have written a login
// there.
func Mechanism(into *string, more ...string) schema.Reader {
	known := append(slices.Clone(mechanisms[:]), more...)
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		name := strings.ToLower(t.Text)
		if !slices.Contains(known, name) {
			hint := "one of " + strings.Join(known, ", ")
			if near := schema.Nearest(t.Text, known); near != "" {
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
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		u, err := url.Parse(t.Text)
		switch {
		case err != nil || u.Host == "" || u.Opaque != "":
			dec.Bad(n, fmt.Sprintf("%q must be a URL", dec.Name()), "for example https://login.acme.example/token")
		case u.User != nil || u.Fragment != "":
			dec.Bad(n, fmt.Sprintf("%q is a URL with a login or a fragment in it", dec.Name()), "leave them out")
		case u.Scheme != "https" && !(u.Scheme == "http" && Loopback(u.Hostname())):
			dec.Bad(n, fmt.Sprintf("%q must begin with https://, because secrets go there", dec.Name()), "")
		default:
			*into = t.Text
		}
	})
}

func tenant(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
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
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
				if strings.ContainsAny(t.Text, " \t\"\\") { // RFC 6749 3.3
					dec.Bad(n, "a scope has no spaces and no quotes", "write a list: [scope, scope]")
					return
				}
				*into = append(*into, t.Text)
			})(dec, n)
		})
	}
}

// Check reports what a flow needs and does not have, and fills in the provider's usual flow. path is that of oauth in
// the file, which has it at the node.
func (o *OAuth) Check(dec *schema.Decoder, path string, at *yaml.Node) {
	given := func(name string) bool { return dec.Given(path+"."+name) != nil }
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
			dec.Report(at, "missing-key", fmt.Sprintf("%q needs %q", path+".flow: "+o.Flow, name), "")
		}
	}
	switch n := dec.Given(path + ".flow"); {
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

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") || ip != nil && ip.IsLoopback()
}

// KeyFile reads the path of a file that may be anywhere, because a key does not belong beside the campaign.
func KeyFile(into *string) schema.Reader {
	inside := schema.FileName(into)
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if *into = t.Text; !strings.HasPrefix(t.Text, "~/") && !filepath.IsAbs(t.Text) {
			inside(dec, n)
		}
	})
}

// Fingerprint reads a SHA-256 as openssl x509 -fingerprint -sha256 and others write it, and keeps the digits.
func Fingerprint(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		digits := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(t.Text))
		if b, err := hex.DecodeString(digits); err != nil || len(b) != 32 {
			dec.Bad(n, "not a SHA-256 fingerprint", "write 64 hexadecimal digits, with or without colons; "+
				"mailshot probe shows the server's, and openssl x509 -noout -fingerprint -sha256 -in FILE that of a file")
			return
		}
		*into = digits
	})
}
