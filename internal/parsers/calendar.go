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

//go:embed events.py
var calendarReader string

// ErrNoCalendar says that this machine lacks Python's icalendar. A test that gets it skips, and says so.
var ErrNoCalendar = errors.New("no icalendar of Python on this machine (Debian: python3-icalendar): " +
	"calendars were not read by it")

// Calendars reads calendars by Python's icalendar: of each the properties of its event by their names, and "METHOD",
// "events", their number, and "lines". Parameters are NAME;PARAMETER, times as RFC 3339 has them.
func Calendars(ctx context.Context, calendars [][]byte) ([]map[string]string, error) {
	if exec.CommandContext(ctx, system, "-c", "import icalendar").Run() != nil {
		return nil, ErrNoCalendar
	}
	in, err := json.Marshal(calendars)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, system, "-c", calendarReader)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("icalendar: %w\n%s", err, stderr.Bytes())
	}
	var read []map[string]string
	if err := json.Unmarshal(stdout.Bytes(), &read); err != nil {
		return nil, fmt.Errorf("icalendar: %w", err)
	}
	if len(read) != len(calendars) {
		return nil, fmt.Errorf("icalendar read %d of %d calendars", len(read), len(calendars))
	}
	return read, nil
}
