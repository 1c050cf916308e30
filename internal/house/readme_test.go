package house

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
	"mailshot/templates"
)

const root = "../.."

// house is a copy of the repository with a user of its own: home, state and binary lie in temporary folders.
type house struct {
	dir, binary string
	env         []string
}

// build copies the repository, without what earlier runs left in it, and builds mailshot from the copy.
func build(t *testing.T) *house {
	t.Helper()
	top := t.TempDir()
	h := &house{dir: filepath.Join(top, "mailshot"), binary: filepath.Join(top, "built.exe")}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case e.IsDir() && (e.Name() == ".git" || e.Name() == ".mailshot"):
			return fs.SkipDir
		case e.IsDir():
			return os.MkdirAll(filepath.Join(h.dir, rel), 0o700)
		case !e.Type().IsRegular() || rel == "mailshot":
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(h.dir, rel), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	// The user is new; Go's caches are not.
	h.env = append(os.Environ(), "HOME="+filepath.Join(top, "home"), "XDG_STATE_HOME="+filepath.Join(top, "state"),
		"XDG_CONFIG_HOME="+filepath.Join(top, "config"),
		"LOCALAPPDATA="+filepath.Join(top, "state"), "MAILSHOT_STATE=", "MAILSHOT_ACCOUNTS=")
	for _, name := range []string{"GOENV", "GOCACHE", "GOMODCACHE", "GOPATH", "GOFLAGS"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		h.env = append(h.env, name+"="+strings.TrimSpace(string(out)))
	}
	h.must(t, nil, "go", "build", "-o", h.binary, "./cmd/mailshot")
	return h
}

// must runs a command in the copy, which has to end with exit code 0. It returns standard output.
func (h *house) must(t *testing.T, stdin io.Reader, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = h.dir, h.env, stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String()
}

// files returns the digest of every file of the copy.
func (h *house) files(t *testing.T) map[string][32]byte {
	t.Helper()
	sums := make(map[string][32]byte)
	err := fs.WalkDir(os.DirFS(h.dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(h.dir, filepath.FromSlash(name)))
		sums[name] = sha256.Sum256(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// commands are the lines of a document's ```sh blocks.
func commands(t *testing.T, document string) []string {
	t.Helper()
	var lines []string
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(read(t, document), -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(lines) == 0 {
		t.Fatalf("%s has no commands", document)
	}
	return lines
}

// Every command of the README but `go test` does what the README says for a new user, in the README's order, and leaves
// nothing in the tree but what the README says. The test does two things itself: it puts a sink into the campaign file
// where the README says "put your server", and adds --yes, because there is no person at the terminal.
func TestReadme(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("no sh on this machine: the README's commands were not run")
	}
	h := build(t)
	var record bytes.Buffer
	server, err := sink.Start(sink.Options{Username: "news@acme.example", Password: "secret", Record: &record})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	before := h.files(t)

	lines := commands(t, "README.md")
	output := make(map[string]string)
	run := func(line string) {
		t.Helper()
		output[line] = h.must(t, nil, shell, "-c", line)
	}
	newsletter := func() {
		t.Helper()
		run(lines[0])
		if got := output[lines[0]]; !strings.HasPrefix(got, "200 rows = ") || !strings.Contains(got, " 200 sent ") ||
			len(regexp.MustCompile(`[1-9]\d* [a-z_]+`).FindAllString(got, -1)) != 2 {
			t.Errorf("%s ends with\n%s\nwant 200 sent and nothing else", lines[0], got)
		}
	}
	newsletter()
	newsletter()
	for _, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "go test"):
		case strings.HasPrefix(line, "export "):
			name, _, _ := strings.Cut(strings.TrimPrefix(line, "export "), "=")
			h.env = append(h.env, name+"=secret")
			h.serve(t, "hello/campaign.yaml", server)
		case strings.HasPrefix(line, "./mailshot send ") && !strings.Contains(line, " --yes"):
			run(line + " --yes")
		default:
			run(line)
		}
	}
	for _, line := range commands(t, "examples/README.md") {
		run(line)
	}

	// The server got one message to oneself, then one to each person of the starter's list.
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	records, err := sink.ReadRecords(&record)
	if err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, r := range records {
		to = append(to, r.To...)
	}
	if len(to) != len(records) || len(to) < 3 || to[0] != "you@example.com" || slices.Contains(to[1:], "you@example.com") {
		t.Errorf("the server got %v, want the rehearsal, then the list", to)
	}
	for line, got := range output {
		if strings.HasPrefix(line, "./mailshot status") && !strings.Contains(got, fmt.Sprintf("%d sent", len(to)-1)) {
			t.Errorf("%s says\n%s\nwant %d sent", line, got, len(to)-1)
		}
	}
	made := regexp.MustCompile(`^(mailshot|(results|people-sent)\.xlsx|hello/.*|hello-preview/.*|(.*/)?\.mailshot/.*)$`)
	after := h.files(t)
	for name, sum := range before {
		if after[name] != sum {
			t.Errorf("%s is not what it was", name)
		}
	}
	for name := range after {
		if _, old := before[name]; !old && !made.MatchString(name) {
			t.Errorf("%s was left behind", name)
		}
	}
	for _, name := range []string{"mailshot", "results.xlsx", "hello/campaign.yaml"} {
		if _, ok := after[name]; !ok {
			t.Errorf("no %s was made", name)
		}
	}
	// "One static binary" is true of what the README's command makes: it asks for no interpreter, that is no library.
	if runtime.GOOS == "linux" {
		made, err := elf.Open(filepath.Join(h.dir, "mailshot"))
		if err != nil {
			t.Fatal(err)
		}
		defer made.Close()
		if libraries, _ := made.ImportedLibraries(); len(libraries) > 0 || made.Section(".interp") != nil {
			t.Errorf("the README's command makes a program that needs the libraries %v", libraries)
		}
	}
}

// A server as the README writes it for people who copy it into the campaign file passes check.
func TestReadmeServers(t *testing.T) {
	t.Parallel()
	h := build(t)
	servers := regexp.MustCompile("(?m)^- `(server: \\{.*\\})`").FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(servers) != 3 {
		t.Fatalf("README.md shows %d servers", len(servers))
	}
	for i, server := range servers {
		dir := fmt.Sprintf("server%d", i)
		h.must(t, nil, h.binary, "init", "newsletter", dir)
		name := filepath.Join(h.dir, dir, "campaign.yaml")
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, ok := strings.Cut(string(b), "\nserver:\n")
		_, after, ok2 := strings.Cut(rest, "\nlimits:\n")
		if !ok || !ok2 {
			t.Fatalf("the starter has no server and limits:\n%s", b)
		}
		line := strings.Replace(server[1], "username: …, password: …", "username: me, password: {env: P}", 1)
		if err := os.WriteFile(name, []byte(before+"\n"+line+"\n\nlimits:\n"+after), 0o600); err != nil {
			t.Fatal(err)
		}
		h.must(t, nil, h.binary, "check", dir)
	}
}

// serve puts a server into a campaign file, as a person does.
func (h *house) serve(t *testing.T, file string, s *sink.Server) {
	t.Helper()
	name := filepath.Join(h.dir, filepath.FromSlash(file))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	host, port := regexp.MustCompile(`(?m)^  host: .*$`), regexp.MustCompile(`(?m)^  port: .*$`)
	if !host.Match(b) || !port.Match(b) {
		t.Fatalf("%s names no server", file)
	}
	b = host.ReplaceAll(b, []byte("  host: "+s.Host()))
	b = port.ReplaceAll(b, fmt.Appendf(nil, "  port: %d\n  tls: none", s.Port()))
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every starter that `init` writes, and every example, passes `check` at once and without a warning, once the password
// is set.
func TestStartersAndExamplesPassCheck(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.env = append(h.env, "SMTP_PASSWORD=of-the-test")
	check := func(dir, stdin string) {
		t.Helper()
		var list io.Reader
		if stdin != "" {
			b, err := os.ReadFile(filepath.Join(h.dir, dir, stdin))
			if err != nil {
				t.Fatal(err)
			}
			list = bytes.NewReader(b)
		}
		if out := h.must(t, list, h.binary, "check", "--json",
			dir); !regexp.MustCompile(`"findings": (\[\]|null)`).MatchString(out) {
			t.Errorf("check %s:\n%s", dir, out)
		}
	}
	for _, kind := range templates.Starters() {
		h.must(t, nil, h.binary, "init", kind, "started/"+kind)
		check("started/"+kind, "")
	}
	campaigns, err := filepath.Glob(filepath.Join(h.dir, "examples", "*", "campaign.yaml"))
	if err != nil || len(campaigns) < 3 {
		t.Fatalf("%d examples, %v", len(campaigns), err)
	}
	for _, file := range campaigns {
		name, stdin := filepath.Base(filepath.Dir(file)), ""
		if name == "notice" {
			stdin = "affected.csv"
		}
		check("examples/"+name, stdin)
	}
}

// column returns the first column of the table whose first heading is head, without the backquotes.
func column(t *testing.T, document, head string) []string {
	t.Helper()
	_, table, ok := strings.Cut(read(t, document), "\n| "+head+" |")
	if !ok {
		t.Fatalf("%s has no table of %ss", document, head)
	}
	var cells []string
	for _, line := range strings.Split(table, "\n")[2:] {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		cell, _, _ := strings.Cut(line[2:], " |")
		cells = append(cells, strings.Trim(cell, "`"))
	}
	return cells
}

// The README's states are the ledger's, each once, and its identity is the one that status prints.
func TestReadmeStates(t *testing.T) {
	t.Parallel()
	var want []string
	for _, s := range ledger.States() {
		want = append(want, string(s))
	}
	if identity := "rows = " + strings.Join(want, " + "); !strings.Contains(read(t, "README.md"), "\n"+identity+"\n") {
		t.Errorf("README.md does not have the identity %s", identity)
	}
	got := column(t, "README.md", "state")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("README.md's states are\n%v, the ledger's\n%v", got, want)
	}
}

// The README's exit codes are those of the code, in the order in which the first that holds is given.
func TestReadmeExitCodes(t *testing.T) {
	t.Parallel()
	got := column(t, "README.md", "code")
	want := []string{"0"}
	for _, dir := range []string{"cmd/mailshot", "campaign"} {
		want = append(want, exitCodes(t, dir)...)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, want) {
		t.Errorf("README.md's exit codes are %v, the code's %v", sorted, want)
	}

	// At first every code's condition holds; then one after the other no longer does. The codes of a call that never ran
	// remain.
	var order []string
	s := &campaign.Summary{Result: dispatch.Result{Interrupted: 2, Failed: true}, Left: 1,
		Counts: map[string]int64{"unknown": 1, "refused": 1}}
	for _, end := range []func(){
		func() { s.Interrupted = 1 }, func() { s.Failed = false }, func() { s.Left = 0 },
		func() { s.Counts["unknown"] = 0 }, func() { s.Counts["refused"] = 0 }, func() {},
	} {
		order = append(order, fmt.Sprint(s.ExitCode()))
		end()
	}
	ran := slices.DeleteFunc(slices.Clone(got), func(code string) bool { return code == "2" || code == "3" })
	if !slices.Equal(ran, order) {
		t.Errorf("README.md has the exit codes of a run in the order %v, the code in %v", ran, order)
	}
}

// exitCodes returns the values of a package's constants whose names begin with exit.
func exitCodes(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				for i, ident := range value.Names {
					if !strings.HasPrefix(ident.Name, "exit") {
						continue
					}
					number, ok := value.Values[i].(*ast.BasicLit)
					if !ok {
						t.Fatalf("%s: %s is not a number", name, ident.Name)
					}
					codes = append(codes, constant.MakeFromLiteral(number.Value, number.Kind, 0).String())
				}
			}
		}
	}
	if len(codes) == 0 {
		t.Fatalf("%s has no exit codes: the test looks at nothing", dir)
	}
	return codes
}
