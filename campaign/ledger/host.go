package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"

	"mailshot/internal/machine"
)

// Host is a machine, so that a campaign's folder that was copied to another one is noticed.
type Host struct {
	ID   string // tells machines apart; "" is not known
	Name string // for people
}

// ThisHost is the machine that the program runs on: what MAILSHOT_HOST names, for machines whose own marks change with each start,
// such as containers; else the system's number for it, of which only a hash is kept; else its name.
func ThisHost() Host {
	h := Host{Name: machine.Name()}
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
	mac := hmac.New(sha256.New, []byte(mark)) // the number itself is nobody's business: machine-id(5)
	mac.Write([]byte("mailshot state"))
	h.ID = hex.EncodeToString(mac.Sum(nil)[:12])
	return h
}
