// Package logins has the OAuth logins that a person has begun in the window. Call [Logins.Begin]: the login waits for
// the person, who goes to the provider's page meanwhile, and [Logins.Of] says how far it is. [Logins.Close] ends
// those that wait, and waits for them.
package logins

import (
	"context"
	"sync"

	"mailshot/campaign/transport"
)

// Login is how far a login is. It does not change.
type Login struct {
	Prompt transport.LoginPrompt // where to go; its URL is "" before that is known
	Done   bool
	Kept   string // where the login is kept, in words; "" = no login was needed
	Err    error  // why there is none; it has no secret in it
}

// Logins are those of a window. The zero value is ready; its methods may be called at the same time.
type Logins struct {
	mu   sync.Mutex
	now  map[string]*work
	all  sync.WaitGroup
	over bool
}

type work struct {
	Login
	stop    context.CancelFunc
	changed chan struct{} // closed at the first news
}

// Begin begins a login under a name, in place of one that waits there. It returns when there is something to show.
func (ls *Logins) Begin(ctx context.Context, name string, tokens *transport.Tokens) {
	long, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &work{stop: stop, changed: make(chan struct{})}
	ls.mu.Lock()
	if ls.over {
		ls.mu.Unlock()
		stop()
		return
	}
	if ls.now == nil {
		ls.now = map[string]*work{}
	}
	if was := ls.now[name]; was != nil {
		was.stop()
	}
	ls.now[name] = w
	ls.all.Go(func() {
		defer stop()
		kept, err := tokens.Login(long, transport.LoginDialogue{Show: func(p transport.LoginPrompt) {
			ls.change(w, func() { w.Prompt = p })
		}})
		ls.change(w, func() { w.Done, w.Kept, w.Err = true, kept, err })
	})
	ls.mu.Unlock()
	select {
	case <-w.changed:
	case <-ctx.Done():
	}
}

// change changes a login, and wakes who waits for its first news.
func (ls *Logins) change(w *work, do func()) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	do()
	select {
	case <-w.changed:
	default:
		close(w.changed)
	}
}

// Of is how far the login of that name is; nil if none was begun.
func (ls *Logins) Of(name string) *Login {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	w := ls.now[name]
	if w == nil {
		return nil
	}
	l := w.Login
	return &l
}

// Close ends all logins that wait. Nothing is begun after it.
func (ls *Logins) Close() {
	ls.mu.Lock()
	ls.over = true
	for _, w := range ls.now {
		w.stop()
	}
	ls.mu.Unlock()
	ls.all.Wait()
}

// Forget ends the login of that name, and forgets that there was one.
func (ls *Logins) Forget(name string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if w := ls.now[name]; w != nil {
		w.stop()
		delete(ls.now, name)
	}
}
