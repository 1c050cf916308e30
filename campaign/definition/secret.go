package definition

import (
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
)

// Secret says where a secret is.
type Secret = secret.Secret

// Path resolves the path of a file that may be anywhere: ~/ is the user's home, and a relative path is relative to dir.
func Path(name, dir string) (string, error) { return secret.Path(name, dir) }

func password(into **Secret) schema.Reader {
	return secret.Reader(into, "a password", schema.PasswordHint)
}
