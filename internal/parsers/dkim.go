package parsers

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed dkim.py
var verifier string

// ErrNoDKIM says that this machine lacks a program that verifies signatures.
var ErrNoDKIM = errors.New("no dkimpy with NaCl, or no opendkim, on this machine (Debian: python3-dkim, python3-nacl, " +
	"opendkim): signatures were not verified by it")

// system is Debian's Python, which has Debian's packages.
const system = "/usr/bin/python3"

// DKIM verifies the DKIM signatures of messages by dkimpy. records are the TXT records of the keys, by their names. An
// error says which message lacks one of as many signatures as there are keys, or has one that is not good.
func DKIM(ctx context.Context, messages [][]byte, records map[string]string) error {
	if exec.CommandContext(ctx, system, "-c", "import dkim, nacl").Run() != nil {
		return ErrNoDKIM
	}
	in, err := json.Marshal(struct {
		Messages [][]byte
		Records  map[string]string
	}{messages, records})
	if err != nil {
		return err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, system, "-c", verifier)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("dkimpy: %w\n%s", err, stderr.Bytes())
	}
	var answers [][]bool
	if err := json.Unmarshal(stdout.Bytes(), &answers); err != nil {
		return fmt.Errorf("dkimpy: %w", err)
	}
	if len(answers) != len(messages) {
		return fmt.Errorf("dkimpy read %d of %d messages", len(answers), len(messages))
	}
	var errs []error
	for i, a := range answers {
		good := 0
		for _, one := range a {
			if one {
				good++
			}
		}
		if good != len(records) || len(a) != good {
			errs = append(errs, fmt.Errorf("dkimpy: %d of %d signatures of message %d are good", good, len(a), i+1))
		}
	}
	return errors.Join(errs...)
}

// OpenDKIM is DKIM by opendkim, whose library many receivers use. It looks at each message's first signature that it
// knows, so the messages are given with one kind. dir is an empty folder for what it reads.
func OpenDKIM(ctx context.Context, dir string, messages [][]byte, records map[string]string) error {
	program, err := exec.LookPath("opendkim")
	if err != nil {
		if program = "/usr/sbin/opendkim"; exec.CommandContext(ctx, program, "-V").Run() != nil {
			return ErrNoDKIM
		}
	}
	var keys strings.Builder
	for name, text := range records {
		fmt.Fprintf(&keys, "%s %s\n", name, text)
	}
	config := fmt.Sprintf("Mode v\nTestDNSData file:%s\nOn-BadSignature reject\nOn-NoSignature reject\n", filepath.Join(dir, "keys"))
	files := map[string][]byte{"keys": []byte(keys.String()), "conf": []byte(config)}
	var names []string
	for i, m := range messages {
		name := fmt.Sprintf("%d.eml", i)
		files[name] = m
		names = append(names, filepath.Join(dir, name))
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	var errs []error
	for len(names) > 0 {
		some := names[:min(len(names), 100)]
		names = names[len(some):]
		cmd := exec.CommandContext(ctx, program, "-x", filepath.Join(dir, "conf"), "-t", strings.Join(some, ","), "-v")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr // together their lines are broken
		err := cmd.Run()
		good := 0
		for line := range strings.Lines(stdout.String() + stderr.String()) {
			switch {
			case strings.HasSuffix(line, "succeeded\n"):
				good++
			case !strings.HasSuffix(line, "returned SMFIS_ACCEPT\n"):
				errs = append(errs, fmt.Errorf("opendkim: %q", line))
			}
		}
		if err != nil || good != len(some) {
			errs = append(errs, fmt.Errorf("opendkim: %d of %d messages are good: %w", good, len(some), err))
		}
	}
	return errors.Join(errs...)
}
