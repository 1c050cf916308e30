package accounts

import (
	"context"
	"database/sql"

	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// Examine looks through the accounts file at path as Examine does, for what SQLite finds.
func Examine(ctx context.Context, path string) ([]statefile.Fault, error) {
	return sqlite.Examine(ctx, path, versions, func(context.Context, *sql.DB) ([]statefile.Fault, error) { return nil, nil })
}
