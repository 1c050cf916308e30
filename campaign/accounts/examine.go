package accounts

import (
	"context"

	"mailshot/campaign/accounts/internal/schema"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// Examine looks through the accounts file at path: whether SQLite finds its pages, rows and indexes in order. If it
// returns no fault and no error, the file can be relied on. An error says that the file could not be looked at, and is
// a *statefile.Error if the file is the cause.
func Examine(ctx context.Context, path string) ([]statefile.Fault, error) {
	return sqlite.Examine(ctx, path, use, schema.Versions, nil)
}
