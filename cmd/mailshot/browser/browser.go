// Package browser opens an address in the person's browser. Call [Open].
package browser

import (
	"os/exec"
	"runtime"
)

// Open has the system open an address. The browser may be one that this begins, with all that its person opens in it
// later: so it is no part of what an interrupt at the terminal ends. An error means that nothing was begun; whether a
// window has come up is for the person to see.
func Open(address string) error {
	switch runtime.GOOS {
	case "darwin":
		return begin("open", address)
	case "windows":
		return begin("rundll32", "url.dll,FileProtocolHandler", address)
	}
	return begin("xdg-open", address)
}

// begin begins a program that is not waited for.
func begin(name string, args ...string) error {
	c := exec.Command(name, args...)
	apart(c)
	if err := c.Start(); err != nil {
		return err
	}
	go func() { _ = c.Wait() }() // what came of it, nobody is told
	return nil
}
