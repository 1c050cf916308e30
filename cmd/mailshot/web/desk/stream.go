package desk

import (
	"context"
	"net/http"
	"time"

	"mailshot/cmd/mailshot/web/runs"
)

const (
	// between is the least time between two events of a stream: a page shows a run, and does not slow it down.
	between = 500 * time.Millisecond
	// look is how often what nobody announces is looked at: the counts of a run, and a run of another process.
	look = time.Second
	// alive is how long a page may take to read an event.
	alive = 15 * time.Second
)

// News is what a stream of events tells next.
type News struct {
	Of      string          // what the page is made anew for; "" = nothing is new
	More    bool            // something goes on, so that there will be news
	Changed <-chan struct{} // closed when there is news before the next look; nil = nobody says so
}

// Run is the news of a run, until it waits for a person or has ended. Of nil there is none.
func Run(run *runs.Run) func(context.Context) News {
	return func(context.Context) News {
		if run == nil {
			return News{}
		}
		changed := run.Changed()
		phase := run.Phase()
		waits := phase == runs.Planned || phase == runs.Asking
		return News{string(phase), phase != runs.Ended && !waits, changed}
	}
}

// Stream answers with a stream of server-sent events: each says that the page has something new to show. It ends with
// the news. A stream that was cut off is taken up by asking again, for the page is made anew from what is the case
// then.
func Stream(w http.ResponseWriter, r *http.Request, next func(context.Context) News) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	write := func(s string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(alive)) // not every ResponseWriter has one
		_, err := w.Write([]byte(s))
		return err == nil && out.Flush() == nil
	}
	ctx := r.Context()
	for on := write("retry: 1000\n\n"); on; {
		n := next(ctx)
		text := ": alive\n\n" // so that a page that is gone is noticed
		if n.Of != "" {
			text = "event: changed\ndata: " + n.Of + "\n\n"
		}
		on = write(text) && n.More && wait(ctx, n.Changed, look) && (n.Changed == nil || wait(ctx, nil, between))
	}
}

// wait waits for a change or for so long; it is false if ctx has ended.
func wait(ctx context.Context, changed <-chan struct{}, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-t.C:
	}
	return true
}
