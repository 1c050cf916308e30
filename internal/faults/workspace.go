package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Campaign is what a Workspace sends, and how. Its id is ID.
type Campaign struct {
	// Addresses are the rows of the list.
	Addresses []string
	// Connections is how many there may be at once. Default: 8.
	Connections int
	// Body is how many bytes of text each message has besides its own words. Default: 0.
	Body int
	// Limits are more lines of the campaign file's limits, such as "caps: [5/s]". Default: none.
	Limits []string
	// Group is how many rows each message has, wherever in the list they are. Default: 0, a message for each row.
	Group int
	// Copies has each message go to two others as well, see Copied. Default: false.
	Copies bool
}

// Copied are those who get a copy of the message to an address.
func (c Campaign) Copied(address string) []string {
	if !c.Copies {
		return nil
	}
	return []string{"copy-" + address, "archive@copies.example"}
}

// Subjects are those of the messages, by address. They name the rows of a group, in the order of the list.
func (c Campaign) Subjects() map[string]string {
	all := make(map[string]string, len(c.Addresses))
	for _, address := range c.Addresses {
		all[address] = "News for " + address
	}
	for i, address := range c.list() {
		if c.Group > 0 {
			all[address] += fmt.Sprint(" ", i)
		}
	}
	return all
}

// list are the addresses of the list's rows: those of a group lie far apart.
func (c Campaign) list() []string {
	var rows []string
	for i := range max(c.Group, 1) {
		all := slices.Clone(c.Addresses)
		rand.New(rand.NewPCG(uint64(i), 0)).Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		if c.Group == 0 {
			all = c.Addresses
		}
		rows = append(rows, all...)
	}
	return rows
}

// file is the campaign file, for a server.
func (c Campaign) file(s *Sink, limits []string) string {
	subject, group, copies := "News for {{.email}}", "", ""
	if c.Group > 0 {
		subject, group = subject+"{{range .rows}} {{.n}}{{end}}", ", address: email, group: email"
	}
	if c.Copies {
		copies = "cc: [\"copy-{{.email}}\"]\nbcc: [archive@copies.example]\n"
	}
	return fmt.Sprintf(`id: %s
from: Club <club@example.org>
%ssubject: "%s"
recipients: {file: people.csv%s}
body: {text: body.txt}
server: {host: %s, port: %d, tls: none}
limits:
  %s
`, ID, copies, subject, group, s.Host(), s.Port(), strings.Join(limits, "\n  "))
}

// ID is the id of every Campaign.
const ID = "faults"

// People returns n addresses.
func People(n int) []string {
	people := make([]string, n)
	for i := range people {
		people[i] = fmt.Sprintf("p%d@example.com", i)
	}
	return people
}

// Workspace is a campaign's folder, and the state of a user of its own, below Dir.
type Workspace struct {
	Dir    string
	Binary string // the program, as Build made it
}

// NewWorkspace writes the campaign into dir, to be sent to s by the program binary.
func NewWorkspace(dir, binary string, s *Sink, c Campaign) (*Workspace, error) {
	if c.Connections == 0 {
		c.Connections = 8
	}
	w := &Workspace{Dir: dir, Binary: binary}
	limits := append([]string{
		fmt.Sprintf("connections: %d", c.Connections), "retry: {first: 1s, max: 1s, give_up: 48h}",
	}, c.Limits...)
	var list strings.Builder
	list.WriteString("email,n\n")
	for i, address := range c.list() {
		fmt.Fprintf(&list, "%s,%d\n", address, i)
	}
	for name, text := range map[string]string{
		"people.csv":    list.String(),
		"campaign.yaml": c.file(s, limits),
		"body.txt":      "Hello {{.email}}!\n\n" + strings.Repeat(strings.Repeat("x", 71)+"\n", c.Body/72),
	} {
		if err := os.MkdirAll(w.folder(), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(w.folder(), name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *Workspace) folder() string { return filepath.Join(w.Dir, "campaign") }

// State is the path of the campaign's state file.
func (w *Workspace) State() string { return filepath.Join(w.folder(), ".mailshot", "state.db") }

// Accounts is the path of the user's accounts file.
func (w *Workspace) Accounts() string { return filepath.Join(w.Dir, "user", "accounts.db") }

// Command returns a call of the program in the campaign's folder. The caller may set its streams.
func (w *Workspace) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(w.Binary, args...)
	cmd.Dir = w.folder()
	cmd.Env = append(os.Environ(), "MAILSHOT_STATE="+w.State(), "MAILSHOT_ACCOUNTS="+w.Accounts())
	return cmd
}

// Send starts a send of the campaign, or the next part of it.
func (w *Workspace) Send() (*Process, error) {
	return Start(w.Command("send", "--yes", "campaign.yaml"))
}

// Check compares what the sink has with what the ledger says. No program may be running in the workspace.
func (w *Workspace) Check(ctx context.Context, s *Sink) (*Verdict, error) {
	records, err := s.Records()
	if err != nil {
		return nil, err
	}
	return Check(ctx, w.State(), ID, records)
}

// Build makes the program, as it is in this module, in dir, and returns its path. The go command must be on the path,
// and the current folder in the module.
func Build(dir string) (string, error) {
	return build(filepath.Join(dir, "mailshot.exe")) // Windows needs the extension, and other systems do not mind it
}

// build makes the program at path, with more flags for go build.
func build(path string, flags ...string) (string, error) {
	args := append(append([]string{"build", "-o", path}, flags...), "mailshot/cmd/mailshot")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// Process is one run of the program.
type Process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{}
	err            error
}

// Start starts a command. What it writes to streams that the caller has not set is kept for Output.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.stderr
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends the process a signal, unless it has ended.
func (p *Process) Signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Kill ends the process as kill -9 does. When Kill returns, the process is gone, and none of its files and connections
// is open.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails only if there is nothing to kill
	<-p.ended
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the process to end, and returns its exit code, -1 if a signal ended it. The error is that of waiting,
// not of the process.
func (p *Process) Wait() (int, error) {
	<-p.ended
	if e := (*exec.ExitError)(nil); p.err != nil && !errors.As(p.err, &e) {
		return -1, p.err
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// Output waits for the process to end, and returns what it has written to its standard output and error.
func (p *Process) Output() (stdout, stderr string) {
	<-p.ended
	return p.stdout.String(), p.stderr.String()
}
