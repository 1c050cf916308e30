package traffic

// Session is how messages are sent by SMTP. The zero value is a lock-step session without TLS and login, over Ethernet,
// with one connection for all messages and a server whose answers are as long as Postfix's.
type Session struct {
	Line     Line
	Path     Path
	Security Security
	TLS      TLS
	// Login are the exchanges of AUTH; nil: none. See [LoginOf].
	Login []Exchange
	// Replies are the server's answers.
	Replies Replies
	// Hello is the length of the EHLO line; 0: 23, an address literal.
	Hello int
	// ChunkLimit is the largest message that goes by BDAT; 0: 65,536.
	ChunkLimit int
	// PerConnection is how many messages a connection carries at most; 0: all of them.
	PerConnection int
	// Connections is how many connections are open at the same time, for the time that a campaign takes; 0: 1.
	Connections int
}

// Replies are the lengths of a server's answers with their codes and line ends; 0: as Postfix answers with enhanced
// status codes.
type Replies struct {
	Greeting, Ehlo, StartTLS, Mail, Rcpt, Data, End, Quit int
	// Offer is the answer to EHLO before STARTTLS; 0: Ehlo and the line of STARTTLS.
	Offer int
	// Chunk is the answer to BDAT LAST; 0: as End. Postfix says the message's size in it.
	Chunk int
	// Together says that the server sends the answers to the commands of one write in one write, as Postfix does.
	// Otherwise each answer is a write of its own.
	Together bool
}

func (r Replies) defaults() Replies {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&r.Greeting, 33}, {&r.Ehlo, 160}, {&r.StartTLS, 30}, {&r.Mail, 14}, {&r.Rcpt, 14}, {&r.Data, 37}, {&r.End, 44},
		{&r.Quit, 15},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if r.Chunk == 0 {
		r.Chunk = r.End
	}
	if r.Offer == 0 {
		r.Offer = r.Ehlo + len("250-STARTTLS\r\n")
	}
	return r
}

// The commands of fixed length, with CRLF.
const (
	dataLine     = len("DATA\r\n")
	quitLine     = len("QUIT\r\n")
	startTLSLine = len("STARTTLS\r\n")
	finalDot     = len(".\r\n")
	helloLine    = len("EHLO [192.168.100.20]\r\n")
	// writeSize is how much of a message sender/smtp writes at a time over TLS.
	writeSize = 64 << 10
)

// Message has the figures on which the cost of a message depends, in bytes.
type Message struct {
	Mail int // the MAIL line with its parameters and CRLF
	Rcpt int // the RCPT lines of all its recipients, with CRLF
	More int // recipients beside the first
	Size int // the message as it was made, with CRLF at the end of each line
	Dots int // lines of it that begin with a dot: DATA doubles it
	User int // the part of it that the user wrote, before encoding; for the efficiency only
}

// MailLine is the length of the MAIL line for a sender's address. size is the message's size if the server offers SIZE,
// and 0 if it does not.
func MailLine(from string, size int) int {
	n := len("MAIL FROM:<>\r\n") + len(from)
	if size > 0 {
		n += len(" SIZE=") + digits(size)
	}
	return n
}

// RcptLine is the length of the RCPT line for a recipient's address.
func RcptLine(to string) int { return len("RCPT TO:<>\r\n") + len(to) }

// bdatLine is the length of the BDAT line for a message.
func bdatLine(size int) int { return len("BDAT  LAST\r\n") + digits(size) }

func digits(n int) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}

// LoginOf returns the exchanges of an AUTH mechanism (RFC 4954): PLAIN, LOGIN, CRAM-MD5, XOAUTH2, OAUTHBEARER,
// SCRAM-SHA-1 or SCRAM-SHA-256. user and secret are the lengths of name and password or token in bytes. nil: the
// mechanism is not known.
func LoginOf(mechanism string, user, secret int) []Exchange {
	const ok = len("235 2.7.0 Authentication successful\r\n")
	challenge := func(raw int) int { return len("334 \r\n") + base64(raw) }
	line := func(raw int) int { return base64(raw) + 2 }
	first := func(raw int) int { return len("AUTH  \r\n") + len(mechanism) + base64(raw) }
	scram := func(digest int) []Exchange {
		nonce := 32 // ours; a server adds about as much
		return []Exchange{
			{first(len("n,,n=,r=") + user + nonce), challenge(len("r=,s=,i=4096") + 2*nonce + base64(16))},
			{line(len("c=biws,r=,p=") + 2*nonce + base64(digest)), challenge(len("v=") + base64(digest))},
			{2, ok},
		}
	}
	switch mechanism {
	case "PLAIN":
		return initial(mechanism, 2+user+secret, ok)
	case "LOGIN":
		return []Exchange{
			{len("AUTH LOGIN\r\n"), challenge(len("Username:"))}, {line(user), challenge(len("Password:"))}, {line(secret), ok},
		}
	case "CRAM-MD5":
		return []Exchange{{len("AUTH CRAM-MD5\r\n"), challenge(50)}, {line(user + 1 + 32), ok}}
	case "XOAUTH2":
		return initial(mechanism, len("user=\x01auth=Bearer \x01\x01")+user+secret, ok)
	case "OAUTHBEARER":
		const host = 16 // letters of the server's name
		return initial(mechanism, len("n,a=,\x01host=\x01port=587\x01auth=Bearer \x01\x01")+host+user+secret, ok)
	case "SCRAM-SHA-1":
		return scram(20)
	case "SCRAM-SHA-256":
		return scram(32)
	}
	return nil
}

// initial is a mechanism of one response. A response that makes the AUTH line longer than 512 bytes waits for the
// server's challenge, as tokens do.
func initial(mechanism string, raw, ok int) []Exchange {
	if whole := len("AUTH  \r\n") + len(mechanism) + base64(raw); whole <= 512 {
		return []Exchange{{whole, ok}}
	}
	return []Exchange{{len("AUTH \r\n") + len(mechanism), len("334 \r\n")}, {base64(raw) + 2, ok}}
}

func base64(n int) int { return (n + 2) / 3 * 4 }
