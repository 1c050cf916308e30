package webhook

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/spool"
)

const (
	topic      = "arn:aws:sns:eu-west-1:111122223333:bounces"
	signingKey = "key-made-up-for-mailgun"
	postmark   = "made-up-secret-of-postmark"
	brevo      = "made-up-secret-of-brevo"
)

var now = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)

// keys are made once: RSA takes its time.
var keys = sync.OnceValue(func() (k struct {
	rsa, other    *rsa.PrivateKey
	ec, strangers *ecdsa.PrivateKey
}) {
	k.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.other, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.strangers, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return k
})

func spki(t testing.TB, key *ecdsa.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// post is a server with a handler, and what it was told to say.
type post struct {
	h     *Handler
	url   string
	spool *spool.Spool
	mu    sync.Mutex
	said  []string
}

func open(t testing.TB, change func(*Config)) *post {
	t.Helper()
	s, err := spool.Open(t.TempDir() + "/spool")
	if err != nil {
		t.Fatal(err)
	}
	p := &post{spool: s}
	c := Config{
		Spool: s, Now: func() time.Time { return now }, Base: "/hooks",
		SES:      &SES{Topics: []string{topic}, Certificates: []*x509.Certificate{{PublicKey: &keys().rsa.PublicKey, NotAfter: now.Add(time.Hour)}}},
		SendGrid: &SendGrid{Keys: []string{spki(t, &keys().ec.PublicKey)}},
		Mailgun:  &Mailgun{Keys: []string{signingKey}},
		Postmark: &Secret{Secrets: []string{postmark}}, Brevo: &Secret{Secrets: []string{"an-old-secret-of-brevo", brevo}},
		Say: func(format string, args ...any) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.said = append(p.said, fmt.Sprintf(format, args...))
		},
	}
	if change != nil {
		change(&c)
	}
	if p.h, err = New(c); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.h)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// request is a webhook.
type request struct {
	path   string
	header map[string]string
	body   string
}

func (p *post) send(t testing.TB, r request) int {
	t.Helper()
	q, err := http.NewRequest(http.MethodPost, p.url+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range r.header {
		q.Header.Set(k, v)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	return answer.StatusCode
}

// events are the IDs in the spool.
func (p *post) events(t testing.TB) (ids []string) {
	t.Helper()
	err := p.spool.Box().Each(t.Context(), nil, func(m inbox.Message) error {
		if m.Event == nil || !m.Trusted {
			t.Errorf("%+v", m)
		}
		ids = append(ids, m.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

const sendGridEvent = `[{"email":"gone@example.org","timestamp":1764000000,"event":"bounce","type":"bounce",` +
	`"reason":"550 5.1.1 user unknown","status":"5.1.1","sg_event_id":"c2dldmVudA"}]`

func ofSendGrid(key *ecdsa.PrivateKey, body string, at time.Time) request {
	stamp := strconv.FormatInt(at.Unix(), 10)
	sum := sha256.Sum256([]byte(stamp + body))
	signature, _ := ecdsa.SignASN1(rand.Reader, key, sum[:])
	return request{"/hooks/sendgrid", map[string]string{
		signatureHeader: base64.StdEncoding.EncodeToString(signature), timestampHeader: stamp}, body}
}

func ofMailgun(key, token string, at time.Time, id string) request {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(stamp + token))
	return request{path: "/hooks/mailgun", body: fmt.Sprintf(`{"signature":{"timestamp":"%s","token":"%s","signature":"%s"},`+
		`"event-data":{"event":"complained","id":"%s","timestamp":1764000000.5,"log-level":"warn","recipient":"gone@example.org",`+
		`"message":{"headers":{"message-id":"m1@news.example.com"}}}}`, stamp, token, hex.EncodeToString(mac.Sum(nil)), id)}
}

const sesEvent = `{"eventType":"Bounce","bounce":{"feedbackId":"f1","bounceType":"Permanent","bounceSubType":"General",` +
	`"bouncedRecipients":[{"emailAddress":"gone@example.org","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}],` +
	`"timestamp":"2026-11-30T09:59:00Z"},"mail":{"timestamp":"2026-11-30T09:58:00Z","source":"b@news.example.com",` +
	`"messageId":"m","destination":["gone@example.org"]}}`

// ofSNS makes a message of SNS. change alters it before it is signed, after what was signed.
func messageOfSNS(key *rsa.PrivateKey, kind, version string, before, after func(map[string]string)) request {
	m := map[string]string{"Type": kind, "MessageId": "22b80b92-fdea", "TopicArn": topic, "Message": sesEvent,
		"Timestamp": now.Add(-time.Minute).Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": version,
		"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem"}
	fields := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if kind != "Notification" {
		m["Token"] = "2336412f37"
		m["SubscribeURL"] = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=2336412f37"
		m["Message"] = "You have chosen to subscribe"
		fields = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	if before != nil {
		before(m)
	}
	signed := ""
	for _, f := range fields {
		if v, there := m[f]; there {
			signed += f + "\n" + v + "\n"
		}
	}
	one, two := sha1.Sum([]byte(signed)), sha256.Sum256([]byte(signed))
	hash, sum := crypto.SHA1, one[:]
	if version == "2" {
		hash, sum = crypto.SHA256, two[:]
	}
	signature, _ := rsa.SignPKCS1v15(nil, key, hash, sum)
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	if after != nil {
		after(m)
	}
	body, _ := json.Marshal(m)
	return request{path: "/hooks/ses", body: string(body)}
}

const postmarkEvent = `{"RecordType":"SpamComplaint","ID":42,"Type":"SpamComplaint","Email":"gone@example.org",` +
	`"BouncedAt":"2026-11-30T09:00:00Z"}`

const brevoEvent = `{"event":"hard_bounce","email":"gone@example.org","message-id":"<m1@news.example.com>","ts_epoch":1764000000000}`

func basic(user, password string) map[string]string {
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}
}

// What each provider's own account sends is kept, and read from the spool; the same once more is not another event.
func TestGenuine(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("a", 50)
	for name, r := range map[string]request{
		"SendGrid":          ofSendGrid(keys().ec, sendGridEvent, now),
		"SendGrid, a retry": ofSendGrid(keys().ec, sendGridEvent, now.Add(-24*time.Hour)),
		"Mailgun":           ofMailgun(signingKey, token, now, "id1"),
		"SNS 1":             messageOfSNS(keys().rsa, "Notification", "1", nil, nil),
		"SNS 2":             messageOfSNS(keys().rsa, "Notification", "2", nil, nil),
		"SNS with a subject": messageOfSNS(keys().rsa, "Notification", "2", func(m map[string]string) { m["Subject"] = "Bounce" },
			nil),
		"SNS, a retry": messageOfSNS(keys().rsa, "Notification", "2", func(m map[string]string) {
			m["Timestamp"] = now.Add(-4 * 24 * time.Hour).Format(time.RFC3339)
		}, nil),
		"Postmark, Basic":  {"/hooks/postmark", basic("x", postmark), postmarkEvent},
		"Postmark, Bearer": {"/hooks/postmark", map[string]string{"Authorization": "Bearer " + postmark}, postmarkEvent},
		"Postmark, path":   {"/hooks/postmark/" + postmark, nil, postmarkEvent},
		"Brevo, Basic":     {"/hooks/brevo", basic("", brevo), brevoEvent},
		"Brevo, a batch":   {"/hooks/brevo", basic("", brevo), "[" + brevoEvent + "]"},
		"Brevo, Bearer":    {"/hooks/brevo", map[string]string{"Authorization": "bearer " + brevo}, brevoEvent},
		"Brevo, old":       {"/hooks/brevo/an-old-secret-of-brevo", nil, brevoEvent},
	} {
		p := open(t, nil)
		for range 2 {
			if got := p.send(t, r); got != http.StatusOK {
				t.Errorf("%s: %d", name, got)
			}
		}
		if ids := p.events(t); len(ids) != 1 {
			t.Errorf("%s: %v", name, ids)
		}
	}
}

// A request is refused, and nothing of it is kept, for each reason by itself: all else about it is right. Each row was
// seen to be kept with the rule taken out that its comment or name gives: fresh, Contains(topics), by, VerifyASN1,
// hmac.Equal, Once, same, and the prefixes of paths.
func TestRefused(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("a", 50)
	with := func(r request, change func(*request)) request {
		r.header = maps.Clone(r.header)
		change(&r)
		return r
	}
	sendGrid := ofSendGrid(keys().ec, sendGridEvent, now)
	notify := func(before, after func(map[string]string)) request {
		return messageOfSNS(keys().rsa, "Notification", "2", before, after)
	}
	for name, r := range map[string]request{
		"SendGrid, another account":   ofSendGrid(keys().strangers, sendGridEvent, now),
		"SendGrid, altered":           with(sendGrid, func(r *request) { r.body = strings.Replace(r.body, "gone@", "ann@", 1) }),
		"SendGrid, a blank more":      with(sendGrid, func(r *request) { r.body += " " }),
		"SendGrid, another time":      with(sendGrid, func(r *request) { r.header[timestampHeader] = strconv.FormatInt(now.Unix()+1, 10) }),
		"SendGrid, no signature":      with(sendGrid, func(r *request) { delete(r.header, signatureHeader) }),
		"SendGrid, an empty one":      with(sendGrid, func(r *request) { r.header[signatureHeader] = "" }),
		"SendGrid, not base64":        with(sendGrid, func(r *request) { r.header[signatureHeader] = "!" }),
		"SendGrid, no time":           with(sendGrid, func(r *request) { delete(r.header, timestampHeader) }),
		"SendGrid, old":               ofSendGrid(keys().ec, sendGridEvent, now.Add(-73*time.Hour)),
		"SendGrid, of tomorrow":       ofSendGrid(keys().ec, sendGridEvent, now.Add(24*time.Hour)),
		"SendGrid at Mailgun's":       with(sendGrid, func(r *request) { r.path = "/hooks/mailgun" }),
		"Mailgun, another account":    ofMailgun("another key", token, now, "id1"),
		"Mailgun, altered token":      with(ofMailgun(signingKey, token, now, "id1"), func(r *request) { r.body = strings.Replace(r.body, "aaaa", "aaab", 1) }),
		"Mailgun, old":                ofMailgun(signingKey, token, now.Add(-6*time.Minute), "id1"),
		"Mailgun, of tomorrow":        ofMailgun(signingKey, token, now.Add(6*time.Minute), "id1"),
		"Mailgun, no signature":       {path: "/hooks/mailgun", body: `{"event-data":{"event":"complained","recipient":"gone@example.org"}}`},
		"Mailgun, an empty signature": {path: "/hooks/mailgun", body: `{"signature":{"timestamp":"` + strconv.FormatInt(now.Unix(), 10) + `","token":"t","signature":""},"event-data":{"event":"complained","recipient":"gone@example.org","id":"x","log-level":"x"}}`},
		"SNS, another key":            messageOfSNS(keys().other, "Notification", "2", nil, nil),
		"SNS, another topic":          notify(func(m map[string]string) { m["TopicArn"] = strings.Replace(topic, "1111", "9999", 1) }, nil),
		"SNS, altered":                notify(nil, func(m map[string]string) { m["Message"] = strings.ReplaceAll(sesEvent, "gone@", "ann@") }),
		"SNS, another subject":        notify(nil, func(m map[string]string) { m["Subject"] = "x" }),
		"SNS, the other version":      notify(nil, func(m map[string]string) { m["SignatureVersion"] = "1" }),
		"SNS, a version of 3":         notify(nil, func(m map[string]string) { m["SignatureVersion"] = "3" }),
		"SNS, old":                    notify(func(m map[string]string) { m["Timestamp"] = now.Add(-6 * 24 * time.Hour).Format(time.RFC3339) }, nil),
		"SNS, of tomorrow":            notify(func(m map[string]string) { m["Timestamp"] = now.Add(24 * time.Hour).Format(time.RFC3339) }, nil),
		"SNS, no signature":           notify(nil, func(m map[string]string) { delete(m, "Signature") }),
		"SNS, another type":           notify(func(m map[string]string) { m["Type"] = "Other" }, nil),
		"SNS, none":                   {path: "/hooks/ses", body: sesEvent},
		"Postmark, none":              {path: "/hooks/postmark", body: postmarkEvent},
		"Postmark, another secret":    {"/hooks/postmark", basic("x", brevo), postmarkEvent},
		"Postmark, a part of it":      {"/hooks/postmark", basic("x", postmark[:16]), postmarkEvent},
		"Postmark, as the user":       {"/hooks/postmark", basic(postmark, ""), postmarkEvent},
		"Postmark, another path":      {"/hooks/postmark/" + brevo, nil, postmarkEvent},
		"Postmark, in the query":      {"/hooks/postmark?secret=" + postmark, nil, postmarkEvent},
		"Brevo, Postmark's secret":    {"/hooks/brevo/" + postmark, nil, brevoEvent},
		"outside of the base":         with(sendGrid, func(r *request) { r.path = "/sendgrid" }),
		"below the path":              with(sendGrid, func(r *request) { r.path = "/hooks/sendgrid/x" }),
		"the base":                    with(sendGrid, func(r *request) { r.path = "/hooks" }),
		"nobody's path":               with(sendGrid, func(r *request) { r.path = "/hooks/mandrill" }),
		"packed":                      with(sendGrid, func(r *request) { r.header["Content-Encoding"] = "gzip" }),
		"too large":                   ofSendGrid(keys().ec, "["+strings.Repeat(" ", MaxBody)+"]", now),
	} {
		p := open(t, nil)
		if got := p.send(t, r); got < 400 || got >= 500 {
			t.Errorf("%s: %d", name, got)
		}
		if list, err := os.ReadDir(p.spool.Dir()); err != nil || len(list) > 0 {
			t.Errorf("%s: %d files are kept, %v", name, len(list), err)
		}
	}
}

// A token of Mailgun is good for one body, also after a new start, and at the same time. Seen to fail without Once.
func TestTokenOnce(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	token := strings.Repeat("b", 50)
	answers := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			got := p.send(t, ofMailgun(signingKey, token, now, fmt.Sprint("id", n)))
			mu.Lock()
			defer mu.Unlock()
			answers[got]++
		})
	}
	all.Wait()
	if answers[http.StatusOK] != 1 || answers[http.StatusForbidden] != 19 {
		t.Errorf("%v", answers)
	}
	again, err := New(Config{Spool: p.spool, Mailgun: &Mailgun{Keys: []string{signingKey}}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	again.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/mailgun", strings.NewReader(ofMailgun(signingKey, token, now, "id99").body)))
	if w.Code != http.StatusForbidden || len(p.events(t)) != 1 {
		t.Errorf("after a new start: %d, %v", w.Code, p.events(t))
	}
}

// Without a secret a provider has no path, and with one only POST has an answer.
func TestPaths(t *testing.T) {
	t.Parallel()
	p := open(t, func(c *Config) { c.SendGrid, c.SES, c.Mailgun, c.Postmark = nil, nil, nil, nil })
	if got := p.h.Paths(); !slices.Equal(got, []string{"/hooks/brevo"}) {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"ses", "sendgrid", "mailgun", "postmark"} {
		if got := p.send(t, request{path: "/hooks/" + name, body: "{}"}); got != http.StatusNotFound {
			t.Errorf("%s: %d", name, got)
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"} {
		r, err := http.NewRequest(method, p.url+"/hooks/brevo/"+brevo, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %d", method, answer.StatusCode)
		}
	}
	for _, c := range []Config{
		{}, {Postmark: &Secret{}}, {Postmark: &Secret{Secrets: []string{"short"}}}, {SendGrid: &SendGrid{}},
		{SendGrid: &SendGrid{Keys: []string{"!"}}}, {SendGrid: &SendGrid{Keys: []string{"AAAA"}}}, {Mailgun: &Mailgun{}},
		{Mailgun: &Mailgun{Keys: []string{""}}}, {SES: &SES{}}, {SES: &SES{Topics: []string{"bounces"}}},
		{SES: &SES{Topics: []string{topic}, Certificates: []*x509.Certificate{{PublicKey: &keys().ec.PublicKey, NotAfter: time.Now().Add(time.Hour)}}}},
	} {
		if _, err := New(c); err == nil || strings.Contains(err.Error(), "short") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Openings are verified, answered, and not kept. What cannot be read is kept: who reads it says so. Too many requests
// are put off.
func TestKept(t *testing.T) {
	t.Parallel()
	p := open(t, func(c *Config) { c.Rate = 1 })
	for _, body := range []string{`[{"email":"a@example.org","event":"open","timestamp":1,"sg_event_id":"x"}]`, `[]`} {
		if got := p.send(t, ofSendGrid(keys().ec, body, now)); got != http.StatusOK || len(p.events(t)) != 0 {
			t.Errorf("%s: %d", body, got)
		}
	}
	if got := p.send(t, ofSendGrid(keys().ec, `[{"what":"is this"}]`, now)); got != http.StatusOK {
		t.Errorf("%d", got)
	}
	if list, err := os.ReadDir(p.spool.Dir()); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	codes := map[int]int{}
	const many = 100 // of which a slow machine, too, sends most in the same seconds
	for range many {
		codes[p.send(t, ofSendGrid(keys().strangers, sendGridEvent, now))]++
	}
	if codes[http.StatusTooManyRequests] < 5 {
		t.Errorf("%v", codes)
	}
	if kept, left, refused := p.h.Counts(); kept != 1 || left != 2 || refused != many {
		t.Errorf("%d, %d, %d", kept, left, refused)
	}
}

// What cannot be kept is not taken: the provider sends it again.
func TestCannotKeep(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	if err := os.RemoveAll(p.spool.Dir()); err != nil {
		t.Fatal(err)
	}
	if got := p.send(t, ofSendGrid(keys().ec, sendGridEvent, now)); got != http.StatusServiceUnavailable {
		t.Errorf("%d", got)
	}
	if len(p.said) != 1 || strings.Contains(p.said[0], "gone@example.org") {
		t.Errorf("%v", p.said)
	}
}
