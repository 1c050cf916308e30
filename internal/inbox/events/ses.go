package events

import (
	"encoding/json"
	"slices"
	"strings"

	"mailshot/internal/bounce"
)

// ses reads what Amazon SES publishes: to SNS as notifications (notificationType) and as events (eventType), with or
// without the envelope of SNS, SQS, Lambda or EventBridge around it; to Firehose and S3 the same events; and a list of
// suppressed addresses. depth is how many envelopes are around it.
//
// https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html,
// https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
func ses(o object, depth int) ([]event, error) {
	if inner, ok := unwrapped(o); ok {
		if depth > 4 {
			return nil, &unread{"too many envelopes around an event", ""}
		}
		if inner == nil {
			return left("note of SNS"), nil
		}
		return ses(inner, depth+1)
	}
	if o.has("topicarn", "message") {
		return left("note of SNS"), nil // its message is a text: what SES says when a topic is set up
	}
	if o.has("emailaddress", "lastupdatetime") {
		return sesList(o), nil
	}
	kind := o.text("eventtype", "notificationtype")
	mail := o.within("mail")
	if kind == "" || mail == nil {
		return nil, &unread{"not an event of SES", "an event has eventType or notificationType, and mail"}
	}
	return sesEvent(o, kind, mail)
}

// unwrapped takes one envelope off. inner is nil for a message of SNS that is about a topic. ok is false if there is no
// envelope.
func unwrapped(o object) (inner object, ok bool) {
	switch {
	case o.has("detailtype", "detail"): // EventBridge
		return o.within("detail"), true
	case o.has("sns"): // a record of Lambda
		return o.within("sns"), true
	case o.has("topicarn", "message"):
		if kind := o.text("type"); kind != "" && kind != "Notification" {
			return nil, true
		}
		if inner, err := parse([]byte(o.text("message"))); err == nil {
			return inner, true
		}
		return nil, false
	case o.has("body", "receipthandle"): // a message of SQS
		inner, _ = parse([]byte(o.text("body")))
		return inner, true
	}
	return nil, false
}

func sesEvent(o object, kind string, mail object) ([]event, error) {
	base := event{about: sesAbout(mail), date: when(mail.text("timestamp"))}
	found, err := sesKind(o, kind, mail, base)
	sent := addresses(mail.texts("destination")...)
	for i := range found {
		to := found[i].report.Recipient
		found[i].hearsay = to != "" && !slices.ContainsFunc(sent, func(a string) bool { return strings.EqualFold(a, to) })
	}
	return found, err
}

func sesKind(o object, kind string, mail object, base event) ([]event, error) {
	switch spelled(kind) {
	case "bounce":
		return sesBounce(o.within("bounce"), base)
	case "complaint":
		return sesComplaint(o.within("complaint"), base)
	case "delivery":
		part := o.within("delivery")
		a := said(part.text("smtpresponse"), "", "")
		return base.each(part, "delivery", part.texts("recipients"), func(to string) bounce.Report {
			return delivered(to, a)
		})
	case "deliverydelay":
		return sesDelay(o.within("deliverydelay"), base)
	case "reject":
		why := o.within("reject").text("reason")
		return base.each(nil, "reject", mail.texts("destination"), func(to string) bounce.Report {
			return failed(to, bounce.Content, exact, answer{}, why)
		})
	case "renderingfailure":
		why := o.within("failure").text("errormessage")
		return base.each(nil, "rendering failure", mail.texts("destination"), func(to string) bounce.Report {
			return failed(to, bounce.Content, exact, answer{}, why)
		})
	case "subscription":
		return sesSubscription(o.within("subscription"), mail, base)
	}
	return left(kind), nil // Send, Open, Click, Received, and what is new
}

// sesAbout is how an event of SES names the message. SES writes a Message-ID of its own; the one that it was given is
// in the headers, where they are published.
func sesAbout(mail object) about {
	var original, own, others []string
	var handed []json.RawMessage
	for _, h := range mail.objects("headers") {
		name, value := strings.ToLower(h.text("name")), h.text("value")
		switch {
		case name == "message-id":
			original = append(original, value)
		case name == "return-path":
			others = append(others, value)
		case strings.HasPrefix(name, "x-"):
			handed = append(handed, h["value"])
		}
	}
	original = append(original, mail.within("commonheaders").text("messageid"))
	if id := mail.text("messageid"); id != "" {
		own = append(own, id)
	}
	return about{
		messageIDs: angled(append(original, own...)...),
		senders:    addresses(append([]string{mail.text("source")}, others...)...),
		tokens:     tokens(append(handed, mail["tags"])...),
	}
}

// each makes an event for each recipient.
func (e event) each(part object, kind string, to []string, report func(to string) bounce.Report) ([]event, error) {
	if len(to) == 0 {
		return nil, &unread{"a " + kind + " names no recipient", ""}
	}
	if t := when(part.text("timestamp")); !t.IsZero() {
		e.date = t
	}
	var all []event
	for _, to := range to {
		one := e
		if id := part.text("feedbackid"); id != "" {
			one.id = kind + ":" + id
		}
		one.report = report(address(to))
		all = append(all, one)
	}
	return all, nil
}

// sesCategories are the types and subtypes of bounces. The documentation tells to take off whoever has a permanent one;
// but General has what servers refuse for the sender's sake, too.
var sesCategories = map[string]struct {
	why bounce.Reason
	how rank
}{
	"permanent/noemail":                  {bounce.Hard, exact},
	"permanent/suppressed":               {bounce.Hard, vague},
	"permanent/onaccountsuppressionlist": {bounce.Hard, vague},
	"permanent/unsubscribedrecipient":    {bounce.Policy, exact},
	"permanent/":                         {bounce.Hard, vague},
	"transient/mailboxfull":              {bounce.Full, exact},
	"transient/messagetoolarge":          {bounce.Content, exact},
	"transient/contentrejected":          {bounce.Content, exact},
	"transient/attachmentrejected":       {bounce.Content, exact},
	"transient/":                         {bounce.Soft, vague},
	"undetermined/":                      {bounce.Unknown, vague},
	// Of a delay.
	"delay/mailboxfull":  {bounce.Full, exact},
	"delay/spamdetected": {bounce.Content, exact},
	"delay/ipfailure":    {bounce.Policy, exact},
	"delay/undetermined": {bounce.Unknown, vague},
	"delay/":             {bounce.Soft, vague},
}

func sesCategory(kind, sub string) (bounce.Reason, rank) {
	c, ok := sesCategories[spelled(kind)+"/"+spelled(sub)]
	if !ok {
		if c, ok = sesCategories[spelled(kind)+"/"]; !ok {
			return bounce.Unknown, vague
		}
	}
	return c.why, c.how
}

func sesBounce(part object, base event) ([]event, error) {
	kind, sub := part.text("bouncetype"), part.text("bouncesubtype")
	why, how := sesCategory(kind, sub)
	answers := map[string]answer{}
	var to []string
	for _, r := range part.objects("bouncedrecipients") {
		a := address(r.text("emailaddress"))
		if a == "" {
			return nil, &unread{"a bounced recipient is not an address", ""}
		}
		to = append(to, a)
		answers[a] = said(r.text("diagnosticcode"), "", r.text("status"))
	}
	return base.each(part, "bounce", to, func(to string) bounce.Report {
		a := answers[to]
		if how == vague && why == bounce.Hard && spelled(sub) != "general" && sub != "" {
			a.text, a.code = "", 0 // the words are SES's own: its list forbids the address
			r := failed(to, why, vague, answer{}, answers[to].text, kind+"/"+sub)
			r.Enhanced, r.Detail = a.enhanced, "suppressed by the provider"
			return r
		}
		return failed(to, why, how, a, kind+"/"+sub)
	})
}

// sesComplaint reads a complaint. Where several recipients are named, nobody is: SES names all at the domain that
// complained.
func sesComplaint(part object, base event) ([]event, error) {
	feedback := strings.ToLower(part.text("complaintfeedbacktype"))
	kind, confidence := bounce.Complaint, 1.0
	switch {
	case feedback == "not-spam" || feedback == "auth-failure" || feedback == "virus":
		kind = bounce.Other
	case part.text("complaintsubtype") != "": // it was on the account's list of those who complained
		confidence = 0.8
	}
	words := strings.TrimSpace("complaint " + feedback)
	var to []string
	for _, r := range part.objects("complainedrecipients") {
		to = append(to, r.text("emailaddress"))
	}
	if len(to) > 1 {
		to, confidence = []string{""}, 0.5
		words += ": one of several recipients at the domain"
	}
	return base.each(part, "complaint", to, func(to string) bounce.Report {
		return other(kind, to, feedback, confidence, words)
	})
}

func sesDelay(part object, base event) ([]event, error) {
	kind := part.text("delaytype")
	why, how := sesCategory("delay", kind)
	answers := map[string]answer{}
	var to []string
	for _, r := range part.objects("delayedrecipients") {
		a := address(r.text("emailaddress"))
		to = append(to, a)
		answers[a] = said(r.text("diagnosticcode"), "", r.text("status"))
	}
	return base.each(part, "delay", to, func(to string) bounce.Report { return delayed(to, why, how, answers[to], kind) })
}

// sesSubscription reads that a person changed what they get, by a link of SES.
func sesSubscription(part, mail object, base event) ([]event, error) {
	now := part.within("newtopicpreferences")
	gone := strings.EqualFold(now.text("unsubscribeall"), "true")
	var topics []string
	for _, name := range []string{"topicsubscriptionstatus", "topicdefaultsubscriptionstatus"} {
		for _, t := range now.objects(name) {
			if strings.EqualFold(t.text("subscriptionstatus"), "OptOut") {
				topics = append(topics, t.text("topicname"))
			}
		}
	}
	if !gone && len(topics) == 0 {
		return left("Subscription"), nil
	}
	words := "unsubscribed from all of " + part.text("contactlist")
	if !gone {
		words = "unsubscribed from " + strings.Join(topics, ", ")
	}
	return base.each(part, "subscription", mail.texts("destination"), func(to string) bounce.Report {
		return other(bounce.Unsubscribe, to, atProvider, 1, words)
	})
}

// sesList reads an entry of the account's list of suppressed addresses. It names no message.
func sesList(o object) []event {
	e := event{date: when(o.text("lastupdatetime"))}
	to, why := address(o.text("emailaddress")), o.text("reason")
	switch strings.ToUpper(why) {
	case "COMPLAINT":
		e.report = other(bounce.Complaint, to, "", 0.8, "COMPLAINT")
	case "BOUNCE":
		e.report = failed(to, bounce.Hard, vague, answer{}, "BOUNCE")
		e.report.Detail = "suppressed by the provider"
	default:
		return left("suppressed: " + why)
	}
	return []event{e}
}
