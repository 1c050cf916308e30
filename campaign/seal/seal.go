// Package seal finds the keys of a message's readers, and signs and encrypts the message for them, by S/MIME or by
// OpenPGP. [New] reads whose keys there are; [Keys.Check] says at plan who has none, and [Keys.Sealer] makes what seals
// the messages of a run. Keys without an end, revocation or mistake that keeps one from using them are fit; of several
// fit keys of one person the newest is taken, as gpg does it.
//
// A message that is to be sealed says so itself (render.Message.Sealing), and its digest has that. So what was planned
// to be encrypted is encrypted or held: no path through this package returns the octets of the message as they were.
// The keys themselves are outside of the plan: a person may renew a key while a campaign runs. Each message looks at
// the folder and the file anew, so that a key that was taken away holds it.
//
// No chain of certificates is followed and no server is asked: whoever may write into the folder says whose key is
// whose.
package seal

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/sealing"
	"mailshot/render"
	"mailshot/render/address"
	"mailshot/render/entity"
	"mailshot/render/naming"
	"mailshot/render/pgp"
	"mailshot/render/smime"
)

// Keys are the keys of those who get a campaign's messages. It is safe for concurrent use.
type Keys struct {
	def         *definition.Definition
	name        string // of the way
	way         sealing.Way
	root        *os.Root
	shelf       *shelf   // nil = the keys come by a column, or nothing is encrypted
	certificate []byte   // of who signs, for sizes; nil = not by S/MIME, or it cannot be read
	signers     []string // the addresses in it
}

// New reads the keys that a definition names; nil where it seals nothing. An error has a Diagnostic method.
func New(d *definition.Definition) (*Keys, error) {
	name, way := d.Sealing.Way()
	if name == "" {
		return nil, nil
	}
	k := &Keys{def: d, name: name, way: way}
	root, err := os.OpenRoot(d.Sealing.Home(d.Dir))
	if err != nil {
		return nil, fmt.Errorf("open the campaign's folder: %w", bare(err))
	}
	k.root = root // closed with the garbage, as its file is
	if way.Folder != "" {
		if k.shelf, err = newShelf(root, name, way.Folder); err != nil {
			return nil, d.Mistake(nil, name+".encrypt.folder", "no-folder", fmt.Sprintf("%q: %s", way.Folder, err),
				"put the keys of your readers there, a file each")
		}
	}
	if way.Certificate != "" {
		if b, err := root.ReadFile(way.Certificate); err == nil {
			k.certificate = sealing.Plain(b)
			k.signers = smime.SignerAddresses(k.certificate)
		}
	}
	return k, nil
}

// Promise is what a message with this cell in the column says of itself: see render.Recipient.Sealing.
func (k *Keys) Promise(cell string) string {
	if k == nil {
		return ""
	}
	return k.name + ": " + k.way.Promise() + "\x00" + strings.TrimSpace(cell)
}

// place is the path in the campaign file of what names the keys.
func (k *Keys) place() string {
	if k.shelf != nil {
		return k.name + ".encrypt.folder"
	}
	return k.name + ".encrypt.column"
}

// noun is what a way calls a public key.
func (k *Keys) noun() string {
	if k.name == sealing.SMIME {
		return "certificate"
	}
	return "key"
}

// ask is the hint on a key that is not fit, by the code that says so.
func (k *Keys) ask(code string) string {
	switch {
	case code == "unusable-key" && k.name == sealing.SMIME:
		return "ask them for a certificate for mail that has an RSA key"
	case code == "unusable-key":
		return "ask them for the key with a subkey for encryption"
	case code == "weak-key":
		return "ask them for a stronger one"
	case code == "early-key":
		return "send from then on, and look at this machine's clock"
	}
	return "ask them for the one that they have now"
}

// fault says that nothing can be encrypted to somebody.
func (k *Keys) fault(code, text, hint string) error {
	return k.def.Mistake(nil, k.place(), code, text, hint)
}

// Remark is something odd about a message's keys that does not keep it from being sent. Place is where the campaign
// file names them.
type Remark struct{ Code, Place, Text, Hint string }

// OtherKey is the code of the remark that a row's key does not name the row's address.
const OtherKey = "other-key"

// remark is a remark on what the campaign file says at a path.
func (k *Keys) remark(path, code, text, hint string) Remark {
	return Remark{code, k.def.Mistake(nil, path, "", "", "").Place, text, hint}
}

// Check says why a message cannot be sealed as of a time: who has no key. The error has a Diagnostic method.
func (k *Keys) Check(m *render.Message, now time.Time) (remarks []Remark, err error) {
	if _, remarks, err = k.of(m, now, false); err != nil {
		return nil, err
	}
	if text := k.stranger(m); text != "" {
		remarks = append(remarks, k.remark(k.name+".sign.certificate", "signer-differs", text,
			"mail programs show such a signature as wrong: sign with the certificate of from"))
	}
	return remarks, nil
}

// stranger says that the certificate that signs is not that of the message's From (RFC 8550 section 3); "" = it is, or
// nothing signs.
func (k *Keys) stranger(m *render.Message) string {
	if k.certificate == nil {
		return ""
	}
	for _, field := range m.Header() {
		if field[0] != "From" {
			continue
		}
		from, err := address.ParseMailbox(field[1])
		if err != nil || among(k.signers, from.Address) {
			return ""
		}
		if len(k.signers) == 0 {
			return "the certificate that signs has no address in it"
		}
		return "the certificate that signs is of " + strings.Join(k.signers, ", ") + ", and from is not"
	}
	return ""
}

// of finds the keys of all who get a message, its recipient's first. leaving says that the message leaves now.
func (k *Keys) of(m *render.Message, now time.Time, leaving bool) (keys []publicKey, remarks []Remark, err error) {
	if !k.way.Encrypts() {
		return nil, nil, nil
	}
	_, cell, _ := strings.Cut(m.Sealing(), "\x00")
	people := []string{m.To()}
	for _, c := range m.Copies() {
		people = append(people, c.Address)
	}
	if k.shelf == nil && len(people) > 1 {
		return nil, nil, k.fault("no-key", "a row's cell is the key of its own person, and others get copies", "")
	}
	for _, to := range people {
		var key publicKey
		var more []Remark
		if k.shelf != nil {
			key, more, err = k.byFolder(to, now, leaving)
		} else {
			key, more, err = k.byCell(to, cell, now)
		}
		if err != nil {
			return nil, nil, err
		}
		remarks = append(remarks, more...)
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, remarks, nil
}

// byFolder finds the key of a person in the folder.
func (k *Keys) byFolder(to string, now time.Time, leaving bool) (publicKey, []Remark, error) {
	a, err := address.Parse(to)
	if err != nil {
		return nil, nil, k.fault("no-key", naming.Show(to)+" is not an address", "")
	}
	all, broken, err := k.shelf.of(a.Key(), leaving)
	if err != nil {
		return nil, nil, k.fault("no-folder", fmt.Sprintf("%q: %s", k.way.Folder, err), "")
	}
	var keys []publicKey
	for _, f := range all {
		keys = append(keys, f.key)
	}
	if len(keys) == 0 {
		hint := "put theirs there, as a file (" + strings.Join(endings[k.name][:3], ", ") + ") that has this address in it"
		if len(broken) > 0 {
			hint = "these files of the folder cannot be read: " + strings.Join(broken[:min(3, len(broken))], ", ")
		}
		return nil, nil, k.fault("no-key", fmt.Sprintf("no %s in %s is for %s: nothing can be encrypted to them", k.noun(),
			k.way.Folder, naming.Show(to)), hint)
	}
	key, several, code, why := newest(keys, now)
	if key == nil {
		return nil, nil, k.fault(code, fmt.Sprintf("the %s in %s for %s %s", k.noun(), k.way.Folder, naming.Show(to), why),
			k.ask(code))
	}
	if several {
		return key, []Remark{k.remark(k.place(), "several-keys", "there is more than one fit "+k.noun()+" for the address",
			"the newest is taken; remove those that are not used any more")}, nil
	}
	return key, nil, nil
}

// byCell finds the key of a person that their row's cell has, or whose file it names.
func (k *Keys) byCell(to, cell string, now time.Time) (publicKey, []Remark, error) {
	no := func(text, hint string) (publicKey, []Remark, error) { return nil, nil, k.fault("no-key", text, hint) }
	var keys []publicKey
	var err error
	named := "the cell"
	switch {
	case cell == "":
		return no("the row has no "+k.noun()+" in the column "+k.way.Column.Text, "name its file there, or leave the row out")
	case strings.Contains(cell, "-----BEGIN"):
		if keys, err = parse(k.name, []byte(cell)); err != nil {
			return no("what is in the column "+k.way.Column.Text+" is not a "+k.noun()+": "+err.Error(), "")
		}
	default:
		named = naming.Show(cell)
		name := strings.TrimPrefix(cell, "./")
		if code, why, hint := naming.Path(name); code != "" {
			return no("the column "+k.way.Column.Text+" names "+named+": "+why, hint)
		}
		if keys, err = open(k.root, k.name, name); err != nil {
			return no("the column "+k.way.Column.Text+" names "+named+": "+err.Error(), "")
		}
	}
	var theirs []publicKey
	for _, key := range keys {
		if names(key, to) {
			theirs = append(theirs, key)
		}
	}
	other := len(theirs) == 0
	if other && len(keys) > 1 {
		return no(fmt.Sprintf("%s has %d keys, and none of them is for %s", named, len(keys), naming.Show(to)), "")
	}
	if other {
		theirs = keys
	}
	key, _, code, why := newest(theirs, now)
	if key == nil {
		return nil, nil, k.fault(code, fmt.Sprintf("the %s for %s (%s) %s", k.noun(), naming.Show(to), named, why),
			k.ask(code))
	}
	if other {
		return key, []Remark{k.remark(k.place(), OtherKey, "the "+k.noun()+" of the row does not name the row's address",
			"if it is another person's, the recipient cannot open the message")}, nil
	}
	return key, nil, nil
}

// names says whether a key is for an address.
func names(key publicKey, to string) bool {
	a, err := address.Parse(to)
	return err == nil && among(key.Addresses(), a)
}

// among says whether an address is one of these texts.
func among(texts []string, a address.Address) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		b, err := address.Parse(text)
		return err == nil && a.Key() == b.Key()
	})
}

// Size is the most octets that a message has when it is sealed.
func (k *Keys) Size(m *render.Message) int64 {
	pieces, _ := m.Buffers()
	outside, inside := entity.Measure(pieces)
	people := 1 + len(m.Copies())
	if k.name == sealing.SMIME {
		if k.way.Key != nil {
			inside += smime.Room(k.certificate)
		}
		if k.way.Encrypts() {
			inside = smime.EncryptedSize(inside, people)
		}
		return outside + inside
	}
	if k.way.Encrypts() {
		return outside + pgp.EncryptedSize(inside, people, k.way.Key != nil)
	}
	return outside + inside + pgp.SignatureRoom
}

// as are keys by their own type.
func as[T publicKey](keys []publicKey) (all []T) {
	for _, k := range keys {
		all = append(all, k.(T))
	}
	return all
}

// Sealer seals the messages of a run. It is safe for concurrent use.
type Sealer struct {
	keys   *Keys
	signer sealing.Signer

	first sync.Once
	wrong error // the first message is not what it was to be
}

// Sealer fetches the private key of a run; nil where k is nil. No error holds a part of a key.
func (k *Keys) Sealer(ctx context.Context, now time.Time) (*Sealer, error) {
	if k == nil {
		return nil, nil
	}
	s := &Sealer{keys: k}
	var err error
	s.signer, err = k.def.Sealing.Open(ctx, k.def.Dir, now)
	return s, err
}

// Seal seals a message as of a time: from then on it has the sealed octets on the wire. The message's owner calls it,
// before anybody else has the message. After an error the message is as it was, and must not leave. A nil Sealer is
// right for messages that are not to be sealed, and refuses all others.
func (s *Sealer) Seal(m *render.Message, at time.Time) error {
	promised, _, _ := strings.Cut(m.Sealing(), "\x00")
	if s == nil {
		if promised == "" {
			return nil
		}
		return fmt.Errorf("it was planned to be sealed (%s), and this run does not seal", promised)
	}
	if is, _, _ := strings.Cut(s.keys.Promise(""), "\x00"); is != promised {
		return fmt.Errorf("it was planned otherwise (%s) than this run seals (%s)", cmp.Or(promised, "in clear"), is)
	}
	keys, _, err := s.keys.of(m, at, true)
	if err != nil {
		return err
	}
	pieces, clean := m.Buffers()
	outside, inside := entity.Split(pieces)
	sealed, err := s.seal(inside, keys, at)
	if err != nil {
		return fmt.Errorf("%s: %w", s.keys.name, err)
	}
	s.first.Do(func() {
		if err := s.verify(inside, sealed, keys, at); err != nil {
			s.wrong = fmt.Errorf("what was made of the first message is not right, so none is sent: %w", err)
		}
	})
	if s.wrong != nil {
		return s.wrong
	}
	m.Seal(entity.Join(outside, sealed), clean || s.keys.way.Encrypts())
	return nil
}

// seal makes the sealed entity of an entity.
func (s *Sealer) seal(inside []byte, keys []publicKey, at time.Time) ([]byte, error) {
	var err error
	if s.keys.name == sealing.SMIME {
		if s.signer.SMIME != nil {
			if inside, err = s.signer.SMIME.Sign(inside); err != nil {
				return nil, err
			}
		}
		if s.keys.way.Encrypts() {
			return smime.Encrypt(inside, as[*smime.Certificate](keys))
		}
		return inside, nil
	}
	if s.keys.way.Encrypts() {
		return pgp.Encrypt(inside, as[*pgp.Key](keys), s.signer.PGP, at)
	}
	return s.signer.PGP.Sign(inside, at)
}

// verify looks at what was made as a reader does, as far as that goes without the readers' private keys: it is
// encrypted to each of the keys and to no other, and a signature of the same octets is good.
func (s *Sealer) verify(inside, sealed []byte, keys []publicKey, at time.Time) error {
	if s.keys.name == sealing.SMIME {
		if s.signer.SMIME != nil {
			signed, err := s.signer.SMIME.Sign(inside)
			if err == nil {
				err = s.signer.SMIME.Verify(signed)
			}
			if err != nil {
				return fmt.Errorf("its signature: %w", err)
			}
		}
		if s.keys.way.Encrypts() {
			return smime.Opens(sealed, as[*smime.Certificate](keys))
		}
		return s.signer.SMIME.Verify(sealed)
	}
	if s.signer.PGP != nil {
		signed, err := s.signer.PGP.Sign(inside, at)
		if err == nil {
			err = s.signer.PGP.Verify(signed, at)
		}
		if err != nil {
			return fmt.Errorf("its signature: %w", err)
		}
	}
	if s.keys.way.Encrypts() {
		return pgp.Opens(sealed, as[*pgp.Key](keys))
	}
	return nil
}
