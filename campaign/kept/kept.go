// Package kept keeps sent messages: in the archive, with a file for each message, and as copies in the Sent folders of
// the servers' accounts. [Open] returns a [Keeper], whose Sent takes each message that a server has taken, and whose
// Finish waits for the copies.
//
// The archive is a promise: if it cannot be written, the run ends. A copy in a Sent folder is not a promise. What
// becomes of a copy changes neither the outcome of the message nor the run, and is reported when the run has ended.
package kept

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/transport"
	"mailshot/internal/mailbox"
	"mailshot/sender"
)

// patience is how long copies are filed after an interrupt.
const patience = 30 * time.Second

// Config says what to keep. Definition, Way and Now are required.
type Config struct {
	Definition *definition.Definition
	Way        func(*definition.Server) transport.Config // how a server is reached
	Rehearsal  bool                                      // nothing is kept
	Now        func() time.Time
	// Tell is called, from any goroutine, with words on how the filing of copies goes; nil = it is not called.
	Tell func(text string)
}

// Keeper keeps messages. It is safe for concurrent use.
type Keeper struct {
	c       Config
	archive mailbox.Writer // nil = there is none
	copies  map[string]*transport.Copies
}

// Copies is what became of the copies for Sent folders. The zero value says that no copies were wanted.
type Copies struct {
	Folders []string // as URLs, without secrets
	Filed   int64
	Failed  int64               // for some of these nobody knows whether they are in the folder
	Named   []transport.Unfiled // the first 1,000 of each folder that failed
}

// Open opens the archive and the folders. It does not connect to a server yet. The caller calls Finish.
func Open(c Config) (k *Keeper, err error) {
	if c.Tell == nil {
		c.Tell = func(string) {}
	}
	k = &Keeper{c: c, copies: map[string]*transport.Copies{}}
	if c.Rehearsal {
		return k, nil
	}
	for _, s := range c.Definition.Servers {
		copies, err := transport.OpenCopies(c.Way(s), c.Tell)
		if err != nil {
			return nil, err
		}
		if copies != nil {
			k.copies[s.Name] = copies
		}
	}
	if c.Definition.Archive != "" {
		dir := filepath.Join(c.Definition.Dir, filepath.FromSlash(c.Definition.Archive))
		if k.archive, err = mailbox.Open("eml", dir, mailbox.Options{Sync: true}); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Any reports whether anything is kept.
func (k *Keeper) Any() bool { return k.archive != nil || len(k.copies) > 0 }

// Sent keeps a message that the server with this name has taken. It waits for no server. The error is about the archive.
func (k *Keeper) Sent(d *ledger.Delivery, m sender.Mail, server string) error {
	now := k.c.Now()
	if copies := k.copies[server]; copies != nil {
		copies.Keep(d.Place, d.Key, d.Address, m, now)
	}
	if k.archive == nil {
		return nil
	}
	item := mailbox.Item{From: m.From, To: m.To, Name: d.Key, Date: now, Body: m.Body}
	if _, err := k.archive.Add(item); err != nil {
		return fmt.Errorf("archive: %w (%s was sent, and has no copy; make %s writable again, with room, then send again: it resumes)",
			err, d.Key, k.c.Definition.Archive)
	}
	return nil
}

// Finish closes the archive, and waits until the copies are filed or have failed. Call it once, when no Sent runs. When
// ctx has ended it waits half a minute more, but not after hard is closed. A nil Keeper has nothing to wait for. The
// error is about the archive.
func (k *Keeper) Finish(ctx context.Context, hard <-chan struct{}) (all Copies, err error) {
	if k == nil {
		return all, nil
	}
	if k.archive != nil {
		err = k.archive.Close()
	}
	if len(k.copies) == 0 {
		return all, err
	}
	trying, end := context.WithCancel(context.Background())
	defer end()
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { limit(ctx, hard, over, end) })
	if waiting := k.waiting(); waiting > 0 {
		k.c.Tell(fmt.Sprintf("all is recorded; %d copies for the Sent folder are still to be filed "+
			"(an interrupt gives them half a minute)", waiting))
		watch.Go(func() { k.report(over) })
	}
	var mu sync.Mutex
	var each sync.WaitGroup
	for _, c := range k.copies {
		each.Go(func() {
			f, err := c.Finish(trying)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				k.c.Tell("the files of copies are not removed: " + err.Error())
			}
			all.Folders = append(all.Folders, f.Folder)
			all.Filed, all.Failed, all.Named = all.Filed+f.Filed, all.Failed+f.Failed, append(all.Named, f.Named...)
		})
	}
	each.Wait()
	close(over)
	watch.Wait()
	return all, err
}

// Say reports what became of the copies, if there is no summary to report it.
func (k *Keeper) Say(c Copies) {
	if c.Filed+c.Failed == 0 {
		return
	}
	text := fmt.Sprintf("copies for the Sent folder: %d are filed, %d are not", c.Filed, c.Failed)
	if len(c.Named) > 0 {
		text += ", the first of them because: " + c.Named[0].Text
	}
	k.c.Tell(text)
}

// report says every half minute how many copies wait, until over is closed.
func (k *Keeper) report(over <-chan struct{}) {
	tick := time.NewTicker(patience)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
		}
		k.c.Tell(fmt.Sprintf("%d copies are still to be filed", k.waiting()))
	}
}

// waiting is how many copies are not filed yet.
func (k *Keeper) waiting() (n int) {
	for _, c := range k.copies {
		n += c.Waiting()
	}
	return n
}

// limit calls end half a minute after ctx has ended, or when hard is closed, unless over is closed before.
func limit(ctx context.Context, hard, over <-chan struct{}, end func()) {
	var late <-chan time.Time
	interrupted := ctx.Done()
	for {
		select {
		case <-interrupted:
			interrupted, late = nil, time.After(patience)
			continue
		case <-late:
		case <-hard:
		case <-over:
			return
		}
		end()
		return
	}
}
