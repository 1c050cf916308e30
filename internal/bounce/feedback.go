package bounce

import (
	"encoding/json"
	"strings"

	"mailshot/internal/bounce/parts"
)

// complaints reads feedback reports (RFC 5965), and the forms in which Microsoft and others send the same.
func (l *layout) complaints() []Report {
	if len(l.feedback) == 0 && l.root.Params["report-type"] == "feedback-report" {
		l.feedback = parts.Fields(l.whole)
	}
	var h parts.Header
	for _, group := range l.feedback {
		h = append(h, group...)
	}
	if len(h) == 0 {
		return l.bareComplaint()
	}
	r := Report{Detail: strings.ToLower(strings.TrimSpace(h.Get("Feedback-Type"))), Confidence: 1,
		Line: "Feedback-Type: " + h.Get("Feedback-Type")}
	switch r.Detail {
	case "abuse", "complaint":
		r.Kind = Complaint
	case "fraud":
		r.Kind, r.Confidence = Complaint, 0.9
	case "":
		if !strings.EqualFold(h.Get("Abuse-Type"), "complaint") {
			return nil
		}
		r.Kind, r.Confidence, r.Line = Complaint, 0.9, "Abuse-Type: "+h.Get("Abuse-Type")
	default:
		r.Kind = Other
	}
	var all []Report
	for _, v := range h.All("Original-Rcpt-To") {
		for _, a := range addressesIn(v) {
			r.Recipient = a
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		r.Recipient = l.complainer()
		all = []Report{r}
	}
	return all
}

// complainer returns who the returned message says that it went to, in the fields that providers of feedback add.
func (l *layout) complainer() string {
	for _, h := range l.originals {
		for _, name := range []string{"X-HmXmrOriginalRecipient", "X-MSFBL-Recipient", "X-Original-Recipient"} {
			if a := firstAddress(h.Get(name)); a != "" {
				return a
			}
		}
	}
	return ""
}

// bareComplaint reads what Microsoft's programme sends: the message alone, under a subject of theirs, with the recipient
// in a field of its header.
func (l *layout) bareComplaint() []Report {
	if a := firstAddress(l.root.Header.Get("X-HmXmrOriginalRecipient")); a != "" {
		l.originals = append(l.originals, l.root.Header)
		return []Report{{Kind: Complaint, Recipient: a, Detail: "abuse", Confidence: 0.8,
			Line: "X-HmXmrOriginalRecipient: " + a}}
	}
	subject := strings.ToLower(strings.TrimSpace(l.root.Header.Text("Subject")))
	if !strings.HasPrefix(subject, "complaint about message from") {
		return nil
	}
	from := strings.ToLower(firstAddress(l.root.Header.Get("From")))
	to := l.complainer()
	if to == "" && !strings.HasSuffix(from, "@hotmail.com") && !strings.HasSuffix(from, "@outlook.com") {
		return nil
	}
	return []Report{{Kind: Complaint, Recipient: to, Detail: "abuse", Confidence: 0.9,
		Line: "Subject: " + l.root.Header.Text("Subject")}}
}

// dispositions reads what became of a message in a mailbox (RFC 8098).
func (l *layout) dispositions() []Report {
	var all []Report
	for _, h := range l.disposition {
		v := strings.ToLower(h.Get("Disposition"))
		if v == "" {
			continue
		}
		mode, what, _ := strings.Cut(v, ";")
		what, _, _ = strings.Cut(strings.TrimSpace(what), "/")
		r := Report{Kind: Disposition, Recipient: recipientOf(h), Original: typedAddress(h.Get("Original-Recipient")),
			Detail: strings.TrimSpace(what), Confidence: 1, Line: "Disposition: " + h.Get("Disposition")}
		if strings.Contains(mode, "automatic-action") && (r.Detail == "deleted" || r.Detail == "denied") {
			l.refusal(&r)
		}
		all = append(all, r)
	}
	return all
}

// refusal reads the words of a mailbox that took a message and sent it back, which servers report as a disposition:
// Sieve's reject (RFC 5429) and a full mailbox.
func (l *layout) refusal(r *Report) {
	submitted := strings.ToLower(l.root.Header.Get("Auto-Submitted"))
	if !strings.Contains(submitted, "rejected") && !strings.Contains(flat(l.notice), "automatically rejected") {
		return
	}
	line := strings.TrimSpace(l.notice)
	if _, after, found := strings.Cut(line, "rejected:"); found {
		line = strings.TrimSpace(after)
	}
	r.Kind, r.Confidence = Bounce, 0.9
	said := words{text: line, final: true}
	said.decide(r)
	if r.Reason != Full {
		r.Reason = Policy // whoever can reject has a mailbox
	}
	r.Line = line
}

// event is what Amazon's service for notifications sends by mail, as far as it is needed.
type event struct {
	NotificationType, EventType string
	Message                     string
	Bounce                      struct {
		BounceType, BounceSubType string
		BouncedRecipients         []struct{ EmailAddress, Action, Status, DiagnosticCode string }
	}
	Complaint struct {
		ComplaintFeedbackType string
		ComplainedRecipients  []struct{ EmailAddress string }
	}
	Delivery struct{ Recipients []string }
	Mail     struct {
		MessageID, Source string
		Headers           []parts.Field
	}
}

// events reads an event of Amazon SES that came as a mail.
func (l *layout) events() []Report {
	body := strings.TrimSpace(l.whole)
	if !strings.HasPrefix(body, "{") {
		return nil
	}
	// Long lines were cut on the way: by sendmail with an exclamation mark, by others without.
	body = strings.ReplaceAll(strings.ReplaceAll(body, "!\n ", ""), "\n", "")
	var e event
	if json.NewDecoder(strings.NewReader(body)).Decode(&e) != nil {
		return nil
	}
	if e.Message != "" && json.Unmarshal([]byte(e.Message), &e) != nil {
		return nil
	}
	if len(e.Mail.Headers) > 0 {
		l.originals = append(l.originals, e.Mail.Headers)
	}
	if a := firstAddress(e.Mail.Source); a != "" {
		l.originals = append(l.originals, parts.Header{{Name: "Return-Path", Value: a}})
	}
	var all []Report
	switch e.NotificationType + e.EventType {
	case "Bounce":
		for _, b := range e.Bounce.BouncedRecipients {
			r := Report{Kind: Bounce, Recipient: firstAddress(b.EmailAddress), Detail: strings.ToLower(b.Action),
				Confidence: 1, Line: e.Bounce.BounceType + " " + e.Bounce.BounceSubType + " " + b.DiagnosticCode}
			said := words{text: untyped(b.DiagnosticCode), status: b.Status, final: true}
			said.decide(&r)
			if e.Bounce.BounceType != "Permanent" && r.Reason == Hard {
				r.Reason = Soft
			}
			all = append(all, r)
		}
	case "Complaint":
		for _, c := range e.Complaint.ComplainedRecipients {
			r := Report{Kind: Complaint, Recipient: firstAddress(c.EmailAddress), Confidence: 1,
				Detail: strings.ToLower(e.Complaint.ComplaintFeedbackType), Line: "notificationType: Complaint"}
			if r.Detail == "not-spam" || r.Detail == "virus" {
				r.Kind = Other
			}
			all = append(all, r)
		}
	case "Delivery":
		for _, to := range e.Delivery.Recipients {
			all = append(all, Report{Kind: Delivered, Recipient: firstAddress(to), Confidence: 1,
				Line: "notificationType: Delivery"})
		}
	}
	return all
}
