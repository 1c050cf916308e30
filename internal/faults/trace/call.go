package trace

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Calls are the system calls to be traced, as strace's option -e trace wants them.
const Calls = "openat,open,creat,read,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync," +
	"rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,truncate,ftruncate,fallocate," +
	"copy_file_range,sendfile,close,mkdir,mkdirat,sendto,sendmsg,recvfrom,recvmsg,dup,dup2,dup3,mmap"

// Strace is the command line that runs a program so that Read can read what it did from the file.
func Strace(file string, program ...string) []string {
	return append([]string{"strace", "-f", "--seccomp-bpf", "-o", file, "-e", "trace=" + Calls, "-s", "1000000",
		"-xx", "-y", "-ttt", "--"}, program...)
}

// Call is one system call.
type Call struct {
	Name string
	// Args are the arguments as strace wrote them.
	Args []string
	// Begin and End are places in the trace; End is Never where the program ended first.
	Begin, End int
	// Result is what it gave, -1 for an error, and File what strace says of a result that is a file.
	Result int64
	File   string
}

// Never is a place behind every trace.
const Never = int(^uint(0) >> 1)

// Read reads a trace that was made as Strace says. Places count on from the one given, so that traces of runs that
// follow each other can be put together.
func Read(r io.Reader, from int) ([]Call, error) {
	var calls []Call
	type half struct {
		text  string
		begin int
	}
	unfinished := map[string]half{} // by thread
	in := bufio.NewReaderSize(r, 1<<20)
	place := from
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		if err == io.EOF && line == "" {
			break
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		place += 2
		thread, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		_, text, _ := strings.Cut(strings.TrimLeft(rest, " "), " ") // the time
		switch {
		case strings.HasPrefix(text, "---"), strings.HasPrefix(text, "+++"), text == "":
			continue
		case strings.HasSuffix(text, "<unfinished ...>"):
			unfinished[thread] = half{strings.TrimRight(strings.TrimSuffix(text, "<unfinished ...>"), " "), place}
			continue
		}
		begin := place
		if _, resumed, ok := strings.Cut(text, " resumed>"); ok && strings.HasPrefix(text, "<... ") {
			h, ok := unfinished[thread]
			if !ok {
				return nil, fmt.Errorf("trace:%d: a call goes on that has not begun", n)
			}
			delete(unfinished, thread)
			text, begin = h.text+resumed, h.begin
		}
		c, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("trace:%d: %w", n, err)
		}
		c.Begin, c.End = begin, place+1
		calls = append(calls, c)
	}
	for _, h := range unfinished {
		c, err := parse(strings.TrimSuffix(h.text, ",") + ") = ?")
		if err != nil {
			return nil, fmt.Errorf("trace: a call without an end: %w", err)
		}
		c.Begin, c.End = h.begin, Never
		calls = append(calls, c)
	}
	return calls, nil
}

// parse reads "name(arg, arg) = result".
func parse(text string) (Call, error) {
	var c Call
	at := strings.LastIndex(text, " = ")
	name, args, ok := strings.Cut(text[:max(at, 0)], "(")
	args = strings.TrimRight(args, " ")
	if !ok || !strings.HasSuffix(args, ")") {
		return c, fmt.Errorf("no call: %.80q", text)
	}
	// Data is in hexadecimal: there is no comma in it.
	c.Name, c.Args = name, strings.Split(strings.TrimSuffix(args, ")"), ", ")
	result, _, _ := strings.Cut(text[at+3:], " ")
	number, file, _ := strings.Cut(result, "<")
	c.File = file
	if number == "?" {
		c.Result = -1
		return c, nil
	}
	var err error
	if c.Result, err = strconv.ParseInt(number, 0, 64); errors.Is(err, strconv.ErrRange) {
		err = nil // an address
	}
	return c, err
}

// plain decodes "\x41\x42", with or without quotes.
func plain(s string) (string, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(s, `"`), `\x`, ""))
	return string(b), err
}

// fd is the number and the path of an argument that is an open file: 8<\x2f...>.
func (c Call) fd(i int) (number int, path string, err error) {
	if i >= len(c.Args) {
		return 0, "", fmt.Errorf("%s: no argument %d", c.Name, i)
	}
	digits, rest, ok := strings.Cut(c.Args[i], "<")
	if !ok {
		return -1, "", nil // not open, or no file
	}
	if digits == "AT_FDCWD" {
		digits = "-100"
	}
	if number, err = strconv.Atoi(digits); err != nil {
		return 0, "", err
	}
	rest, _, _ = strings.Cut(rest, ">")
	path, err = plain(rest)
	return number, path, err
}

// Path is that of the open file which the call is about, "" where there is none.
func (c Call) Path() string {
	_, path, err := c.fd(0)
	if err != nil {
		return ""
	}
	return path
}

// path is the name in argument i, below the folder in argument dir where that is not -1.
func (c Call) path(dir, i int) (string, error) {
	if i >= len(c.Args) {
		return "", fmt.Errorf("%s: no argument %d", c.Name, i)
	}
	name, err := plain(c.Args[i])
	if err != nil || filepath.IsAbs(name) || dir < 0 {
		return name, err
	}
	_, at, err := c.fd(dir)
	return filepath.Join(at, name), err
}

// data is all the bytes in the arguments, of which the call has taken or given as many as it says. One that has not
// ended may have taken all.
func (c Call) data() ([]byte, error) {
	var data []byte
	for _, arg := range c.Args {
		_, rest, ok := strings.Cut(arg, `"`)
		for ok {
			var text string
			text, rest, _ = strings.Cut(rest, `"`)
			if strings.HasPrefix(rest, "...") {
				return nil, fmt.Errorf("%s: strace has cut the bytes off", c.Name)
			}
			b, err := plain(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			data = append(data, b...)
			_, rest, ok = strings.Cut(rest, `"`)
		}
	}
	if c.End == Never {
		return data, nil
	}
	return data[:min(max(c.Result, 0), int64(len(data)))], nil
}

// number is argument i.
func (c Call) number(i int) (int64, error) {
	if i >= len(c.Args) {
		return 0, fmt.Errorf("%s: no argument %d", c.Name, i)
	}
	return strconv.ParseInt(c.Args[i], 0, 64)
}

// failed reports whether the call ended and changed nothing.
func (c Call) failed() bool { return c.End != Never && c.Result < 0 }

// Step is the beginning or the end of a call.
type Step struct {
	Place int
	Call  *Call
	Ends  bool
}

// Steps are the beginnings and ends of all calls, in order.
func Steps(calls []Call) []Step {
	steps := make([]Step, 0, 2*len(calls))
	for i := range calls {
		c := &calls[i]
		steps = append(steps, Step{c.Begin, c, false})
		if c.End != Never {
			steps = append(steps, Step{c.End, c, true})
		}
	}
	slices.SortFunc(steps, func(a, b Step) int { return cmp.Compare(a.Place, b.Place) })
	return steps
}
