package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// postfixMain takes mail from whoever logs in, and delivers into mailboxes.
const postfixMain = `
compatibility_level = 3.6
queue_directory = {{.Dir}}/queue
data_directory = {{.Dir}}/data
maillog_file = /dev/stdout
myhostname = mail.example
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
default_transport = error:the test has no other servers
transport_maps = regexp:{ { /^gone/ after:5.1.1 no such user here } { /^full/ after:5.2.2 mailbox is full }
 { /^wary/ after:5.7.1 we do not take mail from you } }
virtual_mailbox_domains = {{range .Domains}} {{.}}{{end}}
virtual_mailbox_base = {{.Boxes}}
virtual_mailbox_maps = inline:{ {{- range .Domains}} { @{{.}} = {{.}}/ }{{end}} }
virtual_mailbox_limit = 0
virtual_uid_maps = static:{{.Owner}}
virtual_gid_maps = static:{{.Group}}
smtpd_tls_cert_file = {{.Certificate}}
smtpd_tls_key_file = {{.Key}}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {{.Login}}
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_forbid_bare_newline = reject
smtpd_forbid_bare_newline_exclusions =
smtpd_forbid_unauth_pipelining = yes
smtpd_delay_reject = no
smtpd_recipient_restrictions = check_recipient_access
 inline:{ { refused@copies.example = 550 5.1.1 nobody of that name } { later@copies.example = 450 4.2.1 come back } }
`

const postfixMaster = `
{{- range $i, $port := .Ports}}
127.0.0.1:{{$port}} inet n - n - - smtpd -o syslog_name=postfix/{{$port}} -o smtpd_discard_ehlo_keywords={{index $.Withhold $i}}
{{- end}}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
after unix - n n - - pipe user=nobody argv=/bin/sh -c { echo "$$0"; exit 69 } ${nexthop}
showq unix n - n - - showq
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// Postfix starts a Postfix for submission, with STARTTLS by c and a login that a Dovecot checks. It refuses bare
// newlines. It has a port for each of withhold: the keywords, joined by commas, that EHLO does not offer there, or "".
// Only mail to one of domains has a mailbox.
//
// A message is in its mailbox once the log has a line with its recipient and "status=sent". What a port logs begins
// with "postfix/PORT/".
func Postfix(t testing.TB, c *Certificate, domains []string, withhold ...string) *Server {
	t.Helper()
	need(t, []string{"postfix", owner}, "/usr/sbin/postfix", "/usr/sbin/postconf")
	_, login := dovecot(t)
	dir := folder(t)
	s := &Server{boxes: mailboxes(t, dir)}
	programs, err := exec.Command("/usr/sbin/postconf", "-d", "-h", "daemon_directory").Output()
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := ids(t)
	s.Ports, s.Log = start(t, len(withhold), "daemon started", func(ports []int) *exec.Cmd {
		values := map[string]any{"Dir": dir, "Boxes": s.boxes, "Ports": ports, "Owner": uid, "Group": gid, "Login": login,
			"Certificate": c.File, "Key": c.key, "Domains": domains, "Withhold": withhold}
		if err := os.MkdirAll(filepath.Join(dir, "queue"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "main.cf"), postfixMain, values)
		write(t, filepath.Join(dir, "master.cf"), postfixMaster, values)
		// This makes the folders of the queue. Its warnings are about their contents, and the folders are empty.
		if out, err := exec.Command("/usr/sbin/postfix", "-c", dir, "check").CombinedOutput(); err != nil {
			t.Fatalf("postfix check: %v\n%s", err, out)
		}
		return exec.Command(filepath.Join(strings.TrimSpace(string(programs)), "master"), "-c", dir, "-s")
	})
	return s
}
