package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mailshot/internal/mailbox"
)

// dovecotPOP3 gives out mailboxes by POP3.
const dovecotPOP3 = `
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = /dev/stdout
protocols = pop3
ssl = yes
ssl_cert = <{{.Certificate}}
ssl_key = <{{.Key}}
disable_plaintext_auth = yes
auth_mechanisms = {{.Mechanisms}}
mail_location = maildir:{{.Boxes}}/%n
first_valid_uid = 1
mail_max_userip_connections = 100
auth_failure_delay = 0
passdb {
  driver = static
  args = password={{.Password}}
}
userdb {
  driver = static
  args = uid={{.Owner}} gid=nogroup home={{.Boxes}}/%n allow_all_users=yes
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service pop3-login {
  service_count = 0
  inet_listener pop3 {
    address = 127.0.0.1
    port = {{index .Ports 0}}
  }
  inet_listener pop3s {
    address = 127.0.0.1
    port = {{index .Ports 1}}
    ssl = yes
  }
}
`

// DovecotPOP3 starts a Dovecot that gives out mailboxes by POP3: on its first port with STLS, on its second with TLS
// from the first byte, both by c. Whoever logs in with Password has a mailbox, see [Server.Maildir]. mechanisms are
// those of AUTH, as Dovecot names them; "" = plain and login.
func DovecotPOP3(t testing.TB, c *Certificate, mechanisms string) *Server {
	t.Helper()
	const program = "/usr/sbin/dovecot"
	need(t, []string{"dovecot", "dovenull", owner}, program, "/usr/lib/dovecot/pop3")
	if mechanisms == "" {
		mechanisms = "plain login"
	}
	dir := folder(t)
	s := &Server{boxes: mailboxes(t, dir)}
	s.Ports, s.Log = start(t, 2, "starting up", func(ports []int) *exec.Cmd {
		conf := filepath.Join(dir, "dovecot.conf")
		write(t, conf, dovecotPOP3, map[string]any{"Dir": dir, "Boxes": s.boxes, "Ports": ports, "Owner": owner,
			"Password": Password, "Certificate": c.File, "Key": c.key, "Mechanisms": mechanisms})
		return exec.Command(program, "-F", "-c", conf)
	})
	return s
}

// Maildir writes messages into the mailbox of a user who logs in, and returns its folder. The messages lie in cur, as
// those that a mail program has seen, so that a server that opens the mailbox has nothing to move.
func (s *Server) Maildir(t testing.TB, user string, messages ...mailbox.Item) string {
	t.Helper()
	dir := filepath.Join(s.boxes, user)
	w, err := mailbox.Open("maildir", dir, mailbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		name, err := w.Add(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, "cur", filepath.Base(name)+":2,")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	uid, gid := ids(t)
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Chown(path, uid, gid)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
