package door

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificate is a certificate in two files that somebody renews: it is read again when one of them has changed. While
// the new files cannot be read, or do not belong together, the one before is used. It is safe for concurrent use.
type certificate struct {
	cert, key string
	say       func(format string, args ...any)
	now       func() time.Time

	mu     sync.Mutex
	loaded *tls.Certificate
	state  string    // of the files that were read last
	looked time.Time // when that was
}

// between is how long the files are not looked at again.
const between = time.Second

// load reads the files for the first time.
func (c *certificate) load() error {
	c.state = c.files()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("--cert %s, --key %s: %w", c.cert, c.key, err)
	}
	c.loaded, c.looked = &pair, c.now()
	return nil
}

// files tells the files from what they were. A renewal may replace a link.
func (c *certificate) files() string {
	state := ""
	for _, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			state += fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size(), " ")
		}
	}
	return state
}

// get is for tls.Config.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.looked) < between {
		return c.loaded, nil
	}
	c.looked = now
	state := c.files()
	if state == c.state {
		return c.loaded, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.say("the new certificate cannot be used, the one before still is: %v", err)
		c.state = state // said once
		return c.loaded, nil
	}
	c.loaded, c.state = &pair, state
	return c.loaded, nil
}
