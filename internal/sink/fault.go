package sink

import (
	"slices"
	"strings"
)

// fault is what the rules say about one point.
type fault struct {
	usual  bool   // go on as if there were no rule
	gone   bool   // the connection is closed
	good   bool   // answer stands for success
	answer answer // to send in place of the usual reply
}

// fault finds the rule for a point and does what it says.
func (c *conn) fault(point, address string, e Event) fault {
	r := c.rule(point, address, e)
	if r == nil {
		return fault{usual: true}
	}
	return c.act(point, r)
}

// rule finds the rule that holds at a point, or nil.
func (c *conn) rule(point, address string, e Event) *ruleState {
	for _, r := range c.server.rules {
		if r.point == point && r.hit(c, address) {
			e.Kind, e.Connection, e.Text, e.To = "fault", c.number, r.text, slices.Clone(e.To)
			c.server.observe(e)
			return r
		}
	}
	return nil
}

// act does what a rule says, but does not send an answer, because only the caller knows the right moment for that.
func (c *conn) act(point string, r *ruleState) fault {
	switch r.action {
	case "delay":
		if !c.wait(r.delay) {
			c.kill(false)
			return fault{gone: true}
		}
		return fault{usual: true}
	case "stall":
		if point == "body" {
			// The client must get stuck in writing here, so nothing is read.
			<-c.never()
			c.kill(false)
		} else {
			c.stall()
		}
		return fault{gone: true}
	case "drop":
		c.flush()
		if point == "body" {
			c.kill(false)
		} else {
			c.drop()
		}
		return fault{gone: true}
	case "reset":
		c.flush()
		c.kill(true)
		return fault{gone: true}
	case "half":
		usual := usualReply(point)
		return fault{answer: answer{usual[:len(usual)/2], "drop"}}
	case "garbage":
		return fault{answer: answer{"\x00\xff\x15\x03?! \x80garbage\r\n", ""}}
	case "raw":
		return fault{answer: answer{r.answer, r.then}, good: successful(point, r.answer)}
	default: // reply
		then := ""
		if r.code == 421 {
			then = "close"
		}
		return fault{answer: answer{r.answer, then}, good: successful(point, r.answer)}
	}
}

// never is a channel that closes when the connection or the server ends.
func (c *conn) never() <-chan struct{} {
	select {
	case <-c.server.stopping:
		return c.server.stopping
	default:
	}
	return c.dead // Close kills every connection
}

// usualReply is what the server would have said without a rule.
func usualReply(point string) string {
	switch point {
	case "connect":
		return "220 sink.example ESMTP Service Ready\r\n"
	case "starttls":
		return "220 2.0.0 Ready to start TLS\r\n"
	case "auth":
		return "235 2.0.0 Authentication succeeded\r\n"
	case "data":
		return "354 Go ahead\r\n"
	}
	return "250 2.0.0 OK: queued\r\n"
}

// successful reports whether bytes begin with a whole reply line that means success at a point.
func successful(point, text string) bool {
	line, _, whole := strings.Cut(text, "\r\n")
	if !whole || len(line) < 3 {
		return false
	}
	switch point {
	case "data":
		return line[:3] == "354"
	case "connect", "starttls":
		return line[:3] == "220"
	}
	return line[0] == '2'
}
