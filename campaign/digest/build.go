package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Build names this build of mailshot in one word. Two builds with one name make the same messages from the same inputs.
// The name is the version, with those of Go and of the libraries, which make messages too. The version of a build from
// a changed checkout does not say enough, so its name has the time when it was built.
func Build() string {
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
