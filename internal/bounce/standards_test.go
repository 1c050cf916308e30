package bounce

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// report is a delivery report (RFC 3464) with its fields about the recipients.
func report(fields string) string {
	return "From: MAILER-DAEMON@mx.example.com\nTo: b+token@news.example.org\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=\"x y\"\n\n" +
		"--x y\n\nIt did not work.\n\n--x y\nContent-Type: message/delivery-status\n\n" +
		"Reporting-MTA: dns; mx.example.com\nOriginal-Envelope-Id: c48+2B7\n\n" + fields + "\n\n" +
		"--x y\nContent-Type: text/rfc822-headers\n\n" +
		"Return-Path: <b+token@news.example.org>\nMessage-ID: <c48.7@news.example.org>\n" +
		"From: news@example.org\nTo: ann@example.com\nSubject: News\n\n--x y--\n"
}

// What the fields of a report mean, whole and broken.
//
// Broken on purpose: with the Status believed where a server's answer has no enhanced code of its own, a refusal of the
// sender's server puts ann on the list of dead addresses.
func TestReport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fields, want string }{
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n" +
			"Diagnostic-Code: smtp; 550 5.1.1 <ann@example.com>: user unknown", "bounce hard ann@example.com"},
		// Folded, without a type, with angle brackets, an action in capitals and with a comment.
		{"FINAL-RECIPIENT:\n <ann@example.com>\nAction: FAILED (for good)\nDiagnostic-Code: smtp;\n 550\n 5.1.1 no such user",
			"bounce hard ann@example.com"},
		// A status that was made of the basic code says nothing of its own.
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n" +
			"Diagnostic-Code: smtp; 550 Access denied from your network", "bounce policy ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no",
			"bounce unknown ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1", "bounce hard ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed", "bounce unknown ann@example.com"},
		// What a code says, and what the words say.
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.7.1\n" +
			"Diagnostic-Code: smtp; 550 5.7.1 user unknown", "bounce hard ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n" +
			"Diagnostic-Code: smtp; 550 5.1.1 your server is blocked by our policy, see spamhaus", "bounce policy ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n" +
			"Diagnostic-Code: smtp; 550 5.1.1 mailbox is full", "bounce mailbox full ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n" +
			"Diagnostic-Code: smtp; 550 5.1.1 Recipient rejected by administrative policy", "bounce policy ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;\n" +
			" 550 5.1.1 User unknown; rejected because you are on our blacklist", "bounce policy ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n" +
			"Diagnostic-Code: smtp; 550 relay not permitted: unknown user", "bounce policy ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.2.2", "bounce mailbox full ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 4.4.7", "bounce soft ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 4.1.1\n" +
			"Diagnostic-Code: smtp; 450 4.1.1 user unknown", "bounce soft ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.7.1\n" +
			"Diagnostic-Code: smtp; 554 5.7.1 Relay access denied", "bounce policy ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; Host or\n" +
			" domain name not found. Name service error for name=x.example type=MX: Host not found", "bounce hard ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 4.4.3\nDiagnostic-Code: X-Postfix; Host or\n" +
			" domain name not found. Name service error for name=x.example type=MX: Host not found, try again",
			"bounce soft ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.2.1\n" +
			"Diagnostic-Code: smtp; 550 5.2.1 account temporarily disabled, try again later", "bounce soft ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.6\n" +
			"Diagnostic-Code: smtp; 551 5.1.6 user has moved; please try <ann@example.net>", "bounce hard ann@example.com"},
		// Other actions.
		{"Final-Recipient: rfc822; ann@example.com\nAction: delayed\nStatus: 4.4.1", "delayed soft ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: relayed\nStatus: 2.0.0", "delivered - ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nAction: expanded\nStatus: 2.0.0", "delivered - ann@example.com"},
		{"Final-Recipient: rfc822; ann@example.com\nStatus: 2.1.5", "delivered - ann@example.com"},
		// The final recipient is missing, is of another kind of mail, or is a program.
		{"Original-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1", "bounce hard ann@example.com"},
		{"Original-Recipient: rfc822;ann@example.com\nFinal-Recipient: x400; /S=ann/O=example/\nAction: failed\nStatus: 5.0.0",
			"bounce unknown ann@example.com"},
		{"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <ann@example.com>... User unknown",
			"bounce hard ann@example.com"},
		// RFC 6533.
		{"Final-Recipient: utf-8; jos\\x{E9}@example.com\nAction: failed\nStatus: 5.1.1", "bounce hard josé@example.com"},
		{"Final-Recipient: utf-8; زری@example.com\nAction: failed\nStatus: 5.1.1", "bounce hard زری@example.com"},
		// Two recipients without an empty line between them, and a field torn off.
		{"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n" +
			"Final-Recipient: rfc822; bob@example.com\nAction: delayed\nStatus: 4.2.2",
			"bounce hard ann@example.com, delayed mailbox full bob@example.com"},
	} {
		for name, text := range map[string]string{
			"": report(c.fields), "crlf": strings.ReplaceAll(report(c.fields), "\n", "\r\n"),
			"cr":   strings.ReplaceAll(report(c.fields), "\n", "\r"),
			"mbox": "From MAILER-DAEMON Thu Nov 26 08:53:00 2026\n" + report(c.fields),
			"text": strings.Replace(report(c.fields), "message/delivery-status", "text/plain", 1),
			"file": strings.Replace(report(c.fields), "message/delivery-status", "application/octet-stream; name=a.dat", 1),
			"utf8": strings.Replace(report(c.fields), "message/delivery-status", "message/global-delivery-status", 1),
			"lost": strings.Replace(report(c.fields), "boundary=\"x y\"", "", 1),
		} {
			if (name == "text" || name == "file" || name == "lost") &&
				(!strings.Contains(c.fields, "Action") || !strings.Contains(strings.ToLower(c.fields), "-recipient")) {
				continue // nothing says that it is a report
			}
			m := read(t, text)
			if got := strings.Join(shortly(m.Reports), ", "); got != c.want {
				t.Errorf("%s\n%s:\ngot  %s\nwant %s", c.fields, name, got, c.want)
			}
			if m.About.EnvelopeID != "c48+7" || !slices.Equal(m.About.Senders, []string{"b+token@news.example.org"}) ||
				!slices.Equal(m.About.MessageIDs, []string{"c48.7@news.example.org"}) ||
				!slices.Equal(m.To, []string{"b+token@news.example.org"}) {
				t.Errorf("%s: %+v, to %v", name, m.About, m.To)
			}
		}
	}
}

// A forwarded address is named beside the final one, and neither comes from the notice's own To.
func TestOriginalRecipient(t *testing.T) {
	t.Parallel()
	m := read(t, report("Original-Recipient: rfc822;ann@example.com\nFinal-Recipient: rfc822; ann@elsewhere.example\n"+
		"Action: failed\nStatus: 5.1.1"))
	if r := m.Reports[0]; r.Recipient != "ann@elsewhere.example" || r.Original != "ann@example.com" {
		t.Errorf("%+v", r)
	}
	m = read(t, "From: MAILER-DAEMON@mx.example.com\nTo: ann@example.com\nSubject: Undeliverable\n\n"+
		"Your mail could not be delivered to ann@example.com: user unknown\n")
	if r := m.Reports[0]; r.Kind != Bounce || r.Recipient != "" || r.Reason == Hard {
		t.Errorf("%+v", r)
	}
}

// A report that a person sends on is not a report.
func TestForwardedReport(t *testing.T) {
	t.Parallel()
	inner := report("Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1")
	wrap := func(from, subject string) string {
		return "From: " + from + "\nTo: b@example.org\nSubject: " + subject +
			"\nContent-Type: multipart/mixed; boundary=out\n\n--out\n\nSee below.\n\n--out\nContent-Type: message/rfc822\n\n" +
			inner + "\n--out--\n"
	}
	if m := read(t, wrap("Gus <gus@example.com>", "Fwd: Undeliverable")); m.Reports[0].Kind == Bounce {
		t.Errorf("a person's: %+v", m.Reports)
	}
	m := read(t, wrap("postmaster@gate.example.com", "Undeliverable"))
	if got := shortly(m.Reports); !slices.Equal(got, []string{"bounce hard ann@example.com"}) ||
		m.About.EnvelopeID != "c48+7" {
		t.Errorf("a gateway's: %v, %+v", got, m.About)
	}
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	feedback := func(fields string) string {
		return "From: fbl@bigmail.example\nTo: abuse@example.org\nSubject: FW: News\n" +
			"Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n--x\n\nA complaint.\n\n" +
			"--x\nContent-Type: message/feedback-report\n\n" + fields + "\nUser-Agent: X/1\nVersion: 1\n\n" +
			"--x\nContent-Type: message/rfc822\n\nReturn-Path: <b+t@example.org>\nTo: redacted\nMessage-ID: <1@example.org>\n" +
			"X-HmXmrOriginalRecipient: eva@bigmail.example\n\nHello\n--x--\n"
	}
	for fields, want := range map[string]string{
		"Feedback-Type: abuse\nOriginal-Rcpt-To: <ann@bigmail.example>":                                 "complaint - ann@bigmail.example",
		"Feedback-Type: Abuse\nOriginal-Rcpt-To: ann@b.example\nOriginal-Rcpt-To: rfc822;bob@b.example": "complaint - ann@b.example, complaint - bob@b.example",
		"Feedback-Type: fraud":        "complaint - eva@bigmail.example",
		"Feedback-Type: auth-failure": "other - eva@bigmail.example",
		"Feedback-Type: not-spam":     "other - eva@bigmail.example",
		"Feedback-Type: virus":        "other - eva@bigmail.example",
		"Feedback-Type: opt-out":      "other - eva@bigmail.example",
		"Feedback-Type: dmarc":        "other - eva@bigmail.example",
	} {
		m := read(t, feedback(fields+"\nOriginal-Mail-From: <b+7@example.org>"))
		if got := strings.Join(shortly(m.Reports), ", "); got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
		if !slices.Equal(m.About.Senders, []string{"b+7@example.org", "b+t@example.org"}) {
			t.Errorf("%s: %+v", fields, m.About)
		}
	}
	for _, text := range []string{
		"From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\nContent-Type: multipart/mixed; boundary=x\n\n" +
			"--x\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: eva@bigmail.example\nMessage-ID: <1@example.org>\n\nHi\n--x--\n",
		"Return-Path: staff@hotmail.com\nX-HmXmrOriginalRecipient: eva@bigmail.example\nFrom: news@example.org\n" +
			"Message-ID: <1@example.org>\nSubject: News\n\nHello\n",
	} {
		m := read(t, text)
		if got := shortly(m.Reports); !slices.Equal(got, []string{"complaint - eva@bigmail.example"}) ||
			!slices.Equal(m.About.MessageIDs, []string{"1@example.org"}) {
			t.Errorf("%s: %v, %+v", text, got, m.About)
		}
	}
}

func TestDispositions(t *testing.T) {
	t.Parallel()
	mdn := func(text, fields string) string {
		return "From: ann@example.com\nTo: b@example.org\nSubject: Read\nAuto-Submitted: auto-replied (rejected)\n" +
			"Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n--x\n\n" + text +
			"\n\n--x\nContent-Type: message/disposition-notification\n\nReporting-UA: ua\n" +
			"Final-Recipient: rfc822; ann@example.com\nOriginal-Message-ID: <1@example.org>\n" + fields + "\n\n--x--\n"
	}
	for _, c := range []struct{ text, fields, want, detail string }{
		{"It was read.", "Disposition: manual-action/MDN-sent-manually; displayed", "disposition - ann@example.com", "displayed"},
		{"It was deleted.", "Disposition: manual-action/MDN-sent-automatically; Deleted", "disposition - ann@example.com", "deleted"},
		{"Your message to <ann@example.com> was automatically rejected:\nQuota exceeded",
			"Disposition: automatic-action/MDN-sent-automatically; deleted", "bounce mailbox full ann@example.com", "deleted"},
		{"Your message to <ann@example.com> was automatically rejected:\nNo such user for you",
			"Disposition: automatic-action/MDN-sent-automatically; deleted", "bounce policy ann@example.com", "deleted"},
	} {
		m := read(t, mdn(c.text, c.fields))
		if got := shortly(m.Reports); !slices.Equal(got, []string{c.want}) || m.Reports[0].Detail != c.detail ||
			!slices.Equal(m.About.MessageIDs, []string{"1@example.org"}) {
			t.Errorf("%s: %v, %+v %+v", c.fields, got, m.Reports, m.About)
		}
	}
}

func TestEventsByMail(t *testing.T) {
	t.Parallel()
	mail := func(body string) string {
		return "From: no-reply@sns.example.com\nSubject: AWS Notification Message\n\n" + body + "\n\n--\nIf you wish to stop\n"
	}
	head := `"mail":{"source":"b+t@example.org","headers":[{"name":"Message-ID","value":"<1@example.org>"}]}}`
	for body, want := range map[string]string{
		`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":` +
			`"ann@example.com","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user!` + "\n " + ` unknown"}]},` + head: "bounce hard ann@example.com",
		`{"notificationType":"Bounce","bounce":{"bounceType":"Transient","bouncedRecipients":[{"emailAddress":` +
			`"ann@example.com","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},` + head: "bounce soft ann@example.com",
		`{"eventType":"Complaint","complaint":{"complaintFeedbackType":"abuse","complainedRecipients":[{"emailAddress":` +
			`"ann@example.com"}]},` + head: "complaint - ann@example.com",
		`{"notificationType":"Delivery","delivery":{"recipients":["ann@example.com"]},` + head: "delivered - ann@example.com",
	} {
		m := read(t, mail(body))
		if got := shortly(m.Reports); !slices.Equal(got, []string{want}) ||
			!slices.Equal(m.About.MessageIDs, []string{"1@example.org"}) ||
			!slices.Equal(m.About.Senders, []string{"b+t@example.org"}) {
			t.Errorf("%s: %v, %+v", body, got, m.About)
		}
	}
}

// Every address that may have a token is kept, and each once.
func TestCameTo(t *testing.T) {
	t.Parallel()
	m := read(t, "Delivered-To: b+1@example.org\nX-Original-To: b+2@example.org\nEnvelope-To: b+3@example.org\n"+
		"X-Envelope-To: <b+4@example.org>\nTo: News <b+1@example.org>, b+5@example.org\nCc: b+6@example.org\n"+
		"Apparently-To: b+7@example.org\nFrom: Ann <ann@example.com>\nDate: Thu, 26 Nov 2026 08:53:00 +0100\n"+
		"In-Reply-To: <2@example.org>\nReferences: <1@example.org>\n <2@example.org>\n\nHello\n")
	want := []string{"b+1@example.org", "b+2@example.org", "b+3@example.org", "b+4@example.org", "b+5@example.org",
		"b+6@example.org", "b+7@example.org"}
	if !slices.Equal(m.To, want) || m.From != "ann@example.com" || m.Date.Unix() != 1795679580 ||
		!slices.Equal(m.About.MessageIDs, []string{"2@example.org", "1@example.org"}) {
		t.Errorf("%+v", m)
	}
}

// Line ends mean nothing, and neither do the line that a mailbox puts first and the fields that a server adds.
func TestCorporaRewritten(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob(corpora + "*/*[0-9]*.*")
	if len(files) < 200 {
		t.Skip("the corpora are not here")
	}
	for i, name := range files {
		if testing.Short() && i%5 > 0 {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(string(b), "\r\n", "\n")
		want := shortly(read(t, plain).Reports)
		for _, text := range []string{
			strings.ReplaceAll(plain, "\n", "\r\n"), "From x@example.com Thu Nov 26 08:53:00 2026\n" + plain,
		} {
			if got := shortly(read(t, text).Reports); !slices.Equal(got, want) {
				t.Errorf("%s: %v, and rewritten %v", filepath.Base(name), want, got)
			}
		}
	}
}
