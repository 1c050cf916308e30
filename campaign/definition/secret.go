package definition

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
)

// Secret says where a secret is. Exactly one of the fields but Dir is set. A Secret does not hold the secret and may be
// printed.
type Secret struct {
	Env     string   // environment variable
	File    string   // file, relative to the campaign's folder; ~/ is the user's home
	Command []string // program and arguments, run in the campaign's folder; the first line that it prints is the secret
	Keyring string   // name in the system's keyring, where mailshot keeps passwords
	Dir     string   // of the campaign that names it, where another one is sent through its server; "" = the campaign's folder
}

// Read fetches the secret. dir is the campaign's folder. A command has two minutes, because it may ask a person; it
// ends earlier when ctx ends. The value is never part of an error.
func (s *Secret) Read(ctx context.Context, dir string) (string, error) {
	value, from, err := "", "", error(nil)
	dir = cmp.Or(s.Dir, dir)
	switch {
	case s.Env != "":
		from = "environment variable " + s.Env
		var ok bool
		if value, ok = os.LookupEnv(s.Env); !ok {
			return "", fmt.Errorf("%s is not set", from)
		}
	case s.File != "":
		from = "file " + s.File
		value, err = fromFile(s.File, dir)
	case s.Keyring != "":
		from = "keyring " + s.Keyring
		value, err = secret.Kept(s.Keyring)
	case len(s.Command) > 0:
		from = "command " + s.Command[0]
		value, err = secret.Command(ctx, s.Command, dir)
	default:
		return "", errors.New("no env, file, command or keyring is named")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", from, err)
	}
	if value == "" {
		return "", fmt.Errorf("%s is empty", from)
	}
	if strings.ContainsAny(value, "\x00\r\n") {
		return "", fmt.Errorf("%s holds more than one line", from)
	}
	return value, nil
}

// Lacks says why Read cannot succeed here, as far as that is known without running a program; nil = it may.
func (s *Secret) Lacks(ctx context.Context, dir string) error {
	if len(s.Command) == 0 {
		_, err := s.Read(ctx, dir)
		return err
	}
	if err := secret.Runs(s.Command[0], cmp.Or(s.Dir, dir)); err != nil {
		return fmt.Errorf("command %s: %w", s.Command[0], err)
	}
	return nil
}

// Path resolves the path of a file that may be anywhere: ~/ is the user's home, and a relative path is relative to dir.
func Path(name, dir string) (string, error) { return secret.Path(name, dir) }

// fromFile reads the secret in a file, whose path is as Path reads it.
func fromFile(name, dir string) (string, error) {
	name, err := Path(name, dir)
	if err != nil {
		return "", err
	}
	return secret.File(name)
}

func password(into **Secret) schema.Reader {
	return secretReader(into, "a password", schema.PasswordHint)
}

// secretReader reads a reference to a secret of a kind ("a password"). Its messages show nothing of what is written
// there, because that may be the secret.
func secretReader(into **Secret, kind, hint string) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		if n.Kind != yaml.MappingNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
			dec.Report(n, "literal-password", kind+" does not belong in the campaign file", hint)
			return
		}
		if len(n.Content) != 2 || n.Content[0].Kind != yaml.ScalarNode {
			dec.Report(n, "bad-password", fmt.Sprintf("%q must name one place where the secret is", dec.Name()), hint)
			return
		}
		name, value := n.Content[0], n.Content[1]
		s := &Secret{}
		ok := false
		switch name.Value {
		case "env":
			if ok = value.Kind == yaml.ScalarNode && secret.Variable(value.Value); ok {
				s.Env = value.Value
			}
		case "file":
			if ok = line(value); ok {
				s.File = value.Value
			}
		case "keyring":
			if ok = line(value); ok {
				s.Keyring = value.Value
			}
		case "command":
			ok = value.Kind == yaml.SequenceNode && len(value.Content) > 0
			for _, word := range value.Content {
				ok = ok && word.Kind == yaml.ScalarNode && !strings.ContainsRune(word.Value, 0)
				s.Command = append(s.Command, word.Value)
			}
			ok = ok && s.Command[0] != ""
		}
		if !ok {
			what := map[string]string{
				"env":     "env must be the name of an environment variable",
				"file":    "file must be a path",
				"keyring": "keyring must be the name of a password that the system's keyring keeps",
				"command": "command must be a list: the program and its arguments",
			}[name.Value]
			if what == "" {
				what = kind + " is named by env, file, command or keyring"
			}
			dec.Report(value, "bad-password", what, hint)
			return
		}
		*into = s
	}
}

// line reports whether a value is a text of one line that is not empty.
func line(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value != "" && !strings.ContainsAny(n.Value, "\x00\n")
}
