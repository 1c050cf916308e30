package trail

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// postfixLog has the lines of a Debian Postfix for a message that was delivered, one that bounced, one deferred, one whose client went
// away before the end of the data, one rejected by a milter, one that a content filter took and handed back under another queue id and
// that bounced then, and others with a queue id that was used before: of somebody else's, and without a Message-ID; one that was
// rejected and taken when it was offered again, and one that was made to expire.
const postfixLog = `Nov 22 10:00:01 mx postfix/submission/smtpd[1201]: connect from client.example.org[192.0.2.7]
Nov 22 10:00:01 mx postfix/submission/smtpd[1201]: 3F2A1B00C7: client=client.example.org[192.0.2.7], sasl_method=PLAIN, sasl_username=club
Nov 22 10:00:01 mx postfix/cleanup[1203]: 3F2A1B00C7: message-id=<Sent@example.org>
Nov 22 10:00:01 mx postfix/qmgr[880]: 3F2A1B00C7: from=<club@example.org>, size=1234, nrcpt=1 (queue active)
Nov 22 10:00:02 mx postfix/smtp[1205]: 3F2A1B00C7: to=<ann@example.com>, relay=mx.example.com[198.51.100.4]:25, delay=0.9, delays=0.1/0.01/0.4/0.4, dsn=2.0.0, status=sent (250 2.0.0 OK 1700000000 abc - gsmtp)
Nov 22 10:00:02 mx postfix/qmgr[880]: 3F2A1B00C7: removed
Nov 22 10:00:03 mx postfix/cleanup[1203]: 3F2A1B00C8: message-id=<bounced@example.org>
Nov 22 10:00:03 mx postfix/qmgr[880]: 3F2A1B00C8: from=<club@example.org>, size=1234, nrcpt=1 (queue active)
Nov 22 10:00:04 mx postfix/smtp[1205]: 3F2A1B00C8: to=<bob@example.com>, relay=mx.example.com[198.51.100.4]:25, delay=1, delays=0.1/0/0.4/0.5, dsn=5.1.1, status=bounced (host mx.example.com[198.51.100.4] said: 550 5.1.1 <bob@example.com>: Recipient address rejected (in reply to RCPT TO command))
Nov 22 10:00:04 mx postfix/bounce[1209]: 3F2A1B00C8: sender non-delivery notification: 4A00000001
2026-11-22T10:00:05.123456+00:00 mx postfix/cleanup[1203]: 4XyZ1b2C3dz4F5s: message-id=<deferred@example.org>
2026-11-22T10:00:05.223456+00:00 mx postfix/qmgr[880]: 4XyZ1b2C3dz4F5s: from=<club@example.org>, size=1234, nrcpt=1 (queue active)
2026-11-22T10:00:06.123456+00:00 mx postfix/smtp[1205]: 4XyZ1b2C3dz4F5s: to=<cat@example.net>, relay=none, delay=30, delays=0.1/0/30/0, dsn=4.4.1, status=deferred (connect to mx.example.net[198.51.100.9]:25: Connection timed out)
Nov 22 10:00:07 mx postfix/cleanup[1203]: 3F2A1B00CA: message-id=<cut@example.org>
Nov 22 10:00:07 mx postfix/submission/smtpd[1201]: lost connection after DATA (532 bytes) from client.example.org[192.0.2.7]
Nov 22 10:00:08 mx postfix/cleanup[1203]: 3F2A1B00CB: message-id=<spam@example.org>
Nov 22 10:00:08 mx postfix/cleanup[1203]: 3F2A1B00CB: milter-reject: END-OF-MESSAGE from client.example.org[192.0.2.7]: 5.7.1 Spam message rejected; from=<club@example.org> to=<dan@example.com> proto=ESMTP helo=<client>
Nov 22 10:00:09 mx postfix/cleanup[1203]: 3F2A1B00CC: message-id=<filtered@example.org>
Nov 22 10:00:09 mx postfix/qmgr[880]: 3F2A1B00CC: from=<club@example.org>, size=1234, nrcpt=1 (queue active)
Nov 22 10:00:10 mx postfix/smtp[1206]: 3F2A1B00CC: to=<eve@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 3F2A1B00CD)
Nov 22 10:00:10 mx postfix/cleanup[1203]: 3F2A1B00CD: message-id=<filtered@example.org>
Nov 22 10:00:10 mx postfix/qmgr[880]: 3F2A1B00CD: from=<club@example.org>, size=1300, nrcpt=1 (queue active)
Nov 22 10:00:11 mx postfix/smtp[1205]: 3F2A1B00CD: to=<eve@example.com>, relay=mx.example.com[198.51.100.4]:25, delay=1, delays=0/0/0/1, dsn=5.2.2, status=bounced (host mx.example.com[198.51.100.4] said: 552 5.2.2 mailbox full (in reply to end of DATA command))
Nov 22 10:00:12 mx postfix/cleanup[1203]: 3F2A1B00CA: message-id=<somebody-elses@example.org>
Nov 22 10:00:12 mx postfix/qmgr[880]: 3F2A1B00CA: from=<other@example.org>, size=99, nrcpt=1 (queue active)
Nov 22 10:00:13 mx postfix/cleanup[1203]: 3F2A1B00CE: message-id=<queued@example.org>
Nov 22 10:00:13 mx postfix-out/qmgr[881]: 3F2A1B00CE: from=<club@example.org>, size=1234, nrcpt=1 (queue active)
Nov 22 10:00:14 mx postfix/cleanup[1203]: 3F2A1B00CF: message-id=<later@example.org>
Nov 22 10:00:14 mx postfix/cleanup[1203]: 3F2A1B00CF: milter-reject: END-OF-MESSAGE from client.example.org[192.0.2.7]: 4.7.1 Try again later; from=<club@example.org> to=<fay@example.com> proto=ESMTP helo=<client>
Nov 22 10:00:15 mx postfix/submission/smtpd[1201]: 3F2A1B00D0: client=client.example.org[192.0.2.7]
Nov 22 10:00:15 mx postfix/cleanup[1203]: 3F2A1B00D0: message-id=<cut2@example.org>
Nov 22 10:00:15 mx postfix/submission/smtpd[1201]: lost connection after DATA (532 bytes) from client.example.org[192.0.2.7]
Nov 22 10:00:16 mx postfix/cleanup[1203]: 3F2A1B00D0: message-id=<>
Nov 22 10:00:16 mx postfix/qmgr[880]: 3F2A1B00D0: from=<other@example.org>, size=99, nrcpt=1 (queue active)
Nov 22 10:00:17 mx postfix/cleanup[1203]: 3F2A1B00D1: message-id=<cut3@example.org>
Nov 22 10:00:17 mx postfix/smtpd[1201]: 3F2A1B00D1: client=client.example.org[192.0.2.7]
Nov 22 10:00:17 mx postfix/qmgr[880]: 3F2A1B00D1: from=<other@example.org>, size=99, nrcpt=1 (queue active)
Nov 22 10:00:18 mx postfix/cleanup[1203]: 3F2A1B00D2: message-id=<again@example.org>
Nov 22 10:00:18 mx postfix/cleanup[1203]: 3F2A1B00D2: milter-reject: END-OF-MESSAGE from client.example.org[192.0.2.7]: 5.7.1 Spam message rejected; from=<club@example.org> to=<gus@example.com> proto=ESMTP helo=<client>
Nov 22 10:00:19 mx postfix/cleanup[1203]: 3F2A1B00D3: message-id=<again@example.org>
Nov 22 10:00:19 mx postfix/qmgr[880]: 3F2A1B00D3: from=<club@example.org>, size=1234, nrcpt=1 (queue active)
Nov 22 10:00:20 mx postfix/cleanup[1203]: 3F2A1B00D4: message-id=<expired@example.org>
Nov 22 10:00:20 mx postfix/qmgr[880]: 3F2A1B00D4: from=<club@example.org>, size=1234, nrcpt=1 (queue active)
Nov 22 10:00:21 mx postfix/qmgr[880]: 3F2A1B00D4: from=<club@example.org>, status=force-expired, returned to sender
`

// eximLog has the lines of Exim's main log, of versions before and after 4.97, with and without a zone and a process number.
// The arrival is written when Exim takes the message upon itself: not where the connection was lost after the final dot.
const eximLog = `2026-11-22 10:00:01 1uabCD-000123-7x <= club@example.org H=client.example.org [192.0.2.7] P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 A=plain_login:club S=1234 id=Sent@example.org
2026-11-22 10:00:02 1uabCD-000123-7x => ann@example.com R=dnslookup T=remote_smtp H=mx.example.com [198.51.100.4] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C="250 2.0.0 OK"
2026-11-22 10:00:02 1uabCD-000123-7x Completed
2026-11-22 10:00:03.123 +0000 [4711] 1uabCE-00000001abC-2xYz <= club@example.org H=client.example.org [192.0.2.7] P=esmtpsa S=1234 id=bounced@example.org
2026-11-22 10:00:04.456 +0000 [4712] 1uabCE-00000001abC-2xYz ** bob@example.com R=dnslookup T=remote_smtp H=mx.example.com [198.51.100.4]: SMTP error from remote mail server after RCPT TO:<bob@example.com>: 550 5.1.1 no such user
2026-11-22 10:00:05 1uabCF-000125-Aa <= club@example.org H=client.example.org [192.0.2.7] P=esmtpsa S=1234 id=deferred@example.org
2026-11-22 10:00:06 1uabCF-000125-Aa == cat@example.net R=dnslookup T=remote_smtp defer (-44) H=mx.example.net [198.51.100.9]: SMTP error from remote mail server after RCPT TO:<cat@example.net>: 450 4.2.0 greylisted
2026-11-22 10:00:07 H=client.example.org [192.0.2.7] F=<club@example.org> rejected RCPT <dan@example.com>: relay not permitted
2026-11-22 10:00:08 1uabCG-000126-Bb <= <> R=1uabCE-00000001abC-2xYz U=Debian-exim P=local S=3000 id=E1uabCG-000126-Bb@mx.example.org
2026-11-22 10:00:08 1uabCG-000126-Bc SMTP connection lost after final dot H=client.example.org [192.0.2.7] P=esmtpsa
2026-11-22 10:00:09 1uabCH-000127-Cc <= club@example.org H=client.example.org [192.0.2.7] P=esmtpsa S=1234 id=queued@example.org
`

// read reads files and gives the fates of all messages whose Message-ID is at example.org and not somebody else's.
func read(t *testing.T, paths ...string) *Finder {
	t.Helper()
	f := &Finder{Wanted: func(id string) bool {
		return strings.HasSuffix(id, "@example.org") && !strings.HasPrefix(id, "somebody")
	}}
	for _, p := range paths {
		if err := f.Read(p); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// check compares what was found: "sent" or "refused" and a part of the words for each.
func check(t *testing.T, f *Finder, want map[string][2]string) {
	t.Helper()
	for id, fate := range f.Found {
		w, ok := want[id]
		if state := map[bool]string{true: "refused", false: "sent"}[fate.Refused]; !ok || w[0] != state || !strings.Contains(fate.Words, w[1]) {
			t.Errorf("%s: %s, %q; want %v", id, state, fate.Words, w)
		}
	}
	for id := range want {
		if _, ok := f.Found[id]; !ok {
			t.Errorf("%s was not found", id)
		}
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	postfix := map[string][2]string{
		"sent@example.org": {"sent", "250 2.0.0 OK 1700000000"}, "bounced@example.org": {"refused", "550 5.1.1 <bob@example.com>"},
		"deferred@example.org": {"sent", "deferred in the relay's queue: connect to"}, "spam@example.org": {"refused", "5.7.1 Spam"},
		"filtered@example.org": {"refused", "552 5.2.2"}, "queued@example.org": {"sent", "in the relay's queue as 3F2A1B00CE"},
		"again@example.org": {"sent", "in the relay's queue as 3F2A1B00D3"}, "expired@example.org": {"refused", "given up by the relay"},
	}
	check(t, read(t, write(t, "mail.log", postfixLog)), postfix)
	check(t, read(t, write(t, "mail.log", "Nov 22 06:25:01 mx systemd[1]: Starting logrotate\n"+strings.ReplaceAll(postfixLog, "\n", "\r\n"))), postfix)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(postfixLog)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := read(t, write(t, "mail.log.2.gz", z.String()))
	check(t, f, postfix)
	if f.Kinds["postfix log"] != 1 {
		t.Error(f.Kinds)
	}
	check(t, read(t, write(t, "mainlog", eximLog)), map[string][2]string{
		"sent@example.org": {"sent", `C="250 2.0.0 OK"`}, "bounced@example.org": {"refused", "550 5.1.1 no such user"},
		"deferred@example.org": {"sent", "450 4.2.0 greylisted"}, "queued@example.org": {"sent", "in the relay's queue as 1uabCH-000127-Cc"},
	})
}

func TestMailboxes(t *testing.T) {
	t.Parallel()
	const one = "Received: by mx\r\nmessage-id:\r\n <One@example.org>\r\nSubject: x\r\n\r\nMessage-ID: <body@example.org>\r\n"
	const two = "From: a@b.example\nMessage-ID: <two@example.org> (made by us)\nMessage-ID: <second@example.org>\n\nhello\nFrom nobody <not@example.org>\n\n>From x\n"
	sent := func(ids ...string) map[string][2]string {
		want := map[string][2]string{}
		for _, id := range ids {
			want[id] = [2]string{"sent", "found in "}
		}
		return want
	}
	check(t, read(t, write(t, "sent.eml", one)), sent("one@example.org"))
	check(t, read(t, write(t, "Sent", "From club@example.org Sun Nov 22 10:00:00 2026\n"+strings.ReplaceAll(one, "\r", "")+"\nFrom - Sun Nov 22\n"+two)), sent("one@example.org", "two@example.org"))
	maildir := filepath.Dir(filepath.Dir(write(t, "Maildir/.Sent/cur/1.M2P3.mx:2,S", one)))
	if err := os.MkdirAll(filepath.Join(maildir, "new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(maildir, "new", "2.M2P3.mx"), []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(maildir, "dovecot.index"), []byte("<index@example.org>"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, read(t, filepath.Dir(maildir)), sent("one@example.org", "two@example.org"))
	check(t, read(t, filepath.Dir(write(t, "folder/A.EML", two))), sent("two@example.org"))
	check(t, read(t, write(t, "ids.txt", "<One@example.org>\ntwo@example.org\n\nnot an id\n")), map[string][2]string{
		"one@example.org": {"sent", "listed in ids.txt"}, "two@example.org": {"sent", "listed"}})
}

// What is none of the kinds is said to be none, so that nobody takes "nothing found" for an answer.
func TestNoEvidence(t *testing.T) {
	t.Parallel()
	f := &Finder{Wanted: func(string) bool { return true }}
	for _, path := range []string{
		write(t, "a.csv", "email,name\nann@example.com,Ann\n"), write(t, "empty", ""), write(t, "notes", "call Ann\n"), t.TempDir(), filepath.Join(t.TempDir(), "missing"),
	} {
		if err := f.Read(path); err == nil {
			t.Errorf("%s was read as %v", path, f.Kinds)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(postfixLog)
	f.Add(eximLog)
	f.Add("From x\nMessage-ID: <a@b>\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		found := &Finder{Wanted: func(string) bool { return true }}
		_ = found.Read(path) // an error is an answer, too
		for id := range found.Found {
			if id == "" || strings.ToLower(id) != id {
				t.Errorf("Message-ID %q", id)
			}
		}
	})
}
