package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packages are those of Exim and OpenSMTPD, with the libraries that few machines have. They cannot be installed beside
// Postfix.
var packages = []string{"exim4-base", "exim4-daemon-light", "opensmtpd", "libidn12", "libgnutls-dane0", "libunbound8",
	"libevent-2.1-7", "libnsl2", "libdb5.3"}

// Unpack gets the packages of Exim and OpenSMTPD from Debian, unpacks them into a folder, and returns the folder's
// path. Nothing is installed. It skips the test if that cannot be done.
func Unpack(t testing.TB) (root string) {
	t.Helper()
	return unpack(t, packages)
}

// unpack gets packages.
func unpack(t testing.TB, packages []string) (root string) {
	t.Helper()
	need(t, []string{owner}, "/usr/bin/apt-get", "/usr/bin/dpkg-deb", "/usr/bin/unshare", "/usr/bin/mount",
		"/usr/bin/tail")
	dir := folder(t)
	get := exec.Command("/usr/bin/apt-get", append([]string{"-qq", "download"}, packages...)...)
	get.Dir = dir
	if out, err := get.CombinedOutput(); err != nil {
		t.Skipf("the packages cannot be had, so the servers were not tried: apt-get update && apt-get download %s: %v\n%s",
			strings.Join(packages, " "), err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(dir, "root")
	for _, f := range files {
		if out, err := exec.Command("/usr/bin/dpkg-deb", "-x", f, root).CombinedOutput(); err != nil {
			t.Fatalf("dpkg-deb: %v\n%s", err, out)
		}
	}
	return root
}

// asInstalled makes a shell script that runs with root's packages, and dir's files below etc, as if they were
// installed. The script has a view of the file system of its own, which ends with it. What it writes below /var and
// /run goes to dir.
const asInstalled = `set -e
for d in var run; do mkdir -p {{.Dir}}/$d {{.Dir}}/work/$d; done
mount --make-rprivate /
mount -t overlay -o lowerdir={{.Root}}/usr:/usr overlay /usr
mount -t overlay -o lowerdir={{.Dir}}/etc:/etc overlay /etc
mount -t overlay -o lowerdir={{.Root}}/var:/var,upperdir={{.Dir}}/var,workdir={{.Dir}}/work/var overlay /var
mount -t tmpfs tmpfs /run
`

// users are the users that the packages would make.
var users = []string{"Debian-exim:x:61001:61001::/nonexistent:/usr/sbin/nologin",
	"opensmtpd:x:61002:61002::/nonexistent:/usr/sbin/nologin", "opensmtpq:x:61003:61003::/nonexistent:/usr/sbin/nologin",
	"cyrus:x:61004:8::/var/spool/cyrus:/usr/sbin/nologin", "courier:x:61005:61005::/var/lib/courier:/usr/sbin/nologin"}

// view makes the folder etc of a server: the machine's users and groups with those of the packages.
func view(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "etc", "exim4"), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, cut := range map[string]func(string) string{
		"passwd": func(u string) string { return u },
		"group":  func(u string) string { f := strings.Split(u, ":"); return f[0] + ":x:" + f[3] + ":" },
	} {
		b, err := os.ReadFile(filepath.Join("/etc", file))
		for _, u := range users {
			b = append(b, cut(u)+"\n"...)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "etc", file), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

const eximConf = `
primary_hostname = mail.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {{index .Ports 0}}
smtp_accept_queue_per_connection = 0
smtp_accept_max = 0
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = /etc/exim4/cert.pem
tls_privatekey = /etc/exim4/key.pem
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  accept authenticated = *
  deny
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{ {eq{$auth2}{ {{- .Username}}}}{eq{$auth3}{ {{- .Password}}}} }}
  server_set_id = $auth2
begin routers
all:
  driver = accept
  domains = {{range $i, $d := .Domains}}{{if $i}} : {{end}}{{$d}}{{end}}
  transport = box
begin transports
box:
  driver = appendfile
  directory = {{.Boxes}}/$domain_data
  create_directory
  maildir_format
  envelope_to_add
  user = {{.Owner}}
  group = nogroup
`

// Exim starts an Exim from unpacked packages, with STARTTLS by c, a login, and a mailbox for each of domains. A message
// is in its mailbox once the log has a line "=>" with its recipient.
func Exim(t testing.TB, root string, c *Certificate, domains []string) *Server {
	t.Helper()
	dir := folder(t)
	view(t, dir)
	s := &Server{boxes: mailboxes(t, dir)}
	copied(t, c.File, filepath.Join(dir, "etc", "exim4", "cert.pem"), 0o644)
	copied(t, c.key, filepath.Join(dir, "etc", "exim4", "key.pem"), 0o644)
	s.Ports, s.Log = start(t, 1, "daemon started", func(ports []int) *exec.Cmd {
		values := map[string]any{"Dir": dir, "Root": root, "Boxes": s.boxes, "Ports": ports, "Owner": owner,
			"Username": Username, "Password": Password, "Domains": domains}
		write(t, filepath.Join(dir, "etc", "exim4", "exim4.conf"), eximConf, values)
		script := filepath.Join(dir, "start")
		write(t, script, asInstalled+`
mkdir -p /var/log/exim4 /var/spool/exim4
chown -R Debian-exim:Debian-exim /var/log/exim4 /var/spool/exim4
tail -q -n +1 -F --pid=$$ /var/log/exim4/mainlog /var/log/exim4/paniclog 2>/dev/null &
exec exim4 -bdf
`, values)
		return exec.Command("/usr/bin/unshare", "--mount", "/bin/sh", script)
	})
	return s
}

const opensmtpdConf = `
table boxes { "@" = "{{.Owner}}" }
listen on 127.0.0.1 port {{index .Ports 0}} hostname mail.example
action box maildir "{{.Boxes}}/%{rcpt.domain}" virtual <boxes>
{{range .Domains}}match from local for domain "{{.}}" action box
{{end}}`

// OpenSMTPD starts an OpenSMTPD from unpacked packages, without TLS and so without a login: Debian 12's 6.8.0p2 answers
// every handshake with an internal error, whatever the key ("missing private key", says OpenSSL 3 of its engine). A
// message is in its mailbox once the log has a line "result=Ok" with its recipient.
func OpenSMTPD(t testing.TB, root string, domains []string) *Server {
	t.Helper()
	dir := folder(t)
	view(t, dir)
	s := &Server{boxes: mailboxes(t, dir)}
	s.Ports, s.Log = start(t, 1, "smtp: will accept", func(ports []int) *exec.Cmd {
		values := map[string]any{"Dir": dir, "Root": root, "Boxes": s.boxes, "Ports": ports, "Owner": owner,
			"Domains": domains}
		write(t, filepath.Join(dir, "etc", "smtpd.conf"), opensmtpdConf, values)
		script := filepath.Join(dir, "start")
		write(t, script, asInstalled+"exec smtpd -d -v\n", values)
		return exec.Command("/usr/bin/unshare", "--mount", "/bin/sh", script)
	})
	return s
}

// copied copies a file.
func copied(t testing.TB, from, to string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}
