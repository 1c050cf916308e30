package events

import (
	"strings"

	"mailshot/internal/bounce"
)

// mailgun reads a webhook of Mailgun (signature and event-data), an item of its events API, and an entry of its lists
// of bounces, complaints and unsubscribes, in JSON or CSV.
//
// https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads,
// https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-types,
// https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/bounces
func mailgun(o object) ([]event, error) {
	if o.has("eventdata") {
		inner := o.within("eventdata")
		if inner == nil {
			return nil, &unread{"event-data is not an object", ""}
		}
		o = inner
	}
	if o.has("address") && !o.has("event") {
		return mailgunList(o)
	}
	message, status := o.within("message").within("headers"), o.within("deliverystatus")
	e := event{id: o.text("id"), date: when(o.text("timestamp"), o.text("timestampiso"), o.text("date"))}
	if e.id != "" { // it is one among those of a day
		e.id = e.date.Format("20060102") + ":" + e.id
	}
	e.messageIDs = angled(message.text("messageid"), o.text("messageid"), o.text("messageheadersmessageid"))
	e.senders = addresses(o.within("envelope").text("sender"), o.text("envelopesender"))
	e.tokens = tokens(o["uservariables"], o["tags"])
	to := address(o.text("recipient"))
	if to == "" {
		to = address(o.within("envelope").text("targets"))
	}
	switch kind := strings.ToLower(o.text("event")); kind {
	case "failed", "permanent_fail", "temporary_fail":
		e.report = mailgunFailed(o, status, to, kind)
	case "rejected":
		why := o.within("reject")
		if to == "" {
			to = address(message.text("to"))
		}
		e.report = failed(to, bounce.Content, vague, answer{}, why.text("description"), why.text("reason"), "rejected")
	case "delivered":
		e.report = delivered(to, mailgunAnswer(o, status))
	case "complained":
		e.report = other(bounce.Complaint, to, "", 1, "complained")
	case "unsubscribed":
		e.report = other(bounce.Unsubscribe, to, atProvider, 1, "unsubscribed")
	case "":
		return nil, &unread{"not an event of Mailgun", "an event has event; a webhook has event-data"}
	default:
		return left(kind), nil // accepted, opened, clicked, stored, …
	}
	if to == "" {
		return nil, &unread{"the event is about nobody: its recipient is not an address", ""}
	}
	return []event{e}, nil
}

// mailgunAnswer is what the server said; in rows of CSV the names of the fields run together.
func mailgunAnswer(o, status object) answer {
	if status == nil {
		status = object{}
	}
	text := status.text("message", "description")
	if text == "" {
		text = o.text("deliverystatusmessage", "deliverystatusdescription")
	}
	code, enhanced := status.text("code"), status.text("enhancedcode")
	if code == "" {
		code, enhanced = o.text("deliverystatuscode"), o.text("deliverystatusenhancedcode")
	}
	return said(text, code, enhanced)
}

// mailgunFailed reads a failure. Codes such as 605 are Mailgun's own: the address is on one of its lists.
func mailgunFailed(o, status object, to, kind string) bounce.Report {
	reason, a := strings.ToLower(o.text("reason")), mailgunAnswer(o, status)
	words := "failed: " + reason
	switch reason {
	case "suppress-bounce":
		r := failed(to, bounce.Hard, vague, answer{}, a.text, words)
		r.Detail = "suppressed by the provider"
		return r
	case "suppress-complaint":
		return other(bounce.Complaint, to, "", 0.8, a.text, words)
	case "suppress-unsubscribe":
		return other(bounce.Unsubscribe, to, atProvider, 0.8, a.text, words)
	}
	why, how := bounce.Unknown, vague
	switch reason {
	case "bounce", "hardfail":
		why = bounce.Hard
	case "old", "greylisted":
		why, how = bounce.Soft, exact
	case "espblock", "blacklisted":
		why = bounce.Policy
	}
	if strings.EqualFold(status.text("bouncetype"), "soft") && why != bounce.Policy {
		why, how = bounce.Soft, vague
	}
	if strings.EqualFold(o.text("severity"), "temporary") || kind == "temporary_fail" {
		if why == bounce.Hard || why == bounce.Unknown {
			why = bounce.Soft
		}
		return delayed(to, why, how, a, words)
	}
	return failed(to, why, how, a, words)
}

// mailgunList reads an entry of a list, which the columns tell apart: bounces have code and error, unsubscribes have
// tags, complaints have neither. It names no message.
func mailgunList(o object) ([]event, error) {
	to := address(o.text("address"))
	if to == "" {
		return nil, &unread{"an entry without an address", "the column is called address"}
	}
	e := event{date: when(o.text("createdat"))}
	e.messageIDs = angled(o.text("messagehash"), o.text("messageid"))
	switch {
	case o.has("code"), o.has("error"):
		a := said(o.text("error"), o.text("code"), "")
		e.report = failed(to, bounce.Hard, vague, a, "bounce")
	case o.has("tags"), o.has("tag"):
		e.report = other(bounce.Unsubscribe, to, atProvider, 1, "unsubscribed")
	case o.has("createdat"):
		e.report = other(bounce.Complaint, to, "", 1, "complained")
	default:
		return nil, &unread{"not an entry of a list of Mailgun", "bounces have address, code, error, created_at"}
	}
	return []event{e}, nil
}
