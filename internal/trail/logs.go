package trail

import (
	"regexp"
	"strings"
)

// postfixLine is a line of Postfix about a message in its queue, whatever comes before the program's name (syslog's
// time and host, or Postfix's own): the daemon, the queue id (short, or long with enable_long_queue_ids), and the rest.
var postfixLine = regexp.MustCompile(`\bpostfix[^/\s\[]*/([a-z0-9/_-]+)\[\d+\]: (?:[a-z]+: )?` +
	`([0-9A-F]{5,}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,}): (.*)$`)

var (
	messageID = regexp.MustCompile(`^message-id=<?([^\s<>,]*)>?`)
	status    = regexp.MustCompile(`\bstatus=([a-z-]+) \((.*)\)\s*$`)
	expired   = regexp.MustCompile(`, status=(?:force-)?expired, returned to sender$`)
)

// postfix follows each wanted message through the queue. cleanup names the Message-ID of a queue id, qmgr says that the
// message is in the queue, and the delivery agents say what became of it.
func (f *Finder) postfix(in *lines, _ string) error {
	ids := map[string]string{} // wanted Message-IDs by queue id
	for in.next() {
		m := postfixLine.FindStringSubmatch(in.text)
		if m == nil {
			continue
		}
		daemon, queue, rest := m[1], m[2], m[3]
		if i := strings.LastIndexByte(daemon, '/'); i >= 0 {
			daemon = daemon[i+1:] // postfix/submission/smtpd
		}
		if daemon == "smtpd" && strings.HasPrefix(rest, "client=") {
			delete(ids, queue) // short queue ids are used again, and the next message may have no Message-ID
			continue
		}
		if found := messageID.FindStringSubmatch(rest); found != nil && daemon == "cleanup" {
			if id := strings.ToLower(found[1]); f.Wanted(id) {
				ids[queue] = id
			} else {
				delete(ids, queue)
			}
			continue
		}
		id, ok := ids[queue]
		if !ok {
			continue
		}
		switch {
		case strings.HasPrefix(rest, "milter-reject: END-OF-MESSAGE"), strings.HasPrefix(rest, "reject: "):
			if words := rest[strings.Index(rest, ": ")+2:]; permanent(words) {
				f.rejected(id, words)
			}
		case daemon == "qmgr" && strings.HasSuffix(rest, "(queue active)"):
			f.note(id, Fate{Words: "in the relay's queue as " + queue})
		case daemon == "qmgr" && expired.MatchString(rest):
			f.note(id, Fate{Refused: true, Words: "given up by the relay"})
		default:
			s := status.FindStringSubmatch(rest)
			switch {
			case s == nil:
			case s[1] == "bounced", s[1] == "undeliverable":
				f.note(id, Fate{Refused: true, Words: s[2]})
			case s[1] == "sent", s[1] == "deferred":
				f.better(id, s[1], s[2])
			}
		}
	}
	return in.err
}

// better notes that a message was taken. The later words replace those that say that it was queued.
func (f *Finder) better(id, status, words string) {
	f.note(id, Fate{Words: words})
	if was, ok := f.Found[id]; ok && !was.Refused {
		if status == "deferred" {
			words = "deferred in the relay's queue: " + words
		}
		f.Found[id] = Fate{Words: words}
	}
}

// rejected notes that the relay did not take the message. The message may have been offered once more with the same
// Message-ID: if it was taken at any time, or bounced, that counts.
func (f *Finder) rejected(id, words string) {
	if _, ok := f.Found[id]; !ok {
		f.note(id, Fate{Refused: true, Words: words, offered: true})
	}
}

// permanent reports whether a rejection is permanent: "… : 5.7.1 words" or "… : 554 5.7.1 words".
func permanent(words string) bool {
	for part := range strings.SplitSeq(words, ": ") {
		if len(part) > 3 && part[0] == '5' && (part[1] == '.' || part[3] == ' ') {
			return true
		}
	}
	return false
}

// eximLine is a line of Exim's main log about a message: the message's own id (6-6-2 characters, 6-11-4 since 4.97), a
// flag, the rest. Before the id is the time, with a zone and a process number if log_selector and log_timezone ask for
// them.
var eximLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])? ` +
	`([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) ` +
	`(<=|=>|->|>>|\*\*|==|\*>|Completed|[^\s]+)(.*)$`)

var eximID = regexp.MustCompile(` id=(\S+)`)

// exim follows each wanted message. Exim writes "<=" when it takes a message, "=>" when it delivers it, "**" when it
// bounces it, and "==" when it defers it.
func (f *Finder) exim(in *lines, _ string) error {
	ids := map[string]string{}
	for in.next() {
		m := eximLine.FindStringSubmatch(in.text)
		if m == nil {
			continue
		}
		own, flag, rest := m[1], m[2], strings.TrimSpace(m[3])
		if flag == "<=" {
			if found := eximID.FindStringSubmatch(m[3]); found != nil {
				if id := strings.ToLower(strings.Trim(found[1], "<>")); f.Wanted(id) {
					ids[own] = id
					f.note(id, Fate{Words: "in the relay's queue as " + own})
				}
			}
			continue
		}
		id, ok := ids[own]
		if !ok {
			continue
		}
		switch flag {
		case "=>", "->", ">>":
			f.better(id, "sent", rest)
		case "==":
			f.better(id, "deferred", rest)
		case "**":
			f.note(id, Fate{Refused: true, Words: rest})
		}
	}
	return in.err
}
