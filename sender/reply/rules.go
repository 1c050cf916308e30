package reply

// rules is the decision table of delivery.md §5.3 as far as it holds for every
// server: enhanced codes first, then basic codes by stage. It is read only.
var rules = []rule{
	// The session.
	{stages: []Stage{Auth}, codes: []int{432}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Auth}, subjects: []string{"7.12"}, verdict: Verdict{Class: Stop, About: AboutServer}},

	// Wanted: a pause. 421 says that the connection ends, whatever the stage.
	{stages: transaction, codes: []int{421}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},
	{stages: transaction, codes: []int{432}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},
	// Allowances of a day, also where they are given out as permanent failures.
	{stages: transaction, subjects: []string{"4.5", "1.90", "7.233"}, codes: []int{5},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: quota}},
	{stages: transaction, words: []string{"daily", "per day", "submission quota", "send limit exceeded"}, codes: []int{450, 452, 454, 550, 552},
		subjects: []string{"", "2.1", "2.2", "3.", "4.", "5.3", "7."}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: quota}},
	{stages: transaction, codes: []int{454}, words: []string{"throttl", "rate"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},
	{stages: transaction, codes: []int{4}, words: []string{"too much mail", "too many connections", "too many messages", "too many recipients"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},
	// One recipient is never too many: the count is the connection's or the hour's.
	{stages: transaction, codes: []int{4, 5}, subjects: []string{"5.3"}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},
	{stages: []Stage{Mail, Data, Body, End}, codes: []int{4}, subjects: []string{"3.1", "3.2", "4.5"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},
	{stages: []Stage{Rcpt}, codes: []int{452}, subjects: []string{"3.1"}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},

	// The account or the server's view of it: the same for every message.
	{stages: transaction, codes: []int{530, 534, 535, 538}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Mail, Rcpt}, codes: []int{5}, subjects: []string{"7.0", "7.54"}, words: []string{"authenticat", "relay", "log in", "login"},
		verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Mail, Rcpt}, codes: []int{5}, words: []string{"relay access denied", "relaying denied", "unable to relay", "not permitted to relay", "relay not permitted"},
		verdict: Verdict{Class: Stop, About: AboutServer}},
	// Bad sequence: this end and that one disagree about where they are.
	{stages: []Stage{Mail, Rcpt, Data}, codes: []int{503}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},

	// The sender.
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5}, subjects: []string{"1.7", "1.8", "7.60"}, verdict: Verdict{Class: Stop, About: AboutSender}},
	// Authentication of the From domain: wrong once, wrong for the whole run.
	{stages: []Stage{Data, Body, End}, codes: []int{5},
		subjects: []string{"7.20", "7.21", "7.22", "7.23", "7.26", "7.27", "7.30", "7.509", "7.515"},
		verdict:  Verdict{Class: Stop, About: AboutSender}},

	// The recipient's address cannot be written to this server (RFC 6531).
	{stages: []Stage{Rcpt}, codes: []int{5}, subjects: []string{"6.7"}, verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	// The message: size and content.
	{stages: transaction, codes: []int{5}, subjects: []string{"3.4", "6."}, verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: []Stage{Mail}, codes: []int{552}, verdict: Verdict{Class: Message, About: AboutMessage}},

	// The recipient. Some servers say it only after the message.
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5}, subjects: []string{"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},
	{stages: []Stage{Rcpt, Data, End}, codes: []int{5}, subjects: []string{"1.", "2.", "4."}, verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	{stages: []Stage{Data, End}, codes: []int{4}, subjects: []string{"1.", "2."}, verdict: Verdict{Class: Retry, About: AboutRecipient}},
	// On a list of senders not wanted: this server's or the next one's view of us.
	{stages: []Stage{Rcpt}, codes: []int{5}, subjects: []string{"7."}, words: []string{"blocklist", "block list", "blacklist", "spamhaus", "barracuda", "listed by", "listed at"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: quota}},
}

// transaction are the stages that belong to one message.
var transaction = []Stage{Mail, Rcpt, Data, Body, End}
