// Package machine says on which machine the program runs and for whom: [Number] and [Name] are the machine's, [User] is
// the person's, and [Boot] is how long the machine has been running.
package machine

import (
	"os"
	"os/user"
	"strings"
)

// Name is the machine's name, "" when it has none.
func Name() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// User is who runs the program.
func User() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	// Windows puts the computer's name in front.
	return u.Username[strings.LastIndex(u.Username, `\`)+1:]
}
