package message_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"mailshot/campaign/message"
	"mailshot/render/address"
)

// publicKey is a key of OpenPGP, in armor.
func publicKey(t *testing.T, address string) string {
	t.Helper()
	e, err := openpgp.NewEntity("", "", address, &packet.Config{Time: func() time.Time { return date.Add(-time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err == nil {
		err = e.Serialize(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What is held against what the server takes, and what an estimate weighs, is the message as it is encrypted; what it
// then has is not more. The digest says that it is encrypted. In a rehearsal a row's key is that of another address.
//
// Broken on purpose: with the size of the message in clear, nothing was too large.
func TestSealed(t *testing.T) {
	t.Parallel()
	dir := folder(t, "email,name,amount,file,key\nann@example.com,Ann,1,bill.txt,ann.asc\n")
	write(t, dir, "ann.asc", publicKey(t, "ann@example.com"))
	write(t, dir, "bill.txt", strings.Repeat("a bill\n", 20_000))
	plain, rows, err := open(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	clear := plain.Make(rows[0], date)
	if clear.Err != nil {
		t.Fatal(clear.Err)
	}
	size := clear.Message.Size()
	write(t, dir, "campaign.yaml", campaignFile+"pgp: { encrypt: { column: key } }\n")
	limit := func(c *message.Config) { c.Largest, c.Server = size+1000, "the server" }
	m, rows, err := open(t, dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	made := m.Make(rows[0], date)
	if made.Err != nil || made.Message.Digest() == clear.Message.Digest() {
		t.Fatal(made.Err)
	}
	found := m.Check(made)
	if len(found) != 1 || found[0].Code != "too-large" {
		t.Errorf("%+v", found)
	}
	s, err := m.Keys().Sealer(t.Context(), date)
	if err == nil {
		err = s.Seal(made.Message, date)
	}
	if n := made.Message.Size(); err != nil || n > made.Sealed || n < size*13/10 {
		t.Errorf("%v: %d octets, in clear %d, foreseen as %d", err, n, size, made.Sealed)
	}
	if w := message.Weigh(made); w.Size != made.Sealed || w.Wire < w.Size {
		t.Errorf("%+v", w)
	}
	me, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	rehearsed, rows, err := open(t, dir, func(c *message.Config) { c.To = &me })
	if err != nil {
		t.Fatal(err)
	}
	if made := rehearsed.Make(rows[0], date); made.Err != nil || len(made.Content.Remarks) != 1 ||
		!strings.HasPrefix(made.Content.Remarks[0].Text, "a rehearsal: only the person of the row") {
		t.Errorf("%v %+v", made.Err, made.Content)
	}
	if err := os.Remove(filepath.Join(dir, "ann.asc")); err != nil {
		t.Fatal(err)
	}
	if made := m.Make(rows[0], date); made.Err == nil || made.Message != nil ||
		!strings.Contains(made.Err.Error(), "no such file") {
		t.Error(made.Err)
	}
}
