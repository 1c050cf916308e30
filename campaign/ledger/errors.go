package ledger

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound says that the ledger has no frozen campaign with this id.
	ErrNotFound = errors.New("no such campaign in the ledger")
	// ErrFrozen says that a campaign with this id is planned already. A changed list goes through Replan.
	ErrFrozen = errors.New("campaign is already planned")
	// ErrNotLocked says that Run was called without holding the campaign's lock.
	ErrNotLocked = errors.New("campaign is not locked by this ledger")
	// ErrTakeLost says that some of what the ledger kept for Take was lost, in a repair or with the campaign's people.
	ErrTakeLost = errors.New("some of what was kept of who gets which message is lost")
	// ErrState says that what was asked for is not allowed from the state that a delivery is in.
	ErrState = errors.New("not allowed from the delivery's state")
)

// LockedError says that another process works on the campaign.
type LockedError struct {
	ID  string // the campaign
	PID int    // the process that holds the lock, 0 when it cannot be told
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("campaign %q is in use by another process", e.ID)
	}
	return fmt.Sprintf("campaign %q is in use by process %d", e.ID, e.PID)
}

// ErasedError says that a changed list has keys that the campaign does not know, and that some of them may be those
// of people whom the ledger knows no more. They were forgotten, and what is left of them was hashed with another
// secret than that of the accounts now; or their rows were lost in a repair or with an older ledger.
type ErasedError struct {
	ID   string
	Keys int64 // how many there are; 0: rows were lost, so that no new ones are taken
}

func (e *ErasedError) Error() string {
	if e.Keys == 0 {
		return fmt.Sprintf("campaign %s takes no changes: rows were lost from its ledger, in a repair or because it took "+
			"another one's place, so that new rows cannot be told from people who were mailed", e.ID)
	}
	return fmt.Sprintf("the changed list has rows that campaign %s does not know (%d), and people were erased from it "+
		"with another accounts.db: with this one nobody can tell them from new people, and they would be mailed again",
		e.ID, e.Keys)
}

// SuppressedError says that Begin found the recipient on the suppression list. The delivery is suppressed now.
type SuppressedError struct {
	AddressKey string
	Reason     string
}

func (e *SuppressedError) Error() string {
	return fmt.Sprintf("%s is suppressed: %s", e.AddressKey, e.Reason)
}
