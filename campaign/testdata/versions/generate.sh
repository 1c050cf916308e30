#!/usr/bin/env bash
# Makes NAME.state.db.gz and NAME.accounts.db.gz: what a version of mailshot leaves behind when it is killed in the middle of
# this folder's campaign, with one delivery in each state that a run can leave.
#
#   git clone . /tmp/old && git -C /tmp/old checkout COMMIT && (cd /tmp/old && go build -o /tmp/old-mailshot ./cmd/mailshot)
#   campaign/testdata/versions/generate.sh /tmp/old-mailshot NAME
#
# With a third argument it is the campaign of another folder: "generate.sh PROGRAM NAME ../grouped" makes that with groups
# and copies, for which one message is each of the states that a run can leave, and one copy was put off.
#
# NAME says the versions of the two files, as state1-accounts3. The commits of those that are here:
#   state1-accounts1  617372b      state1-accounts3  68f308b      state2-accounts4  9276ca2      state3-accounts4  88c6228
#   state4-accounts5  2c8132e      state5-accounts7  c31b0f1
#   state6-accounts8  988fc03      state7-accounts8  d4c4617      state8-accounts9  48f56eb
#   state10-accounts10  the first with this file
set -euo pipefail
here=$(cd "$(dirname "$0")" && cd "${3:-.}" && pwd)
program=$1 name=$2
work=$(mktemp -d)
trap 'kill $sink 2>/dev/null || true; rm -rf "$work"' EXIT
cp "$here"/{campaign.yaml,people.csv,body.txt,do-not-mail.csv} "$work"
cd "$work"
export MAILSHOT_ACCOUNTS=$work/user/accounts.db

"$program" sink --listen 127.0.0.1:0 --fail 'rcpt:bob@*:550 5.1.1 no such user' --fail 'rcpt:cat@*:450 4.2.1 later' --fail 'rcpt:late@*:450 4.2.1 later' \
	--fail 'dot:dan@*:store-drop' --fail 'dot:eve@*:stall' >address 2>said &
sink=$!
until [ -s address ]; do sleep 0.1; done
sed -i "s/port: 2525/port: $(sed 's/.*://' address)/" campaign.yaml
"$program" send --yes campaign.yaml 2>sending &
send=$!
until grep -q 'fault.*dan@' said && grep -q 'fault.*eve@' said; do sleep 0.1; done
kill -9 $send
"$program" status campaign.yaml && "$program" suppress list # each folds its log into the file
python3 - "$work" <<'EOF' # accounts.db remembers the folder: another name, so that the fixture has no path of the machine
import sqlite3, sys
db = sqlite3.connect("user/accounts.db")
if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'sendings'").fetchone():
    db.execute("UPDATE sendings SET folder = replace(folder, ?1, '/home/ann/versions'), ledger = replace(ledger, ?1, '/home/ann/versions')", (sys.argv[1],))
if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'mailings'").fetchone():
    db.execute("UPDATE mailings SET folder = replace(folder, ?1, '/home/ann/versions')", (sys.argv[1],))
if db.execute("SELECT 1 FROM pragma_table_info('mailings') WHERE name = 'ledger'").fetchone():
    db.execute("UPDATE mailings SET ledger = replace(ledger, ?1, '/home/ann/versions')", (sys.argv[1],))
if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'clock'").fetchone():
    db.execute("UPDATE clock SET boot = 'a start of the machine'")
db.commit()
db.execute("PRAGMA journal_mode")
db.execute("VACUUM")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
EOF
gzip -9nc .mailshot/state.db >"$here/$name.state.db.gz"
gzip -9nc user/accounts.db >"$here/$name.accounts.db.gz"
ls -l "$here"
