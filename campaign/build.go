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

// build names this build of mailshot, in one word: two builds with one name make the same messages from the same inputs. It is
// the version, with the Go version and the libraries' versions, which make messages too. What was built from a changed checkout
// has no version that says enough, and goes by when it was built.
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

// otherProgram says in words how the messages that are left differ from those planned, where another build of mailshot planned
// them; "" where they do not. A build that makes the same messages is noted, so that they are not all made again on the next resume.
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
		return fmt.Sprintf("mailshot itself (%s makes %d of the %d messages that are left otherwise than %s, which planned them)", is, differ, left, was), nil
	}
	return "", c.ledger.Redefine(ctx, c.id, c.digest(planned.version).String())
}

// remake makes the messages that are left once more and counts those that are not what was planned. One that cannot be made is
// not among them: it is held when its turn comes, with the reason.
func (c *Campaign) remake(ctx context.Context) (differ, left int64, err error) {
	rows := make([]message.Planned, 0, chunk)
	compare := func() error {
		n, err := c.maker.Differing(ctx, rows, c.now())
		differ += n
		left += int64(len(rows))
		rows = rows[:0]
		return err
	}
	for r, err := range c.ledger.Deliveries(ctx, c.id, ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}) {
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
