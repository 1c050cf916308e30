// Package secret fetches secrets from files and programs. No error of it holds what was fetched.
package secret

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

	"github.com/zalando/go-keyring"

	"mailshot/campaign/definition/schema"
	system "mailshot/internal/keyring"
)

const (
	Most          = 64 << 10 // bytes read from a file or a command
	secretTimeout = 2 * time.Minute
)

// Program is the path of a command's program, or its name.
func Program(name, dir string) (string, error) {
	if !strings.ContainsRune(name, '/') || filepath.IsAbs(name) {
		return name, nil
	}
	return filepath.Abs(filepath.Join(dir, filepath.FromSlash(name)))
}

// Runs says why a command's program cannot be run; nil = it may.
func Runs(name, dir string) error {
	name, err := Program(name, dir)
	if err == nil {
		_, err = exec.LookPath(name)
	}
	if err == nil {
		return nil
	}
	if xe := (*exec.Error)(nil); errors.As(err, &xe) {
		err = xe.Err
	}
	return Bare(err)
}

// File returns the text of a file, whose path is as Path reads it, without the end of its last line.
func File(name, dir string) (string, error) {
	name, err := Path(name, dir)
	if err != nil {
		return "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", Bare(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, Most+1))
	if err != nil {
		return "", Bare(err)
	}
	if len(b) > Most {
		return "", errors.New("too large for a secret")
	}
	text := strings.TrimSuffix(string(b), "\n")
	return strings.TrimSuffix(text, "\r"), nil
}

// Bare removes operation and path from an error of the file system, because the caller names the path as the person
// wrote it.
func Bare(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Command runs a program in a folder and returns what it prints, without the end of its last line. It ends with ctx,
// and after two minutes, because a program may ask a person.
func Command(ctx context.Context, command []string, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	name, err := Program(command[0], dir)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, name, command[1:]...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second // a child left behind may hold the pipes
	stdout, stderr := &head{}, &head{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	text := strings.TrimSuffix(strings.TrimSuffix(string(stdout.kept), "\n"), "\r")
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
			return "", Bare(err)
		}
		// The program's own words help, unless they contain what it printed as the secret.
		said, _, _ := strings.Cut(strings.TrimSpace(string(stderr.kept)), "\n")
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		if said == "" || first != "" && strings.Contains(said, strings.TrimSpace(first)) {
			return "", fmt.Errorf("ended with exit code %d", ee.ExitCode())
		}
		return "", fmt.Errorf("ended with exit code %d: %q", ee.ExitCode(), schema.Clip(said))
	}
	return text, nil
}

// head keeps the first bytes written to it and drops the rest.
type head struct{ kept []byte }

func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(len(p), Most-len(h.kept))]...)
	return len(p), nil
}

// Variable reports whether s is the name of an environment variable, as shells accept it.
func Variable(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
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

// service is the name under which the system's keyring keeps passwords.
const service = "mailshot password"

// HasKeyring reports whether this system has a keyring to keep passwords in.
func HasKeyring() bool { return system.System() }

// Kept returns what the system's keyring keeps under a name.
func Kept(name string) (string, error) {
	if !system.System() {
		return "", errors.New("this system has no keyring, or nobody is logged in to it")
	}
	value, err := keyring.Get(service, name)
	if errors.Is(err, keyring.ErrNotFound) {
		return "", errors.New("the system's keyring has nothing of that name")
	}
	if err != nil {
		return "", fmt.Errorf("the system's keyring: %w", err)
	}
	return value, nil
}

// Keep keeps a value in the system's keyring under a name, in place of what was there.
func Keep(name, value string) error {
	if !system.System() {
		return errors.New("this system has no keyring, or nobody is logged in to it")
	}
	if err := keyring.Set(service, name, value); err != nil {
		return fmt.Errorf("the system's keyring: %w", err)
	}
	return nil
}
