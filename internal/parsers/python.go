package parsers

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
)

//go:embed reader.py
var reader string

//go:embed reader.rb
var rubyReader string

// ErrNoPython says that this machine has no python3. A test that gets it skips, and says so.
var ErrNoPython = errors.New("no python3 on this machine: Python's email parser was not asked")

// ErrNoRuby is the same of ruby, or of its library mail (Debian: ruby-mail).
var ErrNoRuby = errors.New("no ruby with mail on this machine (Debian: ruby-mail): ruby's mail was not asked")

// Python reads messages by Python's email package with its strict policy, all in one process. It returns one Message
// for each, in their order. A defect that Python finds in any of them is an error.
func Python(ctx context.Context, messages [][]byte) ([]Message, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil, ErrNoPython
	}
	return script(ctx, messages, python, "-c", reader)
}

// Ruby is Python by ruby's mail.
func Ruby(ctx context.Context, messages [][]byte) ([]Message, error) {
	ruby, err := exec.LookPath("ruby")
	if err != nil || exec.CommandContext(ctx, ruby, "-rmail", "-e", "").Run() != nil {
		return nil, ErrNoRuby
	}
	return script(ctx, messages, ruby, "-Ku", "-e", rubyReader)
}

// script has a program read messages.
func script(ctx context.Context, messages [][]byte, program string, args ...string) ([]Message, error) {
	in, err := json.Marshal(messages) // each in Base64
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", program, err, stderr.Bytes())
	}
	var answers []struct {
		Message
		Defects []string
	}
	if err := json.Unmarshal(stdout.Bytes(), &answers); err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	if len(answers) != len(messages) {
		return nil, fmt.Errorf("%s read %d of %d messages", program, len(answers), len(messages))
	}
	var out []Message
	for i, a := range answers {
		if len(a.Defects) > 0 {
			err = errors.Join(err, fmt.Errorf("message %d: defects %v", i+1, a.Defects))
		}
		out = append(out, a.Message)
	}
	return out, err
}
