// Package host names the machine that a ledger is used on: [This].
package host

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"

	"mailshot/campaign/ledger"
	"mailshot/internal/machine"
)

// This is the machine that the program runs on. It is told by MAILSHOT_HOST, which is for machines whose own
// numbers change with each start, such as containers; else by the system's number for the machine, of which only a hash
// is kept; else by its name.
func This() ledger.Host {
	h := ledger.Host{Name: machine.Name()}
	mark := machine.Number()
	if name := os.Getenv("MAILSHOT_HOST"); name != "" {
		h.Name, mark = name, "MAILSHOT_HOST="+name
	}
	if mark == "" {
		mark = h.Name
	}
	if mark == "" {
		return h
	}
	mac := hmac.New(sha256.New, []byte(mark)) // machine-id(5) asks that the number itself is kept confidential
	mac.Write([]byte("mailshot state"))
	h.ID = hex.EncodeToString(mac.Sum(nil)[:12])
	return h
}
