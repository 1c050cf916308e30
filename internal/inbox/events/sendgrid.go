package events

import (
	"encoding/json"
	"strings"

	"mailshot/internal/bounce"
)

// sendGrid reads an event of SendGrid's Event Webhook, a row of its Email Activity, and an entry of its lists of
// bounces, blocks, invalid addresses, spam reports and unsubscribes, in JSON or CSV.
//
// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event,
// https://www.twilio.com/docs/sendgrid/api-reference/bounces-api
func sendGrid(o object) ([]event, error) {
	to := address(o.text("email", "toemail"))
	if !o.has("event") {
		return sendGridList(o, to)
	}
	e := event{id: o.text("sgeventid"), date: when(o.text("timestamp", "processed"))}
	e.messageIDs = angled(o.text("smtpid"))
	// Unique and custom arguments stand among the event's own fields.
	var handed []json.RawMessage
	for name, raw := range o {
		if !sendGridOwn[name] {
			handed = append(handed, raw)
		}
	}
	e.tokens = tokens(handed...)
	switch kind := strings.ToLower(o.text("event")); kind {
	case "bounce", "bounced", "blocked", "block":
		e.report = sendGridBounce(o, to, kind)
	case "deferred":
		why, how := sendGridClass(o.text("bounceclassification"), bounce.Soft)
		e.report = delayed(to, why, how, said(o.text("response", "reason"), "", o.text("status")))
	case "delivered":
		e.report = delivered(to, said(o.text("response"), "", o.text("status")))
	case "dropped", "drop":
		e.report = sendGridDropped(o.text("reason"), o.text("type"), to)
	case "spamreport", "spam_report":
		e.report = other(bounce.Complaint, to, "", 1, "spam report")
	case "unsubscribe":
		e.report = other(bounce.Unsubscribe, to, atProvider, 1, "unsubscribed")
	case "group_unsubscribe":
		e.report = other(bounce.Unsubscribe, to, atProvider, 1, "unsubscribed from group "+o.text("asmgroupid"))
	case "":
		return nil, &unread{"an event without a name", ""}
	default:
		return left(kind), nil // processed, open, click, group_resubscribe, …
	}
	if to == "" {
		return nil, &unread{"the event is about nobody: its email is not an address", ""}
	}
	return []event{e}, nil
}

// sendGridOwn are the fields that SendGrid itself fills with what others said or chose.
var sendGridOwn = map[string]bool{
	"email": true, "event": true, "reason": true, "response": true, "smtpid": true, "useragent": true, "url": true,
	"sgeventid": true, "sgmessageid": true, "timestamp": true, "status": true, "type": true,
}

// sendGridClass is the reason of a classification; otherwise vague where it says nothing.
func sendGridClass(class string, otherwise bounce.Reason) (bounce.Reason, rank) {
	switch spelled(class) {
	case "invalidaddress":
		return bounce.Hard, exact
	case "technical", "technicalfailure":
		return bounce.Soft, exact
	case "content":
		return bounce.Content, exact
	case "reputation":
		return bounce.Policy, exact
	case "frequencyvolume", "frequencyorvolumetoohigh", "volumetoohigh", "frequencyvolumetoohigh":
		return bounce.Soft, exact
	case "mailboxunavailable": // full, or not there: the server's words decide
		return bounce.Soft, vague
	}
	return otherwise, vague
}

func sendGridBounce(o object, to, kind string) bounce.Report {
	a := said(o.text("reason", "response"), "", o.text("status"))
	otherwise := bounce.Hard
	switch sort := strings.ToLower(o.text("type")); {
	case sort == "blocked" || strings.HasPrefix(kind, "block"):
		otherwise = bounce.Policy
	case sort == "expired": // it was tried for three days
		otherwise = bounce.Soft
	}
	why, how := sendGridClass(o.text("bounceclassification"), otherwise)
	return failed(to, why, how, a, "bounce")
}

// sendGridDropped is the report of a message that SendGrid did not send.
func sendGridDropped(reason, kind, to string) bounce.Report {
	words := strings.TrimSpace("dropped: " + reason)
	switch lower := strings.ToLower(reason + " " + kind); {
	case strings.Contains(lower, "unsubscribed"):
		return other(bounce.Unsubscribe, to, atProvider, 0.8, words)
	case strings.Contains(lower, "spam report"):
		return other(bounce.Complaint, to, "", 0.8, words)
	case strings.Contains(lower, "bounced address"):
		r := failed(to, bounce.Hard, vague, answer{}, words)
		r.Detail = "suppressed by the provider"
		return r
	case strings.Contains(lower, "smtpapi"), strings.Contains(lower, "spam content"):
		return failed(to, bounce.Content, exact, answer{}, words)
	case strings.Contains(lower, "invalid"):
		return failed(to, bounce.Hard, vague, answer{}, words)
	}
	return failed(to, bounce.Policy, vague, answer{}, words)
}

// sendGridList reads an entry of a list. It names no message. Bounces and blocks have the same fields, so that the
// server's words decide, and without them nobody knows.
func sendGridList(o object, to string) ([]event, error) {
	if to == "" {
		return nil, &unread{"an entry without an address", "the column is called email"}
	}
	e := event{date: when(o.text("created", "createdat"))}
	reason, status := o.text("reason"), o.text("status")
	switch {
	case o.has("reason", "status"):
		e.report = failed(to, bounce.Unknown, vague, said(reason, "", status), "bounce or block")
	case o.has("reason"):
		e.report = failed(to, bounce.Hard, vague, answer{}, reason, "invalid address")
	case o.has("ip"):
		e.report = other(bounce.Complaint, to, "", 1, "spam report")
	case o.has("created"), o.has("groupid"):
		e.report = other(bounce.Unsubscribe, to, atProvider, 1, strings.TrimSpace("unsubscribed "+o.text("groupname")))
	default:
		return nil, &unread{"not an event and not an entry of a list of SendGrid", ""}
	}
	return []event{e}, nil
}
