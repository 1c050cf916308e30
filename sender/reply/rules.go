package reply

// rules hold for every server, whoever runs it. First come the answers that a session and an
// account can get, then those about one message, by what they are about. The order matters: the
// first rule that fits decides. It is read-only.
var rules = []rule{
	// The session. 432 4.7.12 asks a person for a new password. Nothing here waits for one.
	{stages: []Stage{Auth}, codes: []int{432}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Auth}, subjects: []string{"7.12"}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Auth}, codes: []int{4}, words: []string{"too many auth commands"},
		verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: brief}},
	// A refusal of EHLO: the server doubts the name that was given, or the client comes too often.
	{stages: []Stage{Ehlo}, codes: []int{4}, verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: login}},
	// Postfix' anvil and postscreen count by the minute.
	{stages: []Stage{Greeting, StartTLS}, codes: []int{4}, words: []string{"too many", "server ports are busy"},
		verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: brief}},

	// The connection has carried enough messages (Exim; GoDaddy says it with a 550).
	{stages: transaction, codes: []int{4},
		words: []string{"too many messages in this connection", "too many messages in this session",
			"messages per connection", "messages per session"},
		verdict: Verdict{Class: Retry, About: AboutServer, Reconnect: true}},
	// A command that this server does not know, or not here: the two ends disagree about where
	// they are. No address or message is at fault.
	{stages: []Stage{Mail, Rcpt, Data, End}, codes: []int{500, 502, 503},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
	{stages: []Stage{Data}, codes: []int{554}, words: []string{"no valid recipient"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
	// A parameter of MAIL that this server does not take would be sent with every message.
	{stages: []Stage{Mail}, codes: []int{555, 504}, verdict: Verdict{Class: Stop, About: AboutServer}},

	// Allowances of an hour or a day, also where servers report them as permanent failures.
	{stages: transaction, subjects: []string{"4.5", "1.90", "7.233"}, codes: []int{5},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: quota}},
	{stages: transaction,
		words: []string{"daily", "per day", "submission quota", "send limit exceeded", "sending limit", "sending quota",
			"max emails per hour", "max defers and failures per hour", "reached your message limit"},
		codes:    []int{421, 450, 451, 452, 454, 550, 552, 554},
		subjects: []string{"", "2.0", "2.1", "2.2", "3.", "4.", "5.3", "7."},
		verdict:  Verdict{Class: Hold, About: AboutServer, HoldOff: quota}},
	// This one recipient gets too much, or has no room.
	{stages: []Stage{Rcpt, Data, End}, codes: []int{4},
		words:   []string{"receiving mail too quickly", "receiving mail at a rate", "recipient thread limit"},
		verdict: Verdict{Class: Retry, About: AboutRecipient}},
	{stages: []Stage{Rcpt, Data, End}, codes: []int{4}, subjects: []string{"2.2"},
		verdict: Verdict{Class: Retry, About: AboutRecipient, HoldOff: full}},
	// Too fast, or too many at once.
	{stages: transaction, codes: []int{4},
		words: []string{"too much mail", "too many connections", "too many concurrent", "too many messages",
			"too many recipients", "too many new tls sessions", "too many errors", "submission rate for this client",
			"server ports are busy"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief, Reconnect: true}},
	{stages: transaction, codes: []int{454}, words: []string{"throttl", "rate"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},
	// 421 says that the connection ends, at any stage.
	{stages: transaction, codes: []int{421},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
	{stages: transaction, codes: []int{432}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},
	// One recipient is never too many, so the count is that of the connection or the hour.
	{stages: transaction, codes: []int{4, 5}, subjects: []string{"5.3"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief, Reconnect: true}},
	{stages: []Stage{Mail, Data, Body, End}, codes: []int{4}, subjects: []string{"3.1", "3.2", "4.5"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},
	{stages: []Stage{Rcpt}, codes: []int{452}, subjects: []string{"3.1"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},

	// The account, or the server's view of it, which is the same for every message.
	{stages: transaction, codes: []int{530, 534, 535, 538}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Mail, Rcpt}, codes: []int{5}, subjects: []string{"7.0", "7.54"},
		words:   []string{"authenticat", "relay", "log in", "login"},
		verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Mail, Rcpt}, codes: []int{5},
		words: []string{"relay access denied", "relaying denied", "unable to relay", "not permitted to relay",
			"relay not permitted"},
		verdict: Verdict{Class: Stop, About: AboutServer}},

	// The sender.
	{stages: []Stage{Mail, Rcpt, Data, End}, codes: []int{5}, subjects: []string{"1.7", "1.8", "7.60"},
		verdict: Verdict{Class: Stop, About: AboutSender}},
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5},
		words: []string{"sendasdenied", "unconfigured sending domain", "address is not verified",
			"not owned by user"},
		verdict: Verdict{Class: Stop, About: AboutSender}},
	// Authentication of the From domain. What is wrong once is wrong for the whole run.
	{stages: []Stage{Data, Body, End}, codes: []int{5},
		subjects: []string{"7.20", "7.21", "7.22", "7.23", "7.26", "7.27", "7.30", "7.509", "7.515"},
		verdict:  Verdict{Class: Stop, About: AboutSender}},
	{stages: transaction, codes: []int{5}, words: []string{"dmarc policy"},
		verdict: Verdict{Class: Stop, About: AboutSender}},

	// The recipient's address cannot be written to this server (RFC 6531).
	{stages: []Stage{Rcpt}, codes: []int{5}, subjects: []string{"6.7"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	// The message: size and content.
	{stages: transaction, codes: []int{5}, subjects: []string{"3.4", "6."},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: []Stage{Data, End}, codes: []int{5}, subjects: []string{"2.3"},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: []Stage{Mail}, codes: []int{552}, verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: transaction, codes: []int{5}, words: []string{"spam detected", "virus detected", "considered as spam"},
		verdict: Verdict{Class: Message, About: AboutMessage}},

	// The recipient. Some servers refuse one only after the message.
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5}, subjects: []string{"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},
	// Microsoft's servers, and those behind them, say so of mailboxes that are not in the directory.
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5}, subjects: []string{"4.1"},
		words:   []string{"rejected: access denied", "rejected : access denied"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},
	{stages: []Stage{Rcpt, Data, End}, codes: []int{550, 551, 552, 553},
		subjects: []string{"", "0.0", "1.0", "5.0", "7.1"}, words: []string{"user unknown", "unknown user",
			"no such user", "no such mailbox", "no such recipient", "mailbox not found", "invalid mailbox",
			"user not found", "does not exist", "user doesn't exist"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5}, subjects: []string{"1.", "2.", "4."},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	{stages: []Stage{Data, End}, codes: []int{4}, subjects: []string{"1.", "2."},
		verdict: Verdict{Class: Retry, About: AboutRecipient}},
	// A blocklist: a mail system's view of this sender.
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5}, subjects: []string{"7."},
		words: []string{"blocklist", "block list", "blacklist", "spamhaus", "barracuda", "listed by", "listed at",
			"listed in"},
		verdict: Verdict{Class: Hold, About: AboutGroup, HoldOff: quota}},
}

// transaction are the stages that belong to one message.
var transaction = []Stage{Mail, Rcpt, Data, Body, End}
