package events

import (
	"encoding/json"
	"strings"

	"mailshot/internal/bounce"
)

// brevo reads a webhook of Brevo (transactional or marketing, single or of a batch), an event of its API of statistics,
// a row of its weekly export, which has the fields of the webhook, and a row of the logs, which has st_text, ts, sub,
// frm, email, tag, mid, link.
//
// https://developers.brevo.com/docs/transactional-webhooks, https://developers.brevo.com/docs/marketing-webhooks,
// https://developers.brevo.com/docs/batch-webhooks,
// https://help.brevo.com/hc/en-us/articles/360021533839-Manage-your-transactional-logs-and-email-previews
func brevo(o object) ([]event, error) {
	to := address(o.text("email"))
	name := o.text("event", "sttext")
	c, ok := brevoKinds[spelled(name)]
	switch {
	case name == "":
		return nil, &unread{"not an event of Brevo", "an event has event; a row of the logs has st_text"}
	case !ok && o.has("sttext"):
		return nil, &unread{"an event of a name that is not known: " + name,
			"the logs are in the language of the account; set it to English and export them again"}
	case !ok || c.kind == "":
		return left(name), nil
	case to == "":
		return nil, &unread{"the event is about nobody: its email is not an address", ""}
	}
	e := event{date: when(o.text("tsepoch"), o.text("tsevent"), o.text("ts"), o.text("date"))}
	e.messageIDs = angled(o.text("messageid", "mid"))
	e.tokens = tokens(o["xmailincustom"], o["tags"], o["tag"], brevoTag(o))
	a := said(o.text("reason"), "", "")
	switch c.kind {
	case bounce.Bounce:
		why, how := c.why, c.how
		if lower := strings.ToLower(a.text); why == bounce.Policy && strings.Contains(lower, "unsubscribed") {
			e.report = other(bounce.Unsubscribe, to, atProvider, 0.8, a.text)
			return []event{e}, nil
		}
		e.report = failed(to, why, how, a, name)
	case bounce.Delayed:
		e.report = delayed(to, c.why, c.how, a, name)
	case bounce.Delivered:
		e.report = delivered(to, a)
	case bounce.Unsubscribe:
		e.report = other(c.kind, to, atProvider, 1, name)
	default:
		e.report = other(c.kind, to, "", 1, name)
	}
	return []event{e}, nil
}

// brevoTag is the tag of a webhook of old, which is a JSON text in a text.
func brevoTag(o object) json.RawMessage {
	if s := o.text("tag"); strings.HasPrefix(s, "[") {
		return json.RawMessage(s)
	}
	return nil
}

// brevoKinds are the events by their names in the webhooks, in the API and in the logs. Without a kind an event is left
// out.
var brevoKinds = map[string]meaning{
	"hardbounce":   {bounce.Bounce, bounce.Hard, vague},
	"hardbounces":  {bounce.Bounce, bounce.Hard, vague},
	"hardbounced":  {bounce.Bounce, bounce.Hard, vague},
	"softbounce":   {bounce.Bounce, bounce.Soft, vague},
	"softbounces":  {bounce.Bounce, bounce.Soft, vague},
	"softbounced":  {bounce.Bounce, bounce.Soft, vague},
	"invalidemail": {bounce.Bounce, bounce.Hard, vague},
	"invalid":      {bounce.Bounce, bounce.Hard, vague},
	"blocked":      {bounce.Bounce, bounce.Policy, vague},
	"error":        {bounce.Bounce, bounce.Unknown, vague},
	"deferred":     {bounce.Delayed, bounce.Soft, vague},
	"delivered":    {bounce.Delivered, "", vague},
	"spam":         {bounce.Complaint, "", exact},
	"complaint":    {bounce.Complaint, "", exact},
	"unsubscribe":  {bounce.Unsubscribe, "", exact},
	"unsubscribed": {bounce.Unsubscribe, "", exact},

	"sent": {}, "request": {}, "requests": {}, "opened": {}, "open": {}, "firstopening": {}, "uniqueopened": {},
	"click": {}, "clicks": {}, "clicked": {}, "loadedbyproxy": {}, "proxyopen": {}, "uniqueproxyopen": {},
	"firstopeningbyproxy": {}, "listaddition": {}, "contactupdated": {}, "contactdeleted": {}, "markedasspam": {
		bounce.Complaint, "", exact,
	},
}
