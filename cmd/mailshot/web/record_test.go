package web_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
)

// asked reads the browser's own record of the network, and holds that a page asked for nothing but the window's two
// ports: neither a page of the window nor the frame of a mail, in whatever process the browser has it. What a browser
// asks its maker for on its own is another matter. Seen to fail with an image of http://192.0.2.1/ on the page of
// rehearsals, and a policy that lets it.
func (w *window) asked(log string) {
	f, err := os.Open(log)
	if err != nil {
		w.Error(err)
		return
	}
	defer f.Close()
	own := map[string]bool{}
	for _, one := range append(w.beside, w.Window) {
		own[host(one.Address())], own[host(one.MailAddress())] = true, true
	}
	var kinds struct {
		Constants struct {
			LogEventTypes map[string]int
		}
	}
	names := map[int]string{}
	requests := 0
	for s := bufio.NewReader(f); ; {
		line, err := s.ReadBytes('\n')
		if err != nil {
			break // the last event may be half written, if the browser was killed
		}
		text := strings.TrimSuffix(strings.TrimSpace(string(line)), ",")
		if len(names) == 0 && json.Unmarshal([]byte(text+"}"), &kinds) == nil {
			for name, n := range kinds.Constants.LogEventTypes {
				names[n] = name
			}
		}
		var e struct {
			Type   int
			Params struct {
				URL, Initiator string
				Kind           string `json:"request_type"`
			}
		}
		if json.Unmarshal([]byte(text), &e) != nil {
			continue
		}
		pages := e.Params.Initiator != "not an origin" || strings.HasSuffix(e.Params.Kind, "frame")
		if names[e.Type] != "URL_REQUEST_START_JOB" || e.Params.URL == "" || !pages {
			continue
		}
		if requests++; !own[host(e.Params.URL)] {
			w.Errorf("a page asks for %s", e.Params.URL)
		}
	}
	if requests == 0 && !w.Failed() {
		w.Error("the browser's record has no request: the test looks at nothing")
	}
}
