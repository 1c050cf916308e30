package main

import (
	"mailshot/campaign/check/codes"
	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/guide"
	"mailshot/internal/mailbox"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/templates"
)

// typed are the values that a shell can complete; the words are those of the commands' use lines and flags.
func typed() guide.Values {
	states := ledger.States()
	v := guide.Values{
		"STEP": sender.ProbeSteps(), "DECISION": {"sent", "refused", "resend"},
		"--hidden": {"ask", "include", "skip"}, "--addresses": {"strict", "lenient"},
		"--tls": {"implicit", "starttls", "none"}, "sink --format": mailbox.Formats(),
		"preview --format": append(mailbox.Formats(), "html"), "LANGUAGE": templates.StarterLanguages(),
	}
	for _, s := range states {
		v["STATES"] = append(v["STATES"], string(s))
	}
	for _, p := range reply.Presets() {
		v["ID"] = append(v["ID"], p.ID)
	}
	for _, c := range codes.All() {
		v["CODE"] = append(v["CODE"], c.Code)
	}
	v["--provider"] = v["ID"]
	v["--id"] = []string{} // a campaign's, not a provider's
	return v
}
