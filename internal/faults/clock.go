package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ClockVariable is the environment variable that sets the wall clock of a program made by BuildMovable off: so many
// seconds, or "SECONDS@MILLISECONDS" for a clock that is set so long after the program's start. The monotonic clock
// goes on as it is.
const ClockVariable = "FAULTS_CLOCK"

// now is how time.Now begins in the Go that this was written for.
const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"

// moved is what BuildMovable adds to package time.
const moved = `
var faultsBegan = runtimeNano()

var faultsShift, faultsAfter = faultsClock()

func faultsClock() (shift, after int64) {
	text, _ := syscall.Getenv("` + ClockVariable + `")
	sign, n := int64(1), int64(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '-':
			sign = -1
		case c == '@':
			shift, n, sign = sign*n, 0, 1
			faultsAt = true
		default:
			n = 10*n + int64(c-'0')
		}
	}
	if faultsAt {
		return shift, n * 1000000
	}
	return sign * n, 0
}

var faultsAt bool
`

// BuildMovable makes the program as Build does, but with a wall clock that ClockVariable moves: the package time of the
// Go that builds it is overlaid. The error is that of an unknown Go, too.
func BuildMovable(dir string) (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	if strings.Count(string(text), now) != 1 {
		return "", fmt.Errorf("%s: time.Now does not begin as it is known to", source)
	}
	changed := strings.Replace(string(text), now, now+
		"\tif faultsShift != 0 && mono-faultsBegan >= faultsAfter {\n\t\tsec += faultsShift\n\t}\n", 1) + moved
	if !strings.Contains(changed, `"syscall"`) {
		changed = strings.Replace(changed, "import (\n", "import (\n\t\"syscall\"\n", 1)
	}
	overlaid := filepath.Join(dir, "time.go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: overlaid}})
	if err != nil {
		return "", err
	}
	for path, text := range map[string]string{overlaid: changed, filepath.Join(dir, "overlay.json"): string(overlay)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return build(filepath.Join(dir, "movable.exe"), "-overlay", filepath.Join(dir, "overlay.json"))
}
