package campaign_test

import (
	"bytes"
	"crypto/x509"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// table writes a list.
func (f *folder) table(t *testing.T, rows ...[]string) {
	t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	f.write(t, "people.csv", b.String())
}

// hostileKeys are cells that name no key below the folder, whatever they try.
var hostileKeys = []string{
	"x", "", " ", ".", "..", "/", "../people.csv", "certs/../../people.csv", "/etc/passwd", "/etc/ssl/certs/ca-certificates.crt",
	"C:\\Windows\\win.ini", "certs\\0.pem", "//server/share/0.pem", "file:///etc/passwd", "https://example.com/0.pem", "~/.ssh/id_rsa",
	"certs", "certs/", "certs//0.pem", "certs/./.hidden.pem", ".hidden.pem", "certs/.hidden.pem",
	"certs/0.pem\r\nBcc: x@example.com", "certs/0.pem\n", "{{.email}}", "$(id)", "`id`", "; rm -rf /", "| cat", "-inkey", "--help",
	"certs/link.pem", "certs/fifo.pem", "certs/0.pem/x", "certs/*.pem", "CERTS/0.PEM", "certs/0.pem ", strings.Repeat("a", 5000),
	"-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n", "\u202egnp.pem", "certs/0.pem\u2028x",
	"=HYPERLINK(\"x\")", "%n%s", "con", "certs/ca.pem",
}

// A cell names a file below the folder, or has the certificate itself. Hostile ones are errors of their rows, as "x"
// is, and their messages are not made; what is said of them has no control characters. Nobody else's mail changes.
//
// Broken on purpose: without naming.Path, those that name a hidden file were sent.
func TestSealedByColumn(t *testing.T) {
	t.Parallel()
	f, box, all, file := sealedFolder(t, sink.Options{}, "")
	f.write(t, "campaign.yaml", file+"smime: { encrypt: { column: cert } }\n")
	f.write(t, "certs/.hidden.pem", all[0].pem)
	f.write(t, ".hidden.pem", all[0].pem)
	f.write(t, "certs/ca.pem", readerOf(t, 3, "", func(c *x509.Certificate) {
		c.EmailAddresses, c.IsCA, c.BasicConstraintsValid, c.KeyUsage = nil, true, true, x509.KeyUsageCertSign
	}).pem)
	outside := filepath.Join(t.TempDir(), "out.pem")
	if err := os.WriteFile(outside, []byte(all[0].pem), 0o600); err != nil {
		t.Fatal(err)
	}
	hostile := slices.Clone(hostileKeys)
	if runtime.GOOS == "windows" {
		hostile = slices.DeleteFunc(hostile, func(s string) bool {
			return strings.Contains(s, "link") || strings.Contains(s, "fifo") || strings.HasPrefix(s, "CERTS")
		})
	} else if err := os.Symlink(outside, filepath.Join(f.dir, "certs", "link.pem")); err != nil {
		t.Fatal(err)
	} else if err := exec.Command("mkfifo", filepath.Join(f.dir, "certs", "fifo.pem")).Run(); err != nil {
		t.Fatal(err)
	}
	trimmed := []string{"certs/0.pem\n", "certs/0.pem "} // these name a file, with a blank behind
	hostile = slices.DeleteFunc(hostile, func(s string) bool { return slices.Contains(trimmed, s) })
	rows := [][]string{{"email", "name", "token", "cert"}}
	for i, cell := range hostile {
		rows = append(rows, []string{fmt.Sprintf("h%d@example.com", i), "H", "t", cell})
	}
	rows = append(rows, []string{"p0@example.com", "Person 0", "tok0tok", "./certs/0.pem"},
		[]string{"p1@example.com", "Person 1", "tok1tok", all[1].pem})
	f.table(t, rows...)
	c := f.open(t, campaign.Options{})
	defer c.Close()
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{SkipErrors: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range plan.Report.Findings {
		if slices.Contains([]string{"odd-blank", "spreadsheet-guard", "cell-placeholder"},
			found.Code) { // what any cell is looked at for
			continue
		}
		if found.Code != "no-key" || strings.ContainsFunc(found.Text, unicode.IsControl) || len(found.Text) > 400 {
			t.Errorf("%s %q", found.Code, found.Text)
		}
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Invalid: int64(len(hostile))})
	box.clear(t)
	for i, m := range box.all {
		if _, a := all[0].opened(m); a != nil {
			if _, b := all[1].opened(m); b != nil {
				t.Errorf("message %d: %v, %v", i, a, b)
			}
		}
	}
}

// A row's certificate may be changed: that is a change of its message. One that names another address is taken, and
// warned of; rows of a group that have different ones are refused.
func TestSealedCells(t *testing.T) {
	t.Parallel()
	f, box, all, file := sealedFolder(t, sink.Options{}, "")
	f.write(t, "campaign.yaml", file+"smime: { encrypt: { column: cert } }\n")
	rows := func(second string) {
		f.table(t, []string{"email", "name", "token", "cert"}, []string{"p0@example.com", "Person 0", "t", "certs/0.pem"},
			[]string{"p1@example.com", "Person 1", "t", second})
	}
	rows("certs/2.pem")
	c := f.open(t, campaign.Options{})
	defer c.Close()
	report, err := c.Check(t.Context())
	if err != nil || len(report.Findings) != 1 || report.Findings[0].Code != "other-key" ||
		report.Findings[0].Severity != check.Warning {
		t.Fatalf("%v %+v", err, report)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1}),
		map[ledger.State]int64{ledger.Sent: 1, ledger.Pending: 1})
	rows("certs/1.pem")
	sum, asked := f.accept(t)
	if asked.Edited != 1 || asked.Untouched != 1 {
		t.Errorf("%+v", asked)
	}
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2})
	box.clear(t)
	if _, err := all[1].opened(box.all[1]); err != nil {
		t.Error(err)
	}
	f.write(t, "campaign.yaml", strings.Replace(file, "people.csv }", "people.csv, group: name }",
		1)+"smime: { encrypt: { column: cert } }\n")
	f.table(t, []string{"email", "name", "token", "cert"}, []string{"p0@example.com", "A", "t", "certs/0.pem"},
		[]string{"p0@example.com", "A", "t", "certs/1.pem"})
	if got := strings.Join(f.findings(t), "\n"); !strings.Contains(got, "the key that the message is encrypted to") {
		t.Error(got)
	}
	f.write(t, "campaign.yaml", file+"smime: { encrypt: { column: certificate } }\n")
	if got := strings.Join(f.findings(t), "\n"); !strings.Contains(got, `the list has no column "certificate"`) {
		t.Error(got)
	}
}

// checked checks the folder's campaign.
func (f *folder) checked(t *testing.T) (*check.Report, error) {
	t.Helper()
	c := f.open(t, campaign.Options{})
	defer c.Close()
	return c.Check(t.Context())
}

// A message with copies is encrypted to all of them, and to nobody else; one whose key is missing is an error. Of two
// keys of one person the newer is taken, and an expired one is passed over.
func TestSealedCopies(t *testing.T) {
	t.Parallel()
	f, box, all, _ := sealedFolder(t, sink.Options{}, "cc: [boss@example.com]\n"+encrypted)
	if got := strings.Join(f.findings(t), "\n"); !strings.Contains(got, `"boss@example.com"`) ||
		!strings.HasPrefix(got, "no-key") {
		t.Error(got)
	}
	boss := readerOf(t, 3, "boss@example.com", nil)
	f.write(t, "certs/boss.pem", readerOf(t, 1, "boss@example.com", func(c *x509.Certificate) {
		c.NotBefore = time.Now().Add(-2 * time.Hour)
	}).pem+boss.pem+readerOf(t, 2, "boss@example.com", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }).pem)
	report, err := f.checked(t)
	if err != nil || len(report.Findings) != 1 || report.Findings[0].Code != "several-keys" {
		t.Fatalf("%v %+v", err, report)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
	box.clear(t)
	for _, m := range box.all {
		inside, err := boss.opened(m)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, r := range all {
			if got, err := r.opened(m); err == nil && got == inside && strings.Contains(inside, fmt.Sprintf("Person %d", i)) {
				n++
			} else if err == nil {
				t.Error("another reader opened it")
			}
		}
		if n != 1 {
			t.Error(n, "other readers opened it")
		}
	}
}

// The size that is held against what the server takes is that of the encrypted message.
func TestSealedSize(t *testing.T) {
	t.Parallel()
	f, box, _, _ := sealedFolder(t, sink.Options{}, "attachments: [{ file: big.bin }]\n"+encrypted)
	f.write(t, "big.bin", strings.Repeat("x", 100_000))
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1}),
		map[ledger.State]int64{ledger.Sent: 1, ledger.Pending: 2})
	if n := len(box.all[0]); n < 180_000 || n > 200_000 {
		t.Error(n, "octets")
	}
}

// By OpenPGP, too, a message is opened by its own reader alone; a key that is gone or revoked after the plan holds it.
func TestSealedByPGP(t *testing.T) {
	t.Parallel()
	f, box, _, file := sealedFolder(t, sink.Options{}, "")
	f.write(t, "campaign.yaml",
		file+"pgp: { sign: { key: { file: me.asc }, passphrase: { file: pass } }, encrypt: { folder: keys } }\n")
	f.write(t, "pass", "correct horse\n")
	entity := func(address string) *openpgp.Entity {
		e, err := openpgp.NewEntity("", "", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	put := func(name string, e *openpgp.Entity, private bool) {
		var b bytes.Buffer
		kind := map[bool]string{false: openpgp.PublicKeyType, true: openpgp.PrivateKeyType}[private]
		w, err := armor.Encode(&b, kind, nil)
		if err == nil && private {
			err = e.SerializePrivateWithoutSigning(w, nil)
		} else if err == nil {
			err = e.Serialize(w)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, name, b.String())
	}
	me := entity("sender@example.org")
	if err := me.EncryptPrivateKeys([]byte("correct horse"), nil); err != nil {
		t.Fatal(err)
	}
	put("me.asc", me, true)
	var people []*openpgp.Entity
	for i := range 3 {
		people = append(people, entity(fmt.Sprintf("p%d@example.com", i)))
		put(fmt.Sprintf("keys/%d.asc", i), people[i], false)
	}
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.dir, "keys/0.asc")); err != nil {
		t.Fatal(err)
	}
	if err := people[1].Revoke(0, "lost", nil); err != nil {
		t.Fatal(err)
	}
	put("keys/1.asc", people[1], false)
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Held: 2})
	if why := f.reasons(t, ledger.Held); !strings.Contains(why, "is revoked") ||
		!strings.Contains(why, "no key in keys is for") {
		t.Error(why)
	}
	if len(box.all) != 1 || bytes.Contains(box.all[0], []byte(inClear)) {
		t.Fatalf("%s", box.all)
	}
	block, err := armor.Decode(bytes.NewReader(box.all[0][bytes.Index(box.all[0], []byte("-----BEGIN")):]))
	if err != nil {
		t.Fatal(err)
	}
	octets := new(bytes.Buffer)
	if _, err := octets.ReadFrom(block.Body); err != nil {
		t.Fatal(err)
	}
	for i, who := range people {
		md, err := openpgp.ReadMessage(bytes.NewReader(octets.Bytes()), openpgp.EntityList{who, me}, nil, nil)
		if i != 2 {
			if err == nil {
				t.Error("another reader opened it")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(md.UnverifiedBody); err != nil || md.SignatureError != nil ||
			!strings.Contains(text.String(), "Dear Person 2") {
			t.Errorf("%v %v %s", err, md.SignatureError, text.String())
		}
	}
}
