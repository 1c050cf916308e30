package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// imapConf serves one account's folders by IMAP, and by IMAP over TLS.
const imapConf = `
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = /dev/stdout
protocols = imap
ssl = yes
ssl_cert = <{{.Certificate}}
ssl_key = <{{.Key}}
mail_location = maildir:{{.Boxes}}/%n
first_valid_uid = 1
mail_max_userip_connections = 1000
auth_mechanisms = {{.Mechanisms}}
auth_failure_delay = 0
auth_username_chars =
disable_plaintext_auth = yes
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  args = username_format=%u {{.Dir}}/passwords
}
passdb {
  driver = static
  args = password={{.Password}}
}
userdb {
  driver = static
  args = uid={{.Owner}} gid=nogroup home={{.Boxes}}/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox "Outgoing copies" {
    special_use = \Sent
    auto = create
  }
  mailbox Entwürfe {
    special_use = \Drafts
    auto = create
  }
}
service imap-login {
  process_min_avail = 0
  inet_listener imap {
    address = 127.0.0.1
    port = {{index .Ports 0}}
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = {{index .Ports 1}}
    ssl = yes
  }
}
`

// IMAP is a Dovecot that serves the folders of any account with [Password]: on the first port with STARTTLS, and on the
// second over TLS. The account's inbox is a Maildir.
type IMAP struct {
	*Server
	t testing.TB
}

// DovecotIMAP starts a Dovecot that serves IMAP. It offers the mechanisms; "" = "plain login". Accounts that are named
// in passwords have those.
func DovecotIMAP(t testing.TB, certificate *Certificate, mechanisms string, passwords map[string]string) *IMAP {
	t.Helper()
	const program = "/usr/sbin/dovecot"
	need(t, []string{"dovecot", "dovenull", owner}, program, "/usr/lib/dovecot/imap")
	if mechanisms == "" {
		mechanisms = "plain login"
	}
	dir := folder(t)
	s := &Server{boxes: mailboxes(t, dir)}
	users := ""
	for name, password := range passwords {
		users += name + ":{PLAIN}" + password + "\n"
	}
	write(t, filepath.Join(dir, "passwords"), users, nil)
	s.Ports, s.Log = start(t, 2, "starting up", func(ports []int) *exec.Cmd {
		conf := filepath.Join(dir, "dovecot.conf")
		write(t, conf, imapConf, map[string]any{"Dir": dir, "Boxes": s.boxes, "Ports": ports, "Owner": owner,
			"Password": Password, "Certificate": certificate.File, "Key": certificate.key, "Mechanisms": mechanisms})
		return exec.Command(program, "-F", "-c", conf)
	})
	return &IMAP{s, t}
}

// Put puts messages into the inbox of an account. Each is a file's name, which is new, and its text.
func (s *IMAP) Put(account string, messages map[string]string) {
	s.t.Helper()
	uid, gid := ids(s.t)
	dir := filepath.Join(s.boxes, account)
	for _, name := range []string{dir, dir + "/cur", dir + "/new", dir + "/tmp"} {
		if err := os.Mkdir(name, 0o700); err != nil && !os.IsExist(err) {
			s.t.Fatal(err)
		}
		if err := os.Chown(name, uid, gid); err != nil {
			s.t.Fatal(err)
		}
	}
	for name, text := range messages {
		file := filepath.Join(dir, "tmp", name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
		if err := os.Chown(file, uid, gid); err != nil {
			s.t.Fatal(err)
		}
		if err := os.Rename(file, filepath.Join(dir, "new", name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Files are the messages in a folder of an account, by the names of their files, which have their flags. A folder is
// "" for the inbox, else as Maildir++ names it (".Sent").
func (s *IMAP) Files(account, folder string) map[string]string {
	s.t.Helper()
	files := map[string]string{}
	for _, part := range []string{"cur", "new"} {
		dir := filepath.Join(s.boxes, account, folder, part)
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				s.t.Fatal(err)
			}
			files[part+"/"+e.Name()] = string(text)
		}
	}
	return files
}

// Remove removes messages of an account's inbox by their files' names, whatever flags they have by now.
func (s *IMAP) Remove(account string, names ...string) {
	s.t.Helper()
	for file := range s.Files(account, "") {
		base, _, _ := strings.Cut(filepath.Base(file), ":")
		for _, name := range names {
			if base == name {
				if err := os.Remove(filepath.Join(s.boxes, account, file)); err != nil {
					s.t.Fatal(err)
				}
			}
		}
	}
}
