package bounce

import (
	"regexp"
	"slices"
	"strings"

	"mailshot/internal/bounce/parts"
)

// deliveries reads delivery reports (RFC 3464). One that is called something else, or stands in the text, is read too.
func (l *layout) deliveries() []Report {
	groups := l.status
	if !named(groups) && reportFields.MatchString(l.notice) {
		l.status = append(groups, parts.Fields(l.notice)...)
		groups = l.status
	}
	if len(groups) == 0 {
		return l.wrapped()
	}
	var all []Report
	var message parts.Header // the fields that are about all recipients
	for _, h := range perRecipient(groups) {
		if h.Get("Action") == "" && recipientOf(h) == "" && h.Get("Final-Recipient") == "" {
			switch {
			case len(all) > 0 && h.Get("Diagnostic-Code") != "" && len(h) < 6:
				// The fields of one recipient, torn apart.
				if last := &all[len(all)-1]; last.Line == "" {
					last.Line = h.Get("Diagnostic-Code")
				}
			case h.Get("Reporting-MTA") != "" || h.Get("Status") != "" || h.Get("Arrival-Date") != "":
				message = append(message, h...)
			}
			continue
		}
		if r, ok := l.delivery(h, message); ok {
			all = append(all, r)
		}
	}
	return l.settled(all)
}

// named reports whether a group of fields names a recipient.
func named(groups []parts.Header) bool {
	for _, h := range groups {
		if recipientOf(h) != "" {
			return true
		}
	}
	return false
}

// perRecipient cuts groups apart that have two recipients, because the empty line between them is missing.
func perRecipient(groups []parts.Header) []parts.Header {
	var all []parts.Header
	for _, h := range groups {
		from := 0
		for i := range h {
			name := strings.ToLower(h[i].Name)
			if name != "final-recipient" && name != "original-recipient" && name != "action" {
				continue
			}
			if h[from:i].Get(name) != "" {
				all = append(all, h[from:i])
				from = i
			}
		}
		all = append(all, h[from:])
	}
	return all
}

// recipientOf returns the final recipient, or who stands for it.
func recipientOf(h parts.Header) string {
	for _, name := range []string{"Final-Recipient", "Original-Recipient", "X-Actual-Recipient", "Final-Log-Recipient"} {
		if a := typedAddress(h.Get(name)); a != "" {
			return a
		}
	}
	return ""
}

// delivery reads the fields about one recipient.
func (l *layout) delivery(h, message parts.Header) (Report, bool) {
	r := Report{Recipient: recipientOf(h), Original: typedAddress(h.Get("Original-Recipient")), Confidence: 1}
	r.Detail, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(h.Get("Action"))), " ")
	r.Detail = strings.Trim(r.Detail, ";,.()")
	status := strings.TrimSpace(h.Get("Status"))
	switch r.Detail {
	case "failed", "failure", "fail", "error", "undeliverable":
		r.Kind = Bounce
	case "delayed", "delay", "deferred":
		r.Kind = Delayed
	case "delivered", "relayed", "expanded":
		r.Kind = Delivered
	default:
		// No action, or one that is not known: the class of the status says it.
		switch {
		case strings.HasPrefix(status, "5"), strings.HasPrefix(status, "4"):
			r.Kind = Bounce
		case strings.HasPrefix(status, "2"):
			r.Kind = Delivered
		case r.Recipient == "":
			return r, false
		default:
			r.Kind = Bounce
		}
		r.Confidence = 0.8
	}
	if r.Kind == Delivered {
		r.Enhanced = enhancedCode.FindString(status)
		r.Line = "Action: " + h.Get("Action")
		return r, true
	}
	diagnostic := h.Get("Diagnostic-Code")
	if diagnostic == "" {
		diagnostic = h.Get("X-Supplementary-Info") + h.Get("X400-Supplementary-Info") + h.Get("X-Notes")
	}
	said := words{text: untyped(diagnostic), status: status, final: r.Kind == Bounce, host: server(h, message),
		to: r.Recipient}
	said.decide(&r)
	r.Line = diagnostic
	if diagnostic == "" {
		r.Line = "Status: " + status
	}
	guessed := diagnostic == "" && r.Reason == Hard // by the status alone, which may be made of a basic code
	if r.Reason == Unknown || guessed || r.Recipient == "" {
		l.explain(&r, status)
	}
	return r, true
}

// server returns the name of the server whose words a report has; "" if it is not said.
func server(h, message parts.Header) string {
	for _, v := range []string{h.Get("Remote-MTA"), message.Get("Reporting-MTA")} {
		_, name, typed := strings.Cut(v, ";")
		if !typed {
			name = v
		}
		if name, _, _ = strings.Cut(strings.TrimSpace(name), " "); strings.Contains(name, ".") {
			return strings.ToLower(name)
		}
	}
	return ""
}

// untyped takes the type off a diagnostic code: "smtp; 550 …" (RFC 3464 section 2.3.6).
func untyped(s string) string {
	return strings.TrimSpace(diagnosticType.ReplaceAllString(s, ""))
}

var diagnosticType = regexp.MustCompile(`(?i)^\s*(?:x-)?[a-z0-9][a-z0-9-]{0,20}\s*;\s*`)

// explain looks into the text for what the fields about a recipient leave open.
func (l *layout) explain(r *Report, status string) {
	for _, one := range l.noticed() {
		if r.Recipient != "" && !strings.EqualFold(one.Recipient, r.Recipient) {
			continue
		}
		if r.Recipient == "" {
			r.Recipient = one.Recipient
		}
		if (r.Reason == Unknown || r.Reason == Hard && r.Line == "Status: "+status && one.Code != 0) && one.Reason != "" &&
			one.Reason != Unknown && !(one.Reason == Hard && strings.HasPrefix(status, "4")) {
			r.Reason, r.Line = one.Reason, one.Line
			r.Confidence = min(r.Confidence, one.Confidence)
			if one.Code != 0 {
				r.Code = one.Code
			}
			if one.Enhanced != "" && generic(r.Enhanced) {
				r.Enhanced = one.Enhanced
			}
		}
		return
	}
}

// settled takes out what says the same twice, and names who is named nowhere but in X-Failed-Recipients or in the words.
func (l *layout) settled(all []Report) []Report {
	failed := l.failedRecipients()
	named := slices.ContainsFunc(all, func(r Report) bool { return r.Recipient != "" })
	var out []Report
	for _, r := range all {
		if r.Recipient == "" && named {
			continue // a group of fields that is about nobody
		}
		if r.Recipient == "" && len(all) == 1 && len(failed) == 1 {
			r.Recipient = failed[0]
		}
		if r.Recipient == "" && len(all) == 1 && r.Kind != Delivered {
			if in := addressesIn(r.Line); len(in) == 1 && !strings.EqualFold(in[0], firstAddress(l.root.Header.Get("To"))) {
				r.Recipient, r.Confidence = in[0], 0.8
			}
		}
		twice := false
		for _, o := range out {
			twice = twice || strings.EqualFold(o.Recipient, r.Recipient) && o.Kind == r.Kind && o.Original == r.Original
		}
		if !twice && len(out) < 1000 {
			out = append(out, r)
		}
	}
	return out
}

// failedRecipients are those of X-Failed-Recipients, which Exim and Google write.
func (l *layout) failedRecipients() []string {
	var all []string
	for _, v := range l.root.Header.All("X-Failed-Recipients") {
		for _, a := range addressesIn(v) {
			if len(all) < 100 && !contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

// addressesIn returns the addresses in a text, each once.
func addressesIn(s string) []string {
	var all []string
	for _, a := range anyAddress.FindAllString(s, 100) {
		if a = trimAddress(a); a != "" && !contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// wrapped looks for a report within a message within: some gateways return a notice in a notice of their own. Both have
// to be by programs, because people send on what they got.
func (l *layout) wrapped() []Report {
	if !l.byProgram() {
		return nil
	}
	inside := l.embedded
	if l.rest != "" {
		// The whole of it may be one text.
		if p, err := parts.Read(strings.NewReader(l.rest), parts.Limits{}); err == nil && p.Header != nil {
			inside = append(inside, p)
		}
	}
	for _, p := range inside {
		inner := lay(p)
		if inner.byProgram() && len(inner.status) > 0 {
			if all := inner.deliveries(); len(all) > 0 {
				l.originals = append(inner.originals, l.originals...)
				l.status = append(l.status, inner.status...)
				return all
			}
		}
	}
	return nil
}
