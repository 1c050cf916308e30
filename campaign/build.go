package campaign

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
)

// build names this build of mailshot in one word. Two builds with one name make the same messages from the same inputs.
// The name is the version, with those of Go and of the libraries, which make messages too. The version of a build from
// a changed checkout does not say enough, so its name has the time when it was built.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version())
	for _, d := range info.Deps {
		fmt.Fprintln(h, d.Path, d.Version, d.Sum, d.Replace)
	}
	version := info.Main.Version
	if version == "" || version == "(devel)" || strings.Contains(version, "+dirty") {
		version = "devel"
		if self, err := os.Executable(); err == nil {
			if file, err := os.Stat(self); err == nil {
				version += file.ModTime().UTC().Format("-20060102T150405.000000000")
			}
		}
	}
	return version + "/" + hex.EncodeToString(h.Sum(nil)[:4])
}

// otherProgram says in words how the messages that are left differ from those that another build of mailshot planned.
// It returns "" if they do not. A build that makes the same messages is noted, so that the next resume does not make
// all of them again.
func (c *Campaign) otherProgram(ctx context.Context) (string, error) {
	planned, is := parseDigest(c.frozen.Definition), build()
	was := cmp.Or(planned.build, "an older version")
	if was == is {
		return "", nil
	}
	differ, left, err := c.remake(ctx)
	if err != nil || left == 0 {
		return "", err
	}
	if differ > 0 {
		return fmt.Sprintf("mailshot itself (%s makes %d of the %d messages that are left otherwise than %s, "+
			"which planned them)", is, differ, left, was), nil
	}
	return "", c.ledger.Redefine(ctx, c.id, c.digest(planned.version).String())
}

// remake makes the messages that are left once more, and counts those that are not what was planned. A message that
// cannot be made does not count: it is held when its turn comes, with the reason.
func (c *Campaign) remake(ctx context.Context) (differ, left int64, err error) {
	rows := make([]message.Planned, 0, chunk)
	compare := func() error {
		n, err := c.maker.Differing(ctx, rows, c.now())
		differ += n
		left += int64(len(rows))
		rows = rows[:0]
		return err
	}
	unsent := ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}
	for r, err := range c.ledger.Deliveries(ctx, c.id, unsent) {
		if err != nil {
			return 0, 0, err
		}
		rows = append(rows, message.Planned{Place: r.Place, Number: r.Number, Fields: r.Fields, Digest: r.Digest})
		if len(rows) == chunk {
			if err := compare(); err != nil {
				return 0, 0, err
			}
		}
	}
	return differ, left, compare()
}
