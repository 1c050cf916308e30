package definition

import (
	cryptotls "crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
)

// Certificate reads the client certificate with its key; nil where the file names none. dir is the campaign's folder.
// Errors show nothing of the key.
func (s *Server) Certificate(dir string) (*cryptotls.Certificate, error) {
	if s.ClientCertificate == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(s.ClientCertificate)))
	if err != nil {
		return nil, fmt.Errorf("server.client_certificate: %s: %w", s.ClientCertificate, secret.Bare(err))
	}
	key, name, file := string(pem), "client_certificate", s.ClientCertificate
	if s.ClientKey != "" {
		name, file = "client_key", s.ClientKey
		if key, err = secret.File(file, dir); err != nil {
			return nil, fmt.Errorf("server.client_key: %s: %w", file, err)
		}
	}
	if strings.Contains(key, "ENCRYPTED PRIVATE KEY") || strings.Contains(key, "Proc-Type: 4,ENCRYPTED") {
		return nil, fmt.Errorf("server.%s: the key in %s is encrypted; openssl pkey -in %s -out NEW writes a key that is not",
			name, file, file)
	}
	c, err := cryptotls.X509KeyPair(pem, []byte(key))
	if err != nil {
		return nil, fmt.Errorf("server.%s: %s: %w", name, file, err)
	}
	return &c, nil
}

// checkProtection holds the rules about the certificates of the server and of this end.
func (s *Server) checkProtection(dec *schema.Decoder) {
	if n := dec.Given(s.path + ".client_key"); n != nil && dec.Given(s.path+".client_certificate") == nil {
		dec.Report(n, "missing-key", "a key without its certificate", "add client_certificate: above it")
	}
	if n := dec.Given(s.path + ".ca_file"); n != nil && dec.Given(s.path+".fingerprint") != nil {
		dec.Report(n, "useless-key", "ca_file has no effect with fingerprint", "remove one of them")
	}
	if s.TLS != "none" {
		return
	}
	for _, name := range []string{"ca_file", "client_certificate", "fingerprint"} {
		if n := dec.Given(s.path + "." + name); n != nil {
			dec.Report(n, "useless-key", name+" is for TLS, and tls is none", "remove it, or set tls: implicit or starttls")
		}
	}
}
