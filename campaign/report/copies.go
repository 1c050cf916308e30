package report

import (
	"fmt"
	"strings"
)

// Copy is somebody who was to get a copy of a row's message, in the last attempt.
type Copy struct {
	Address  string `json:"address,omitempty"` // "" of somebody who was forgotten
	Kind     string `json:"kind"`              // cc or bcc
	Accepted bool   `json:"accepted"`          // the server took the message for them, too
	Stage    string `json:"stage,omitempty"`
	Code     int    `json:"code,omitempty"` // 0 without a reply: text says why
	Enhanced string `json:"enhanced,omitempty"`
	Text     string `json:"text,omitempty"`
}

// words say what became of one copy.
func (c Copy) words() string {
	who := c.Address
	if who == "" {
		who = "somebody who was forgotten"
	}
	if c.Accepted {
		return who + ": taken"
	}
	return who + ": " + Row{Code: c.Code, Enhanced: c.Enhanced, Text: c.Text}.Why()
}

// CopyWords say what became of the copies: how many the server took, and each that it did not take; "" if there are
// none. They are safe to print.
func CopyWords(all []Copy) string {
	if len(all) == 0 {
		return ""
	}
	taken, others := 0, []string(nil)
	for _, c := range all {
		if c.Accepted {
			taken++
		} else {
			others = append(others, c.words())
		}
	}
	words := fmt.Sprintf("copies: %d of %d taken", taken, len(all))
	return Clean(strings.Join(append([]string{words}, others...), "; "))
}

// cell says what became of each copy.
func cell(all []Copy) string {
	var each []string
	for _, c := range all {
		each = append(each, c.words())
	}
	return Defuse(strings.Join(each, "; "))
}

// SentCopies is what became of the copies that a run was to put into Sent folders. Only a send has them: no ledger does.
type SentCopies struct {
	Folders []string `json:"folders"` // as URLs
	Filed   int64    `json:"filed"`
	Failed  int64    `json:"failed"` // of some of these nobody knows whether they are in the folder
}

// Any says whether there were to be copies.
func (c SentCopies) Any() bool { return c.Filed+c.Failed > 0 }

// Words say what became of them; "" if there were to be none.
func (c SentCopies) Words() string {
	if !c.Any() {
		return ""
	}
	folder := Clean(strings.Join(c.Folders, " and "))
	if c.Failed == 0 {
		return fmt.Sprintf("copies: %d in %s", c.Filed, folder)
	}
	return fmt.Sprintf("copies: %d in %s; %d not, or nobody knows", c.Filed, folder, c.Failed)
}

// Copies is how many copies of the rows' last attempts there are.
type Copies struct {
	Accepted int64 `json:"accepted"`
	Others   int64 `json:"not_accepted"`
}

// Any says whether there are copies.
func (c Copies) Any() bool { return c.Accepted+c.Others > 0 }

// line is what a summary says of them.
func (c Copies) line() string {
	if c.Others == 0 {
		return fmt.Sprintf("copies (cc and bcc): %d taken", c.Accepted)
	}
	return fmt.Sprintf("copies (cc and bcc): %d taken, %d not; report --csv FILE says which", c.Accepted, c.Others)
}
