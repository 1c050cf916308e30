//go:build linux

package recipients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startPostgres starts a server of its own on a Unix socket, as another user where the test is root, which PostgreSQL
// refuses to be. It returns the connection string of its owner.
func startPostgres(t testing.TB) string {
	t.Helper()
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(programs) == 0 {
		t.Skip("PostgreSQL is not installed (apt-get install postgresql): not tried")
	}
	bin := filepath.Dir(slices.Max(programs))
	// The path of a socket is short, and its folder is to be entered by the other user.
	dir, err := os.MkdirTemp("/tmp", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			if u, err = user.Lookup("nobody"); err != nil {
				t.Skip("PostgreSQL is not started by root, and there is no user postgres or nobody: not tried")
			}
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr, cmd.Env = dir, as, []string{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "PGCTLTIMEOUT=600"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	data := filepath.Join(dir, "data")
	run("initdb", "-D", data, "-U", "owner", "--auth=trust", "--no-sync", "-E", "UTF8")
	// What the server writes goes to a file, so that it holds no pipe of the test.
	run("pg_ctl", "-D", data, "-w", "-s", "-l", filepath.Join(dir, "log"), "-o",
		"-c listen_addresses='' -c fsync=off -k "+dir, "start")
	t.Cleanup(func() { run("pg_ctl", "-D", data, "-w", "-s", "-m", "immediate", "stop") })
	return "host=" + dir + " user=owner dbname=postgres"
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	at := startPostgres(t)
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	do := func(statement string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	do(`CREATE TABLE customers (id int, email text, name varchar(40), amount numeric(10,2), due date, vip boolean, ` +
		`at timestamptz, bytes bytea)`)
	do(`INSERT INTO customers VALUES (1, 'ann@example.com', 'Ann', 12.50, '2026-11-30', true, '2026-11-30 10:15:00+02', '\x00ff'),
		(2, 'bob@example.com', 'بابک', 'NaN', 'infinity', false, NULL, NULL), (3, 'zoe@example.com', '007', NULL, NULL, NULL, '2026-01-01 00:00:00+00', NULL)`)
	do(`CREATE ROLE reader LOGIN PASSWORD 'k0rrekt-horse'`)
	do(`GRANT SELECT ON customers TO reader`)

	types := map[string]Type{"amount": Number, "due": Date, "vip": Bool, "at": Date}
	cfg := Config{Postgres: at, Columns: types, Query: "SELECT email, name, amount, due, vip, at FROM customers " +
		"ORDER BY id; -- all"}
	got, l := written(t, cfg)
	want := `PostgreSQL postgres row 1 of the query|ann@example.com|Ann|12.50|2026-11-30|true|2026-11-30 08:15:00|amount=12.5|due=2026-11-30 00:00:00 +0000 UTC|vip=true|at=2026-11-30 08:15:00 +0000 UTC
PostgreSQL postgres row 2 of the query|bob@example.com|بابک|NaN|infinity|false||amount=<nil>|due=<nil>|vip=false|at=<nil>|fault: PostgreSQL postgres row 2 of the query: amount: "NaN" is not a number|fault: PostgreSQL postgres row 2 of the query: due: "infinity" is not a date
PostgreSQL postgres row 3 of the query|zoe@example.com|007||||2026-01-01|amount=<nil>|due=<nil>|vip=<nil>|at=2026-01-01 00:00:00 +0000 UTC
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if d, err := Digest(t.Context(), cfg); err != nil || d != l.Digest() || d == "" {
		t.Errorf("digest %s, %v; the list's %s", d, err, l.Digest())
	}

	t.Run("many pieces, one state", func(t *testing.T) {
		do(`CREATE TABLE many AS SELECT 'p' || i || '@example.com' AS email, i AS no FROM generate_series(1, 2500) i`)
		l, err := Open(Config{Postgres: at, Query: "SELECT email, no FROM many ORDER BY no"})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		n := 0
		for row, err := range l.Rows(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; row.Fields[1] != strconv.Itoa(n) {
				t.Fatalf("row %d is %v", n, row.Fields)
			}
			if n == 1 {
				do("DELETE FROM many WHERE no > 1")
			}
		}
		if n != 2500 {
			t.Errorf("%d rows of 2500", n)
		}
	})

	t.Run("refused", func(t *testing.T) {
		for _, c := range []struct{ at, query, want string }{
			{at, "SELECT email FROM people", `relation "people" does not exist`},
			{at, "DELETE FROM customers", "does not begin with SELECT"},
			{at, "WITH gone AS (DELETE FROM customers RETURNING email) SELECT email FROM gone",
				"DECLARE CURSOR must not contain data-modifying statements"},
			{at, "SELECT email, nextval('s') FROM customers", `relation "s" does not exist`},
			{at, "SELECT email, pg_sleep(10) FROM customers LIMIT 1", "statement timeout"},
			{at, "SELECT name FROM customers", "no column looks like the address"},
			{strings.Replace(at, "user=owner", "user=reader password=k0rrekt-horse", 1), "SELECT email FROM many",
				"permission denied"},
			{strings.Replace(at, "user=owner", "user=nobody-k0rrekt-horse password=k0rrekt-horse", 1),
				"SELECT email FROM many", "does not exist"},
			{"host=/nowhere user=reader password=k0rrekt-horse", "SELECT email FROM many", "/nowhere"},
			{"postgres://reader:k0rrekt-horse@[half", "SELECT email FROM many", "not a connection string"},
		} {
			if strings.Contains(c.query, "pg_sleep") {
				c.at += " statement_timeout=50"
			}
			l, err := Open(Config{Postgres: c.at, Query: c.query})
			if err == nil {
				l.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) ||
				strings.Contains(fmt.Sprintf("%+v", err), "k0rrekt-horse") {
				t.Errorf("%s: %v, want %q", c.query, err, c.want)
			}
		}
		do("CREATE SEQUENCE s")
		if l, err := Open(Config{Postgres: at, Query: "SELECT email, nextval('s') FROM customers"}); err == nil ||
			!strings.Contains(err.Error(), "read-only transaction") {
			t.Errorf("a query that writes: %v", err)
			l.Close()
		}
	})

	t.Run("interrupted", func(t *testing.T) {
		l, err := Open(Config{Postgres: at, Query: "SELECT 'p' || i || '@example.com' AS email, CASE WHEN i > 1000 " +
			"THEN pg_sleep(60) END AS x FROM generate_series(1, 2000) i"})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		// The first piece is there; the next one takes for ever.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var last error
		for _, err := range l.Rows(ctx) {
			last = err
		}
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("ended with %v", last)
		}
	})
}
