package definition

import (
	"errors"
	"path/filepath"

	"mailshot/campaign/definition/signing"
)

// SendThrough has d sent by the servers of another definition, within its limits, signed with those of its keys that
// are of the domain of d's From, and encrypted as its own messages are. What they name in their own folder, as secrets
// and certificates, is found there, and what is said about them names that definition's file. Call it right after
// [Load].
func (d *Definition) SendThrough(other *Definition) error {
	from, err := filepath.Abs(other.Dir)
	here, herr := filepath.Abs(d.Dir)
	up, uerr := filepath.Rel(here, from)
	if err := errors.Join(err, herr, uerr); err != nil {
		return err
	}
	d.Servers = nil
	for _, s := range other.Servers {
		c := *s
		c.Password = s.Password.In(from)
		if s.OAuth != nil {
			o := *s.OAuth
			o.ClientSecret = o.ClientSecret.In(from)
			if o.KeyFile, err = anywhere(o.KeyFile, from); err != nil {
				return err
			}
			c.OAuth = &o
		}
		for _, name := range []*string{&c.CAFile, &c.ClientCertificate} {
			if *name != "" {
				*name = filepath.ToSlash(filepath.Join(up, *name))
			}
		}
		if c.ClientKey, err = anywhere(c.ClientKey, from); err != nil {
			return err
		}
		d.Servers = append(d.Servers, &c)
	}
	d.Signatures = nil
	for _, s := range other.Signatures { // a mail that this domain answers for is signed there, too
		if signing.Aligned(s.Domain, d.FromDomain()) {
			s.Key = s.Key.In(from)
			d.Signatures = append(d.Signatures, s)
		}
	}
	d.Sealing = other.Sealing.In(from)
	d.Limits, d.Path, d.lender = other.Limits, other.Path, other
	return nil
}

// anywhere is the path of a file that may be anywhere, from any folder; "" stays.
func anywhere(name, dir string) (string, error) {
	if name == "" {
		return "", nil
	}
	return Path(name, dir)
}
