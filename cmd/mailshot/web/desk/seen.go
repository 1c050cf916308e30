package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"mailshot/campaign/history"
	"mailshot/campaign/report"
)

// Seen names what a page shows of a campaign's states: no run and no decision since then leaves the name as it is. A
// form that decides carries it, so that nobody decides about what they have not seen.
func Seen(h *history.Campaign, sum report.Summary) string {
	what := fmt.Sprint(h.Kept.Run, " ", h.Kept.Runs, " ", h.ID, " ", sum.Identity(), " ", sum.Hands)
	name := sha256.Sum256([]byte(what))
	return hex.EncodeToString(name[:12])
}
