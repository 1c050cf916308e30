package desk

import (
	"net/http"
	"time"

	"mailshot/cmd/mailshot/web/runs"
)

// Between two events of a stream there is at least this: a page shows a run, and does not slow it down.
const between = 500 * time.Millisecond

// alive is how often a stream says that it is there.
const alive = 15 * time.Second

// Stream answers with a stream of server-sent events about a run: each says that the page has something new to show. A
// stream that was cut off is taken up by asking again, for the page is made anew from the run. Without a run (nil) there
// is nothing to tell.
func Stream(w http.ResponseWriter, r *http.Request, run *runs.Run) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	write := func(s string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(alive)) // not every ResponseWriter has one
		_, err := w.Write([]byte(s))
		return err == nil && out.Flush() == nil
	}
	if run == nil || !write("retry: 1000\n\n") {
		return
	}
	for {
		changed := run.Changed()
		s := run.Snapshot()
		if !write("event: changed\ndata: "+string(s.Phase)+"\n\n") || s.Phase == runs.Ended || s.Phase == runs.Planned {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-time.After(2 * time.Second):
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(between):
		}
	}
}
