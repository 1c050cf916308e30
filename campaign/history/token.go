package history

import (
	"context"
	"crypto/subtle"
	"errors"
	"regexp"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/render"
)

var tokenForm = regexp.MustCompile(`^[a-z2-7]{32}$`)

// IsToken says whether a text has the form of the token that templates print by {{.mailshot.token}}.
func IsToken(text string) bool { return tokenForm.MatchString(text) }

// Owner finds the person whose token this is in one of the campaigns of these ledgers, and returns the key of their
// address; "" if it is nobody's there. It makes the token of each row of each campaign.
func Owner(ctx context.Context, token string, accounts *accounts.Accounts, ledgers []string) (addressKey string, err error) {
	secret, err := accounts.Secret(ctx)
	if err != nil {
		return "", err
	}
	for _, file := range ledgers {
		if addressKey, err = owner(ctx, token, secret, file); err != nil || addressKey != "" {
			return addressKey, err
		}
	}
	return "", nil
}

// owner is Owner in one ledger.
func owner(ctx context.Context, token string, secret []byte, file string) (addressKey string, err error) {
	l, err := ledger.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	all, err := l.Campaigns(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range all {
		for r, err := range l.Deliveries(ctx, c.ID, ledger.Filter{}) {
			if err != nil {
				return "", err
			}
			if subtle.ConstantTimeCompare([]byte(render.Token(secret, c.ID, r.Key)), []byte(token)) == 1 {
				return r.AddressKey, nil
			}
		}
	}
	return "", nil
}
