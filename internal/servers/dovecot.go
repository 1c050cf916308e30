package servers

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// dovecotConf delivers by LMTP into mailboxes, and checks passwords on a socket.
const dovecotConf = `
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = /dev/stdout
ssl = no
protocols = lmtp
lmtp_rcpt_check_quota = no
mail_location = maildir:{{.Boxes}}/%d
first_valid_uid = 1
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
disable_plaintext_auth = no
passdb {
  driver = static
  args = password={{.Password}}
}
userdb {
  driver = static
  args = uid={{.Owner}} gid=nogroup home={{.Boxes}}/%d allow_all_users=yes
}
service lmtp {
  client_limit = 1
  inet_listener lmtp {
    address = 127.0.0.1
    port = {{index .Ports 0}}
  }
  unix_listener {{.Dir}}/lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener {{.Dir}}/login {
    mode = 0666
  }
}
`

// Dovecot starts a Dovecot that takes LMTP on one port and on a socket.
func Dovecot(t testing.TB) *Server {
	t.Helper()
	s, _ := dovecot(t)
	return s
}

// dovecot also returns the path of the socket on which it checks passwords.
func dovecot(t testing.TB) (s *Server, login string) {
	t.Helper()
	const program = "/usr/sbin/dovecot"
	need(t, []string{"dovecot", "dovenull", owner}, program, "/usr/lib/dovecot/lmtp")
	dir := folder(t)
	s = &Server{boxes: mailboxes(t, dir), Socket: filepath.Join(dir, "lmtp")}
	s.Ports, s.Log = start(t, 1, "starting up", func(ports []int) *exec.Cmd {
		conf := filepath.Join(dir, "dovecot.conf")
		write(t, conf, dovecotConf, map[string]any{"Dir": dir, "Boxes": s.boxes, "Ports": ports, "Owner": owner,
			"Password": Password})
		return exec.Command(program, "-F", "-c", conf)
	})
	return s, filepath.Join(dir, "login")
}
