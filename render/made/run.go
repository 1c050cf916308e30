package made

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mailshot/internal/ellipsis"
	"mailshot/internal/scratch"
	"mailshot/render"
)

// Limits apply to each run of a program.
type Limits struct {
	Dir     string        // the folder that the program works in; absolute
	Home    string        // below which working folders are made; "" = the system's temporary folder
	Timeout time.Duration // default: 30 s
	Most    int64         // bytes of a file; default: 50 MiB
}

// Timeout is how long a program may run if the campaign does not say it.
const Timeout = 30 * time.Second

// Most is how many bytes a program may write.
const Most = 50 << 20

func (l Limits) timeout() time.Duration {
	if l.Timeout > 0 {
		return l.Timeout
	}
	return Timeout
}

func (l Limits) most() int64 {
	if l.Most > 0 {
		return l.Most
	}
	return Most
}

// running is one run of a program.
type running struct {
	Limits
	what, name string // "make" or "print", and the program as people know it
	path       string // of the program
	args       []string
	dir        string // default: Limits.Dir
	work       string // the working folder of this run, which is TMPDIR
}

// run runs a program to its end and returns what it wrote to its standard output. Its standard input is empty. The
// error is a *render.Fault with no place, or the error of ctx. said are the last words of the program, see tail.
func (r running) run(ctx context.Context) (made []byte, said *tail, err error) {
	limited, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	cmd := exec.CommandContext(limited, r.path, r.args...)
	cmd.Dir, cmd.Env = r.dir, environment(os.Environ(), r.work)
	if r.dir == "" {
		cmd.Dir = r.Dir
	}
	killable(cmd)
	cmd.WaitDelay = time.Second // what it leaves running in the background may hold its output open
	out := &output{most: r.most(), full: cancel}
	said = &tail{}
	cmd.Stdout, cmd.Stderr = out, said
	err = cmd.Run()
	if cmd.Process != nil {
		killGroup(cmd)
	}
	switch {
	case ctx.Err() != nil:
		return nil, said, ctx.Err()
	case out.over:
		return nil, said, &render.Fault{Code: "file-too-large", Hint: "it was stopped; does it end by itself?",
			Text: fmt.Sprintf("%s: %s wrote more than %d bytes%s", r.what, r.name, r.most(), said)}
	case limited.Err() != nil:
		return nil, said, &render.Fault{Code: "make-timeout", Hint: "timeout: says how long it may take; it has no standard input",
			Text: fmt.Sprintf("%s: %s did not end within %v, and was stopped%s", r.what, r.name, r.timeout(), said)}
	case err != nil:
		return nil, said, r.failed(err, said)
	}
	return out.kept.Bytes(), said, nil
}

// failed says why a program has made nothing.
func (r running) failed(err error, said *tail) error {
	text := fmt.Sprintf("%s: %s cannot be run: %v", r.what, r.name, bare(err))
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		text = fmt.Sprintf("%s: %s ended with exit code %d", r.what, r.name, ended.ExitCode())
		if ended.ExitCode() < 0 {
			text = fmt.Sprintf("%s: %s was killed (%s)", r.what, r.name, ended.ProcessState)
		}
	} else if errors.Is(err, exec.ErrWaitDelay) {
		text = fmt.Sprintf("%s: %s left a program running that held its output open", r.what, r.name)
	}
	return &render.Fault{Code: "make-failed", Text: text + said.String()}
}

// bare is an error without the path that the caller names.
func bare(err error) error {
	if xe := (*exec.Error)(nil); errors.As(err, &xe) {
		err = xe.Err
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// find returns the path of a program. A name with a slash in it is below dir.
func find(what, name, dir, hint string) (string, error) {
	path := name
	slash := func(r rune) bool { return r < utf8.RuneSelf && os.IsPathSeparator(uint8(r)) } // on Windows \, too
	if strings.ContainsFunc(name, slash) && !filepath.IsAbs(name) {
		path = filepath.Join(dir, filepath.FromSlash(name))
	}
	path, err := exec.LookPath(path)
	if err != nil {
		return "", &render.Fault{Code: "no-program", Hint: hint,
			Text: fmt.Sprintf("%s: there is no program %s: %v", what, ellipsis.Quote(name, 100), bare(err))}
	}
	// cmd.exe reads the arguments of these once more, and no quoting is safe against that.
	ext := strings.ToLower(filepath.Ext(path))
	if runtime.GOOS == "windows" && (ext == ".bat" || ext == ".cmd") {
		return "", &render.Fault{Code: "no-program", Hint: "name the program that it runs",
			Text: fmt.Sprintf("%s: %s is a batch file, to which no cell can be given safely", what, ellipsis.Quote(name, 100))}
	}
	return path, nil
}

// working makes the folder of one run. It is removed when done is called, or by the next run if this process dies.
func (l Limits) working() (dir string, done func(), err error) {
	f, err := scratch.New(l.Home, "make")
	if err == nil {
		if dir, err = filepath.Abs(f.Path); err == nil { // the program works in another folder
			return dir, func() { _ = f.Close() }, nil
		}
		err = errors.Join(err, f.Close())
	}
	return "", nil, fmt.Errorf("a working folder for a program: %w", err)
}

// passed are the variables that a program gets. None of them holds a secret of the user, such as SMTP_PASSWORD.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "SOURCE_DATE_EPOCH", "FONTCONFIG_FILE",
	"FONTCONFIG_PATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS",
	// Windows, where a program does not start without some of them
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME", "APPDATA", "LOCALAPPDATA",
	"PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
}

// environment returns those of the variables all that a program sees, with a folder of its own for its work.
func environment(all []string, work string) (env []string) {
	for _, v := range all {
		name, _, _ := strings.Cut(v, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		if slices.Contains(passed, name) || strings.HasPrefix(name, "LC_") {
			env = append(env, v)
		}
	}
	return append(env, "TMPDIR="+work, "TEMP="+work, "TMP="+work)
}

// output keeps what a program writes, up to a number of bytes.
type output struct {
	kept bytes.Buffer
	most int64
	full func() // called when there is more
	over bool
}

func (o *output) Write(p []byte) (int, error) {
	if o.over || int64(o.kept.Len()+len(p)) > o.most {
		if !o.over {
			o.over = true
			o.kept = bytes.Buffer{}
			o.full()
		}
		return len(p), nil
	}
	return o.kept.Write(p)
}

// tail keeps the last bytes that are written to it.
type tail struct{ kept []byte }

const mostSaid = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	t.kept = append(t.kept, p[max(0, n-mostSaid):]...)
	t.kept = slices.Delete(t.kept, 0, max(0, len(t.kept)-mostSaid))
	return n, nil
}

// String returns the last lines, after a colon and in quotes, with invisible characters escaped; "" if there are none.
func (t *tail) String() string {
	const lines, most = 4, 400
	var last []string
	for line := range strings.Lines(string(t.kept)) {
		if line = strings.TrimSpace(line); line != "" {
			last = append(last, line)
		}
	}
	if len(last) == 0 {
		return ""
	}
	text := []rune(strings.Join(last[max(0, len(last)-lines):], " / "))
	if len(text) > most {
		text = append([]rune("…"), text[len(text)-most+1:]...)
	}
	return ": " + ellipsis.Quote(string(text), most)
}
