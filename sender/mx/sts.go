package mx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mailshot/internal/disk"
)

const (
	maxPolicy    = 64 << 10        // bytes; RFC 8461 3.3
	fetchTimeout = time.Minute     // RFC 8461 3.3
	fetchPause   = 5 * time.Minute // after a fetch that failed; RFC 8461 3.3
)

// STSConfig says how policies are fetched and kept.
type STSConfig struct {
	Resolver Resolver     // nil: net.DefaultResolver
	Client   *http.Client // nil: one of its own; redirects are refused either way
	// Dir is the folder that keeps policies from one process to the next, in one small file for
	// each domain. It is made when it is needed; "": they are kept in memory only.
	Dir string
}

// STS finds the MTA-STS policies of domains, and remembers each as long as the policy says. It is
// safe for concurrent use.
type STS struct {
	resolver Resolver
	client   http.Client
	dir      string

	mu    sync.Mutex
	known map[string]*entry
}

// entry is what is known about a domain that has a policy, or says that it has one.
type entry struct {
	policy *Policy   // nil: none was fetched yet
	pause  time.Time // no fetch before it
}

// NewSTS returns an STS.
func NewSTS(c STSConfig) *STS {
	s := &STS{resolver: c.Resolver, dir: c.Dir, known: map[string]*entry{}}
	if s.resolver == nil {
		s.resolver = net.DefaultResolver
	}
	if c.Client != nil {
		s.client = *c.Client
	}
	// RFC 8461 3.3: being able to redirect is not being able to set the policy.
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

// Policy returns the policy that holds for a domain (A-labels, lower case). It is nil when there is
// none, or when its mode is none. A domain's new policy is fetched when its TXT record has another
// id than the policy at hand. A policy that is still valid holds whatever goes wrong with the
// record or the fetch (RFC 8461 5.1), so that blocking them does not take TLS away. Without a valid
// policy mail goes as if there were none.
func (s *STS) Policy(ctx context.Context, domain string) *Policy {
	now := time.Now()
	e := s.entry(domain, now)
	texts, err := s.resolver.LookupTXT(ctx, "_mta-sts."+domain+".")
	if err == nil {
		var id string
		if id, err = parseRecord(texts); err == nil {
			e = s.refresh(ctx, domain, id, e, now)
		}
	}
	if e.policy == nil || e.policy.Mode == None || !e.policy.Expires.After(now) {
		return nil
	}
	return e.policy
}

// entry returns what is known of a domain, from memory or from its file.
func (s *STS) entry(domain string, now time.Time) entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.known[domain]; e != nil {
		return *e
	}
	e := entry{policy: s.load(domain, now)}
	if e.policy != nil {
		s.known[domain] = &e
	}
	return e
}

// refresh fetches a domain's policy unless the policy at hand has that id and is still valid, or a
// fetch has just failed.
func (s *STS) refresh(ctx context.Context, domain, id string, e entry, now time.Time) entry {
	if p := e.policy; p != nil && p.ID == id && p.Expires.After(now) || e.pause.After(now) {
		return e
	}
	p, text, err := s.fetch(ctx, domain)
	if err == nil {
		p.ID, p.Expires = id, now.Add(p.MaxAge)
		e = entry{policy: p}
		// A policy that cannot be kept holds in this process. The next process fetches it again.
		_ = s.save(domain, p, text)
	} else if ctx.Err() == nil {
		e.pause = now.Add(fetchPause)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[domain] = &e
	// The policy just fetched holds for the message at hand, even with a max_age of 0.
	if err == nil && p.MaxAge == 0 {
		once := *p
		once.Expires = now.Add(time.Second)
		return entry{policy: &once}
	}
	return e
}

// fetch gets a domain's policy from the domain's own host, over TLS with a certificate that
// verifies.
func (s *STS) fetch(ctx context.Context, domain string) (*Policy, string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	url := "https://mta-sts." + domain + "/.well-known/mta-sts.txt"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("status %d", resp.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return nil, "", errors.New("not text/plain")
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPolicy+1))
	if err != nil {
		return nil, "", err
	}
	if len(body) > maxPolicy {
		return nil, "", fmt.Errorf("more than %d bytes", maxPolicy)
	}
	p, err := ParsePolicy(string(body))
	return p, string(body), err
}

// kept is a policy on disk.
type kept struct {
	Domain  string    `json:"domain"`
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
	Policy  string    `json:"policy"` // as it was fetched
}

// file is the path of a domain's file. Its name is a digest, because domains can be as long as file
// names, and some of them are names that systems keep for themselves.
func (s *STS) file(domain string) string {
	sum := sha256.Sum256([]byte(domain))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:16])+".json")
}

// load reads a domain's policy. It returns nil when there is none that is valid.
func (s *STS) load(domain string, now time.Time) *Policy {
	if s.dir == "" {
		return nil
	}
	b, err := os.ReadFile(s.file(domain))
	if err != nil {
		return nil
	}
	var k kept
	if json.Unmarshal(b, &k) != nil || k.Domain != domain ||
		!k.Expires.After(now) || k.Expires.After(now.Add(maxAge)) {
		return nil
	}
	p, err := ParsePolicy(k.Policy)
	if err != nil {
		return nil
	}
	p.ID, p.Expires = k.ID, k.Expires
	return p
}

// save writes a domain's policy, whole or not at all.
func (s *STS) save(domain string, p *Policy, text string) error {
	if s.dir == "" {
		return nil
	}
	b, err := json.Marshal(kept{Domain: domain, ID: p.ID, Expires: p.Expires, Policy: strings.ToValidUTF8(text, "?")})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return disk.Replace(s.file(domain), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}
