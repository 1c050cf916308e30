package accounts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
)

// A person's number is the keyed hash of the address key, also where several ask at once and for long and short keys in
// turn. (Breakage: all asked one HMAC; the race detector sees it.)
func TestPerson(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "state", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	person, err := a.Person(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.key(t.Context(), "person")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for n := range 300 {
				address := fmt.Sprintf("person%d@%0*d.example", g, n%90+1, n)
				mac := hmac.New(sha256.New, key)
				mac.Write([]byte(address))
				if got, want := person(address), binary.BigEndian.Uint64(mac.Sum(nil)); got != want {
					t.Errorf("%s is %d, want %d", address, got, want)
					return
				}
			}
		})
	}
	wait.Wait()
}
