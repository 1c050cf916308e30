package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// imapPackages are those of Cyrus and Courier, with the libraries that few machines have. They cannot be installed
// beside Dovecot.
var imapPackages = []string{"cyrus-imapd", "cyrus-common", "sasl2-bin", "libsasl2-modules-db", "libmspack0",
	"libclamav12", "libical3", "libpcre3", "libxapian30", "libzephyr4", "courier-imap", "courier-base",
	"courier-authlib", "courier-authdaemon", "courier-authlib-userdb", "libcourier-unicode4", "libgamin0"}

// UnpackIMAP gets the packages of Cyrus and Courier from Debian, as Unpack does those of others.
func UnpackIMAP(t testing.TB) (root string) {
	t.Helper()
	root = unpack(t, imapPackages)
	lib := filepath.Join(root, "lib") // which Debian has below /usr by now
	if out, err := exec.Command("cp", "-a", lib+"/.", filepath.Join(root, "usr", "lib")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return root
}

// open says "port open" when a port is.
const open = `
(until bash -c 'exec 3<>/dev/tcp/127.0.0.1/{{index .Ports 1}}' 2>/dev/null; do sleep 0.1; done; echo port open) &
`

const cyrusConf = `START {
  recover cmd="ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd -U 30" listen="127.0.0.1:{{index .Ports 0}}" prefork=0 maxchild=100
  imaps cmd="imapd -s -U 30" listen="127.0.0.1:{{index .Ports 1}}" prefork=0 maxchild=100
}
EVENTS {
}
`

const cyrusImapd = `configdirectory: /var/lib/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
idlesocket: /run/cyrus/socket/idle
defaultpartition: default
partition-default: /var/spool/cyrus/mail
altnamespace: yes
unixhierarchysep: yes
autocreate_quota: 0
autocreate_post: 1
autocreate_inbox_folders: Sent|Drafts
xlist-sent: Sent
xlist-drafts: Drafts
allowplaintext: no
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /var/lib/cyrus/sasldb2
sasl_mech_list: PLAIN SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5
tls_server_cert: /etc/cert.pem
tls_server_key: /etc/key.pem
tls_client_ca_dir: /etc/ssl/certs
`

// Cyrus starts a Cyrus from unpacked packages, with its mailboxes in memory: on the first port with STARTTLS, and on
// the second over TLS. [Username] has an inbox, and the folders Sent and Drafts.
func Cyrus(t testing.TB, root string, c *Certificate) *IMAP {
	t.Helper()
	dir := folder(t)
	view(t, dir)
	copied(t, c.File, filepath.Join(dir, "etc", "cert.pem"), 0o644)
	copied(t, c.key, filepath.Join(dir, "etc", "key.pem"), 0o644)
	s := &Server{}
	s.Ports, s.Log = start(t, 2, "port open", func(ports []int) *exec.Cmd {
		values := map[string]any{"Dir": dir, "Root": root, "Ports": ports, "Username": Username, "Password": Password}
		write(t, filepath.Join(dir, "etc", "cyrus.conf"), cyrusConf, values)
		write(t, filepath.Join(dir, "etc", "imapd.conf"), cyrusImapd, values)
		script := filepath.Join(dir, "start")
		write(t, script, asInstalled+`
mkdir -p /var/lib/cyrus /var/spool/cyrus
mount -t tmpfs tmpfs /var/lib/cyrus
mount -t tmpfs tmpfs /var/spool/cyrus
mkdir -p /var/spool/cyrus/mail /run/cyrus/proc /run/cyrus/lock /run/cyrus/socket
printf %s '{{.Password}}' | saslpasswd2 -p -c -f /var/lib/cyrus/sasldb2 -u "$(hostname)" {{.Username}}
chown -R cyrus:mail /var/lib/cyrus /var/spool/cyrus /run/cyrus
`+open+`exec /usr/lib/cyrus/bin/master -D
`, values)
		return exec.Command("/usr/bin/unshare", "--mount", "/bin/sh", script)
	})
	return &IMAP{s, t}
}

// Courier starts a Courier from unpacked packages: on the first port with STARTTLS, and on the second over TLS.
// [Username] has an inbox, the Maildir in a folder of its own: [IMAP.Put] takes "news/Maildir" for the account.
func Courier(t testing.TB, root string, c *Certificate) *IMAP {
	t.Helper()
	dir := folder(t)
	view(t, dir)
	boxes := mailboxes(t, dir)
	if out, err := exec.Command("cp", "-r", filepath.Join(root, "etc", "courier"), filepath.Join(dir, "etc")).
		CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	key, kerr := os.ReadFile(c.key)
	certificate, cerr := os.ReadFile(c.File)
	if kerr != nil || cerr != nil {
		t.Fatal(kerr, cerr)
	}
	if err := os.WriteFile(filepath.Join(dir, "etc", "both.pem"), append(key, certificate...), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &Server{boxes: boxes}
	s.Ports, s.Log = start(t, 2, "port open", func(ports []int) *exec.Cmd {
		values := map[string]any{"Dir": dir, "Root": root, "Boxes": boxes, "Ports": ports, "Owner": owner,
			"Username": Username, "Password": Password}
		script := filepath.Join(dir, "start")
		write(t, script, asInstalled+courierStart, values)
		return exec.Command("/usr/bin/unshare", "--mount", "/bin/sh", script)
	})
	return &IMAP{s, t}
}

const courierStart = `
trap 'kill $(jobs -p); exit' TERM
mkdir -p {{.Dir}}/up {{.Dir}}/work/up
mount -t overlay -o lowerdir=/etc,upperdir={{.Dir}}/up,workdir={{.Dir}}/work/up overlay /etc
export LD_LIBRARY_PATH=/usr/lib/courier-authlib:/usr/lib
mkdir -p /run/courier/authdaemon {{.Boxes}}/{{.Username}}/Maildir/cur {{.Boxes}}/{{.Username}}/Maildir/new \
  {{.Boxes}}/{{.Username}}/Maildir/tmp
chown -R courier:courier /run/courier
chown -R {{.Owner}}:nogroup {{.Boxes}}
chmod 755 /etc/courier
printf '{{.Username}}\tuid=%s|gid=%s|home={{.Boxes}}/{{.Username}}|imappw=%s\n' "$(id -u {{.Owner}})" \
  "$(id -g {{.Owner}})" "$(openssl passwd -1 '{{.Password}}')" > /etc/courier/userdb
chmod 600 /etc/courier/userdb
makeuserdb
sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' /etc/courier/authdaemonrc
set -a
. /etc/courier/authdaemonrc
/usr/lib/courier/courier-authlib/authdaemond &
. /etc/courier/imapd
. /etc/courier/imapd-ssl
TLS_CERTFILE=/etc/both.pem TLS_TRUSTCERTS= TLS_CACHEFILE= TLS_DHPARAMS=
IMAP_CAPABILITY="$IMAP_CAPABILITY AUTH=PLAIN"
prefix=/usr exec_prefix=/usr sbindir=/usr/sbin bindir=/usr/bin
many="-address=127.0.0.1 -maxprocs=200 -maxperip=200 -nodnslookup -noidentlookup"
login="/usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir"
IMAP_STARTTLS=YES couriertcpd $many {{index .Ports 0}} $login &
IMAP_TLS=1 couriertcpd $many {{index .Ports 1}} /usr/bin/couriertls -server -tcpd -user=courier $login &
` + open + `wait
`
