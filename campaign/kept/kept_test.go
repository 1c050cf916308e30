package kept

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign/transport"
)

// What became of copies is told where there is no summary, and nothing where there were none.
func TestSay(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Copies{
		"": {},
		"copies for the Sent folder: 3 are filed, 0 are not":                                  {Filed: 3},
		"copies for the Sent folder: 1 are filed, 2 are not, the first of them because: full": {Filed: 1, Failed: 2, Named: []transport.Unfiled{{Text: "full"}}},
	} {
		got := ""
		k := &Keeper{c: Config{Tell: func(text string) { got += text }}}
		if k.Say(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	(*Keeper)(nil).Say(Copies{})
}

// How long copies are filed: half a minute after an interrupt, not at all after a second one, and as long as it takes
// without one.
//
// Broken on purpose: with ctx alone asked, the half minute was none.
func TestLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		interrupt, hard, over time.Duration // 0 = never
		want                  time.Duration // when the tries end; 0 = they do not
	}{
		"all filed":             {over: time.Hour},
		"an interrupt":          {interrupt: time.Minute, want: 90 * time.Second},
		"two interrupts":        {interrupt: time.Minute, hard: 61 * time.Second, want: 61 * time.Second},
		"filed after interrupt": {interrupt: time.Minute, over: 80 * time.Second},
		"a second one alone":    {hard: time.Second, want: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				hard, over := make(chan struct{}), make(chan struct{})
				begin := time.Now()
				for at, do := range map[time.Duration]func(){
					c.interrupt: interrupt, c.hard: func() { close(hard) }, c.over: func() { close(over) },
				} {
					if at > 0 {
						time.AfterFunc(at, do)
					}
				}
				var ended time.Duration
				limit(ctx, hard, over, func() { ended = time.Since(begin) })
				if ended != c.want {
					t.Errorf("after %v, want %v", ended, c.want)
				}
			})
		})
	}
}
