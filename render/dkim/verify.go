package dkim

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/emersion/go-msgauth/dkim"
)

// Verify verifies a message that Sign has signed, in pieces and with the fields of Sign in front. It does so like a
// receiver that finds the public halves of the keys where they should be published. Its code is from other authors than
// the code that signs.
func (s *Signer) Verify(message ...[]byte) error {
	records := map[string][]string{}
	for _, k := range s.keys {
		records[k.Selector+"._domainkey."+k.Domain] = []string{Record(k.Private)}
	}
	pieces := make([]byte, 0, 1<<14)
	for _, piece := range message {
		pieces = append(pieces, piece...)
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(pieces), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) { return records[name], nil },
	})
	if err != nil {
		return fmt.Errorf("dkim: verify: %w", err)
	}
	if len(found) != len(s.keys) {
		return fmt.Errorf("dkim: verify: %d signatures in place of %d", len(found), len(s.keys))
	}
	var errs []error
	for _, v := range found {
		if v.Err != nil {
			errs = append(errs, fmt.Errorf("dkim: verify %s: %w", v.Domain, v.Err))
		}
	}
	return errors.Join(errs...)
}
