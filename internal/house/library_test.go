package house

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailshot/internal/sink"
)

// module is a module beside mailshot's. Its go.mod has mailshot by a replace directive.
type module struct{ dir string }

// newModule writes a module with programs, each in a folder of its own. It needs no network: the module cache has what
// mailshot requires, and the checksums are mailshot's.
func newModule(t *testing.T, programs map[string]string) *module {
	t.Helper()
	m := &module{dir: filepath.Join(t.TempDir(), "post")}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go .*$`).FindString(read(t, "go.mod"))
	m.write(t, "go.mod", "module example.com/post\n\n"+version+"\n\n"+
		"require mailshot v0.0.0\n\nreplace mailshot => "+strconv.Quote(here)+"\n")
	m.write(t, "go.sum", read(t, "go.sum"))
	for name, text := range programs {
		m.write(t, name+"/main.go", text)
	}
	return m
}

func (m *module) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run builds one of the programs and runs it in the module's folder, for a new user. It returns standard output.
func (m *module) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	binary := filepath.Join(m.dir, name+".exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-o", binary, "./"+name)
	build.Dir = m.dir
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s does not build: %v\n%s", name, err, out)
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = m.dir, &stdout, &stderr
	accounts := filepath.Join(m.dir, "accounts.db")
	cmd.Env = append(os.Environ(), "MAILSHOT_STATE=", "MAILSHOT_LIMITS=", "MAILSHOT_ACCOUNTS="+accounts)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String()
}

// program reads a program of testdata/library, which must be short.
func program(t *testing.T, name string) map[string]string {
	t.Helper()
	text := read(t, "internal/house/testdata/library/"+name+"/main.go")
	if n := strings.Count(text, "\n"); n > 50 {
		t.Errorf("%s has %d lines: a program that uses the library must be short", name, n)
	}
	return map[string]string{name: text}
}

// server starts a server on loopback. The second result ends the server and returns what it took.
func server(t *testing.T) (*sink.Server, func() []sink.Record) {
	t.Helper()
	var record bytes.Buffer
	s, err := sink.Start(sink.Options{Record: &record})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, func() []sink.Record {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		records, err := sink.ReadRecords(&record)
		if err != nil {
			t.Fatal(err)
		}
		return records
	}
}

const (
	smallCampaign = `id: hello
from: News <news@acme.example>
subject: Hello {{.name}}
recipients: { file: people.csv }
body: { text: body.txt }
server: { host: %s, port: %d, tls: none }
`
	smallList = "email,name\nann@example.com,Ann\nbob@example.com,Bob\ncem@example.com,Cem\n"
	smallBody = "Dear {{.name}}, all is well.\n"
)

// writeCampaign writes a campaign of three people for a server.
func (m *module) writeCampaign(t *testing.T, s *sink.Server) {
	t.Helper()
	m.write(t, "campaign.yaml", fmt.Sprintf(smallCampaign, s.Host(), s.Port()))
	m.write(t, "people.csv", smallList)
	m.write(t, "body.txt", smallBody)
}

// A program of another module sends a campaign in forty lines. A second run of it sends nothing.
func TestLibrarySendsACampaign(t *testing.T) {
	t.Parallel()
	m := newModule(t, program(t, "campaign"))
	s, records := server(t)
	m.writeCampaign(t, s)
	if got := m.run(t, "campaign", "campaign.yaml"); got != "3 of 3 sent\n" {
		t.Errorf("the program says %q", got)
	}
	if got := m.run(t, "campaign", "campaign.yaml"); got != "0 of 0 sent\n" {
		t.Errorf("the second run says %q", got)
	}
	if got := records(); len(got) != 3 || got[0].Subject == got[1].Subject {
		t.Errorf("the server has %+v", got)
	}
}

// A program of another module makes messages and sends none.
func TestLibraryMakesMessages(t *testing.T) {
	t.Parallel()
	got := newModule(t, program(t, "messages")).run(t, "messages")
	for _, want := range []string{"To: Ann@example.com\r\n", "Subject: Hello Ann\r\n", "Subject: Hello Bob\r\n",
		"Dear Bob, all is well.", "Dear <strong>Bob</strong>"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// A program of another module sends ready messages through a pool.
func TestLibrarySendsThroughAPool(t *testing.T) {
	t.Parallel()
	m := newModule(t, program(t, "pool"))
	s, records := server(t)
	lines := strings.Split(strings.TrimSpace(m.run(t, "pool", s.Host(), fmt.Sprint(s.Port()))), "\n")
	if slices.Sort(lines); !slices.Equal(lines, []string{"ann ok", "bob ok", "cem ok"}) {
		t.Errorf("the program says %q", lines)
	}
	if got := records(); len(got) != 3 {
		t.Errorf("the server has %+v", got)
	}
}

// readmeFrame is the program around the README's snippet.
const readmeFrame = `package main

import (
	"context"
	"log"

	"mailshot/campaign"
	"mailshot/campaign/definition"
)

func main() {
	if err := send(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func send(ctx context.Context) error {
	%s
	log.Print(sum.Sent)
	return err
}
`

// The README's snippet is short, and sends a campaign.
func TestReadmeSnippet(t *testing.T) {
	t.Parallel()
	_, section, ok := strings.Cut(read(t, "README.md"), "\n## As a library\n")
	if !ok {
		t.Fatal("README.md does not say how to use the library")
	}
	_, code, _ := strings.Cut(section, "```go\n")
	code, _, ok = strings.Cut(code, "```")
	if n := strings.Count(code, "\n"); !ok || n > 15 {
		t.Fatalf("README.md's snippet has %d lines", n)
	}
	m := newModule(t, map[string]string{"readme": fmt.Sprintf(readmeFrame, code)})
	s, records := server(t)
	m.writeCampaign(t, s)
	m.run(t, "readme")
	if got := records(); len(got) != 3 {
		t.Errorf("the server has %+v", got)
	}
}
