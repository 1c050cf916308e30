package definition

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/definition/secret"
)

// The test's own program plays the command that knows the password.
func TestMain(m *testing.M) {
	switch os.Getenv("MAILSHOT_TEST_COMMAND") {
	case "pass":
		os.Stdout.WriteString("hunter2\nlogin: me\n")
		os.Exit(0)
	case "silent":
		os.Exit(0)
	case "fail":
		os.Stdout.WriteString("hunter2\n")
		os.Stderr.WriteString("cannot decrypt \x1b[31mhunter2\n")
		os.Exit(2)
	case "explain":
		os.Stderr.WriteString("smtp is not in the password store\nmore\n")
		os.Exit(1)
	case "flood":
		for range 100 {
			os.Stdout.WriteString(strings.Repeat("x", 4096))
		}
		os.Exit(0)
	case "wait":
		os.Stdout.Sync() // a pipe: nothing to do, and the read below never ends
		var b [1]byte
		r, w, err := os.Pipe()
		if err != nil {
			os.Exit(3)
		}
		r.Read(b[:])
		w.Close()
	}
	os.Exit(m.Run())
}

func TestSecretEnv(t *testing.T) {
	t.Setenv("MAILSHOT_TEST_SECRET", "hunter2")
	t.Setenv("MAILSHOT_TEST_EMPTY", "")
	read(t, Secret{Env: "MAILSHOT_TEST_SECRET"}, "", "")
	read(t, Secret{Env: "MAILSHOT_TEST_EMPTY"}, "", "environment variable MAILSHOT_TEST_EMPTY is empty")
	read(t, Secret{Env: "MAILSHOT_TEST_NEVER"}, "", "environment variable MAILSHOT_TEST_NEVER is not set")
	read(t, Secret{}, "", "no env, file, command or keyring is named")
}

func TestSecretFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	for name, text := range map[string]string{
		"good": "hunter2\r\n", "bare": "hunter2", "empty": "\n", "two": "hunter2\nhunter2\n", "nul": "hunter2\x00\n",
		"large": strings.Repeat("hunter2", 10_000),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read(t, Secret{File: "good"}, dir, "")
	read(t, Secret{File: "bare"}, dir, "")
	read(t, Secret{File: filepath.Join(dir, "good")}, "/nowhere", "")
	read(t, Secret{File: "~/good"}, "/nowhere", "")
	read(t, Secret{File: "empty"}, dir, "file empty is empty")
	read(t, Secret{File: "two"}, dir, "file two holds more than one line")
	read(t, Secret{File: "nul"}, dir, "file nul holds more than one line")
	read(t, Secret{File: "large"}, dir, "file large: too large for a secret")
	err := read(t, Secret{File: "none"}, dir, "file none: ")
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestSecretCommand(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(mode, want string) error {
		t.Helper()
		t.Setenv("MAILSHOT_TEST_COMMAND", mode)
		return read(t, Secret{Command: []string{self, "show", "smtp"}}, t.TempDir(), want)
	}
	run("pass", "")
	run("silent", "is empty")
	run("fail", "ended with exit code 2")
	run("explain", `ended with exit code 1: "smtp is not in the password store"`)
	read(t, Secret{Command: []string{"mailshot-test-no-such-program"}}, "", "not found")
	read(t, Secret{Command: []string{"./no-such-program"}}, t.TempDir(), "command ./no-such-program: ")

	t.Setenv("MAILSHOT_TEST_COMMAND", "flood")
	value, err := (&Secret{Command: []string{self}}).Read(t.Context(), "")
	if err != nil || len(value) != secret.Most {
		t.Errorf("a flood: %d bytes, %v", len(value), err)
	}

	t.Setenv("MAILSHOT_TEST_COMMAND", "wait")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Secret{Command: []string{self}}).Read(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("a command that waits: %v", err)
	}
}

// read checks that the secret is hunter2, or that the error holds want and never the secret.
func read(t *testing.T, s Secret, dir, want string) error {
	t.Helper()
	value, err := s.Read(t.Context(), dir)
	switch {
	case want == "" && (err != nil || value != "hunter2"):
		t.Errorf("%+v: %q, %v", s, value, err)
	case want != "" && (err == nil || value != "" || !strings.Contains(err.Error(), want)):
		t.Errorf("%+v: %q, %v; want %s", s, value, err, want)
	case err != nil && strings.Contains(err.Error(), "hunter2"):
		t.Errorf("%+v: the error shows the secret: %v", s, err)
	}
	return err
}
