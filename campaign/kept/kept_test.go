package kept

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

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
