package definition

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// Secret says where a secret is. Exactly one of the fields is set. A Secret does not hold the secret and may be
// printed.
type Secret struct {
	Env     string   // environment variable
	File    string   // file, relative to the campaign's folder; ~/ is the user's home
	Command []string // program and arguments, run in the campaign's folder; the first line that it prints is the secret
}

const (
	maxSecret     = 64 << 10 // bytes read from a file or a command
	secretTimeout = 2 * time.Minute
)

// Read fetches the secret. dir is the campaign's folder. A command has two minutes, because it may ask a person; it
// ends earlier when ctx ends. The value is never part of an error.
func (s *Secret) Read(ctx context.Context, dir string) (string, error) {
	value, from, err := "", "", error(nil)
	switch {
	case s.Env != "":
		from = "environment variable " + s.Env
		var ok bool
		if value, ok = os.LookupEnv(s.Env); !ok {
			return "", fmt.Errorf("%s is not set", from)
		}
	case s.File != "":
		from = "file " + s.File
		value, err = readSecretFile(s.File, dir)
	case len(s.Command) > 0:
		from = "command " + s.Command[0]
		value, err = runSecretCommand(ctx, s.Command, dir)
	default:
		return "", errors.New("no env, file or command is named")
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
	name, err := program(s.Command[0], dir)
	if err == nil {
		_, err = exec.LookPath(name)
	}
	if err == nil {
		return nil
	}
	var xe *exec.Error
	if errors.As(err, &xe) {
		err = xe.Err
	}
	return fmt.Errorf("command %s: %w", s.Command[0], bare(err))
}

// program is the path of a command's program, or its name.
func program(name, dir string) (string, error) {
	if !strings.ContainsRune(name, '/') || filepath.IsAbs(name) {
		return name, nil
	}
	return filepath.Abs(filepath.Join(dir, filepath.FromSlash(name)))
}

// Path resolves the path of a file that may be anywhere: ~/ is the user's home, and a relative path is relative to dir.
func Path(name, dir string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		name = filepath.Join(home, rest)
	}
	name = filepath.FromSlash(name)
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	return name, nil
}

func readSecretFile(name, dir string) (string, error) {
	name, err := Path(name, dir)
	if err != nil {
		return "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", bare(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", bare(err)
	}
	if len(b) > maxSecret {
		return "", errors.New("too large for a secret")
	}
	text := strings.TrimSuffix(string(b), "\n")
	return strings.TrimSuffix(text, "\r"), nil
}

// bare removes operation and path from an error of the file system, because the caller names the path as the person
// wrote it.
func bare(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func runSecretCommand(ctx context.Context, command []string, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	name, err := program(command[0], dir)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, name, command[1:]...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second // a child left behind may hold the pipes
	stdout, stderr := &head{}, &head{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	first, _, _ := strings.Cut(string(stdout.kept), "\n")
	first = strings.TrimSuffix(first, "\r")
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		var ee *exec.ExitError
		if !errors.As(err, &ee) {
			var xe *exec.Error
			if errors.As(err, &xe) {
				return "", xe.Err
			}
			return "", bare(err)
		}
		// The program's own words help, unless they contain what it printed as the secret.
		said, _, _ := strings.Cut(strings.TrimSpace(string(stderr.kept)), "\n")
		if said == "" || first != "" && strings.Contains(said, first) {
			return "", fmt.Errorf("ended with exit code %d", ee.ExitCode())
		}
		return "", fmt.Errorf("ended with exit code %d: %q", ee.ExitCode(), schema.Clip(said))
	}
	return first, nil
}

// head keeps the first bytes written to it and drops the rest.
type head struct{ kept []byte }

func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(len(p), maxSecret-len(h.kept))]...)
	return len(p), nil
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
			if ok = value.Kind == yaml.ScalarNode && variableName(value.Value); ok {
				s.Env = value.Value
			}
		case "file":
			if ok = value.Kind == yaml.ScalarNode && value.Value != "" && !strings.ContainsAny(value.Value, "\x00\n"); ok {
				s.File = value.Value
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
				"command": "command must be a list: the program and its arguments",
			}[name.Value]
			if what == "" {
				what = kind + " is named by env, file or command"
			}
			dec.Report(value, "bad-password", what, hint)
			return
		}
		*into = s
	}
}

// variableName accepts the names of environment variables that shells accept.
func variableName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
