package ledger

import (
	"mailshot/campaign/ledger/internal/cc"
)

// Copied is the recipient of a copy of a message, and what the server said about them.
type Copied struct {
	Address, AddressKey   string // "" of somebody who was forgotten
	Blind                 bool   // by bcc
	Accepted              bool   // the server took the message for this recipient too
	Code                  int    // 0: no whole reply, or nobody was asked; Text says why
	Stage, Enhanced, Text string
}

func forFile(list []Copied) (stored []cc.Recipient) {
	for _, c := range list {
		stored = append(stored, cc.Recipient(c))
	}
	return stored
}

func fromFile(stored []cc.Recipient) (list []Copied) {
	for _, c := range stored {
		list = append(list, Copied(c))
	}
	return list
}
