#!/usr/bin/env bash
# Makes what commit 96ed1e6 left behind, the last one whose plans have no version of their digests:
#
#   digests.txt                     the digest of each campaign file here
#   state.db.gz and accounts.db.gz  of campaign.yaml, after two of its five messages were sent
#
#   git worktree add /tmp/old 96ed1e6
#   campaign/testdata/digests/generate.sh /tmp/old
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
old=$1
work=$(mktemp -d)
trap 'kill $sink 2>/dev/null || true; rm -rf "$work" "$old/campaign/generate_test.go"' EXIT

cat >"$old/campaign/generate_test.go" <<'GO'
package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/definition"
)

func TestGenerate(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(os.Getenv("FOLDER"), "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, file := range files {
		d, err := definition.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		c := &Campaign{def: d, id: d.ID, secret: []byte("secret")}
		text, _, _ := strings.Cut(c.definitionDigest(), programPart)
		fmt.Fprintf(&out, "%s: %s\n", filepath.Base(file), strings.TrimSpace(text))
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("FOLDER"), "digests.txt"), []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
GO
(cd "$old" && FOLDER=$here go test -count=1 -run 'TestGenerate$' ./campaign && go build -o "$work/mailshot" ./cmd/mailshot)

cp "$here"/{campaign.yaml,north.csv,south.csv,notice.txt,bill.txt} "$work"
cd "$work"
export MAILSHOT_ACCOUNTS=$work/user/accounts.db
./mailshot sink --listen 127.0.0.1:0 >address 2>said &
sink=$!
until [ -s address ]; do sleep 0.1; done
sed -i "s/port: 2525/port: $(sed 's/.*://' address)/" campaign.yaml
./mailshot send --yes --limit 2 campaign.yaml
./mailshot status campaign.yaml && ./mailshot suppress list # each folds its log into the file
gzip -9nc .mailshot/state.db >"$here/state.db.gz"
gzip -9nc user/accounts.db >"$here/accounts.db.gz"
ls -l "$here"
