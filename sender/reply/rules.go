package reply

import "time"

// rules hold for every server, whoever runs it. First come the answers that a session and an
// account can get, then those about one message, by what they are about. The order matters: the
// first rule that fits decides. What the words mean is in words.json. It is read-only.
var rules = []rule{
	// The session. 432 4.7.12 asks a person for a new password. Nothing here waits for one.
	{stages: []Stage{Auth}, codes: []int{432}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Auth}, subjects: []string{"7.12"}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Auth}, codes: []int{4}, means: []string{"rate"},
		verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: brief}},
	// An allowance that is used up comes back, also where the server says it with a 5xx.
	{stages: []Stage{Greeting, Ehlo}, codes: []int{4, 5}, means: []string{"quota"},
		verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: quota}},
	// A refusal of EHLO: the server doubts the name that was given, or the client comes too often.
	{stages: []Stage{Ehlo}, codes: []int{4}, verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: login}},
	// Postfix' anvil and postscreen count by the minute.
	{stages: []Stage{Greeting, Ehlo, StartTLS}, codes: []int{4, 5}, means: []string{"rate"},
		unless: []string{"reputation"}, verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: brief}},
	{stages: []Stage{Greeting, StartTLS}, codes: []int{4}, means: []string{"rate"},
		verdict: Verdict{Class: Retry, About: AboutServer, HoldOff: brief}},

	// The connection has carried enough messages (Exim; GoDaddy says it with a 550).
	{stages: transaction, codes: []int{4, 5}, means: []string{"worn"},
		verdict: Verdict{Class: Retry, About: AboutServer, Reconnect: true}},
	{stages: []Stage{Data}, codes: []int{503, 554}, means: []string{"unaddressed"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
	// A parameter of MAIL that this server does not take would be sent with every message.
	{stages: []Stage{Mail}, codes: []int{555, 504}, verdict: Verdict{Class: Stop, About: AboutServer}},
	// Greylisting may name a list of hosts. It passes by itself.
	{stages: []Stage{Mail}, codes: []int{4}, means: []string{"greylist"},
		verdict: Verdict{Class: Retry, About: AboutSender}},
	{stages: []Stage{Rcpt}, codes: []int{4}, means: []string{"greylist"},
		verdict: Verdict{Class: Retry, About: AboutRecipient}},
	{stages: []Stage{Data, Body, End}, codes: []int{4}, means: []string{"greylist"},
		verdict: Verdict{Class: Retry, About: AboutMessage}},

	// Allowances of an hour or a day by their codes, then this one recipient's.
	{stages: transaction, subjects: []string{"4.5", "1.90", "7.233"}, codes: []int{5},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: quota}},
	{stages: addressed, codes: []int{4}, means: []string{"busy"},
		verdict: Verdict{Class: Retry, About: AboutRecipient}},
	{stages: addressed, codes: []int{5}, means: []string{"busy"},
		verdict: Verdict{Class: Retry, About: AboutRecipient, HoldOff: time.Hour}},
	// Who does not want it. 7.133 and what follows are a group's or a mailbox's own rules (Microsoft).
	{stages: addressed, codes: []int{5}, subjects: []string{"7.133", "7.134", "7.135", "7.136"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	{stages: addressed, codes: []int{5}, means: []string{"refuses"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	// Allowances of an hour or a day, also where servers report them as permanent failures.
	{stages: transaction, codes: []int{4, 5}, means: []string{"quota"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: quota}},
	// No room: first the message's size, then the server's, then the mailbox's.
	{stages: transaction, codes: []int{5}, subjects: []string{"3.4"},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: transaction, codes: []int{4, 5}, means: []string{"storage"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},
	{stages: addressed, codes: []int{4}, subjects: []string{"2.2"},
		verdict: Verdict{Class: Retry, About: AboutRecipient, HoldOff: full}},
	{stages: addressed, codes: []int{4}, means: []string{"full"}, subjects: mailboxes,
		verdict: Verdict{Class: Retry, About: AboutRecipient, HoldOff: full}},
	{stages: addressed, codes: []int{5}, subjects: []string{"2.2"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	{stages: addressed, codes: []int{5}, means: []string{"full"}, subjects: mailboxes,
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	// A user unknown is a user unknown, whatever else the server advises. The veto keeps the list clean.
	{stages: addressed, codes: []int{5}, subjects: []string{"1.1"}, means: []string{"gone"},
		unless: []string{"sender"}, verdict: Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},

	// A message that breaks the rules may have the name of a signature in a wrong place.
	{stages: transaction, codes: []int{5}, means: []string{"malformed"},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	// The From domain's authentication. What is wrong once is wrong for the whole run.
	{stages: []Stage{Data, Body, End}, codes: []int{5},
		subjects: []string{"7.20", "7.21", "7.22", "7.23", "7.26", "7.27", "7.30", "7.509", "7.515"},
		verdict:  Verdict{Class: Stop, About: AboutSender}},
	{stages: transaction, codes: []int{5}, means: []string{"authentication"},
		verdict: Verdict{Class: Stop, About: AboutSender}},
	{stages: transaction, codes: []int{4}, means: []string{"authentication"}, unless: []string{"rate"},
		verdict: Verdict{Class: Retry, About: AboutSender}},
	// A link that is listed is the message's. Whose relay is closed says so of every recipient.
	{stages: transaction, codes: []int{5}, means: []string{"links"},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: []Stage{Mail, Rcpt}, codes: []int{5}, means: []string{"relay"},
		verdict: Verdict{Class: Stop, About: AboutServer}},
	// The sender's address and account.
	{stages: []Stage{Mail, Rcpt, Data, End}, codes: []int{5}, subjects: []string{"1.7", "1.8", "7.60"},
		verdict: Verdict{Class: Stop, About: AboutSender}},
	{stages: addressed, codes: []int{5}, means: []string{"sender"}, unless: []string{"reputation", "content"},
		verdict: Verdict{Class: Stop, About: AboutSender}},
	{stages: addressed, codes: []int{4}, means: []string{"sender"}, unless: []string{"reputation", "rate", "content"},
		verdict: Verdict{Class: Retry, About: AboutSender}},
	{stages: transaction, codes: []int{5}, means: []string{"account"}, unless: []string{"reputation"},
		verdict: Verdict{Class: Stop, About: AboutSender}},
	// A mail system's view of the host that sends: listed, distrusted, without a name.
	{stages: transaction, codes: []int{5}, means: []string{"reputation"}, unless: []string{"login"},
		verdict: Verdict{Class: Hold, About: AboutGroup, HoldOff: quota}},
	{stages: transaction, codes: []int{4}, means: []string{"reputation"}, unless: []string{"rate"},
		verdict: Verdict{Class: Hold, About: AboutGroup, HoldOff: quota}},
	{stages: transaction, codes: []int{5}, means: []string{"name"},
		verdict: Verdict{Class: Stop, About: AboutServer}},
	// Too fast, or too many at once. 4.2.1 says it of the mailbox.
	{stages: []Stage{Rcpt}, codes: []int{4}, subjects: []string{"2.1"}, means: []string{"rate"},
		verdict: Verdict{Class: Retry, About: AboutRecipient}},
	{stages: transaction, codes: []int{454}, means: []string{"rate"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},
	{stages: transaction, codes: []int{432}, verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short}},
	{stages: transaction, codes: []int{452}, subjects: []string{"4.5"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},
	{stages: transaction, codes: []int{4, 5}, means: []string{"rate"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief, Reconnect: true}},
	// 421 says that the connection ends, at any stage.
	{stages: transaction, codes: []int{421},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
	// One recipient is never too many, so the count is that of the connection or the hour.
	{stages: transaction, codes: []int{4, 5}, subjects: []string{"5.3"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief, Reconnect: true}},
	{stages: []Stage{Mail, Data, Body, End}, codes: []int{4}, subjects: []string{"3.1", "3.2", "4.5"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},
	{stages: []Stage{Rcpt}, codes: []int{452}, subjects: []string{"3.1"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: brief}},

	// The login, which is the same for every message.
	{stages: transaction, codes: []int{530, 534, 535, 538}, verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: []Stage{Mail, Rcpt}, codes: []int{5}, subjects: []string{"7.54"},
		verdict: Verdict{Class: Stop, About: AboutServer}},
	{stages: transaction, codes: []int{5}, means: []string{"login"},
		verdict: Verdict{Class: Stop, About: AboutServer}},

	// The recipient's address cannot be written to this server (RFC 6531).
	{stages: []Stage{Rcpt}, codes: []int{5}, subjects: []string{"6.7"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	{stages: transaction, codes: []int{5}, subjects: []string{"6."},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: []Stage{Data, End}, codes: []int{5}, subjects: []string{"2.3"},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: []Stage{Mail}, codes: []int{552}, verdict: Verdict{Class: Message, About: AboutMessage}},
	{stages: []Stage{Rcpt}, codes: []int{5}, subjects: []string{"2.3"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},

	// The recipient. Some servers refuse one only after the message, and with any code.
	{stages: addressed, codes: []int{5}, means: []string{"gone"},
		subjects: []string{"", "0.", "1.", "2.", "3.", "4.", "5.", "7.0", "7.1"},
		verdict:  Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},
	{stages: []Stage{Data, End}, codes: []int{4}, means: []string{"gone"},
		verdict: Verdict{Class: Retry, About: AboutRecipient}},
	{stages: addressed, codes: []int{5}, means: []string{"gone", "suspended", "nowhere"}, unless: []string{"content"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	// The message: size and content.
	{stages: transaction, codes: []int{5}, means: []string{"size", "content"},
		verdict: Verdict{Class: Message, About: AboutMessage}},
	// Some say 5.2.1 of a full mailbox, too.
	{stages: addressed, codes: []int{5}, subjects: []string{"2.1"}, means: []string{"unavailable"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	{stages: addressed, codes: []int{5}, subjects: []string{"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},
	// Microsoft's servers, and those behind them, say so of mailboxes that are not in the directory.
	{stages: addressed, codes: []int{5}, subjects: []string{"4.1"}, means: []string{"directory"},
		verdict: Verdict{Class: Refuse, About: AboutRecipient, Suppress: true}},
	{stages: addressed, codes: []int{5}, subjects: []string{"1.", "2.", "4."},
		verdict: Verdict{Class: Refuse, About: AboutRecipient}},
	{stages: []Stage{Data, End}, codes: []int{4}, subjects: []string{"1.", "2."},
		verdict: Verdict{Class: Retry, About: AboutRecipient}},

	// A command that this server does not know, or not here: the two ends disagree about where
	// they are. No address or message is at fault. After the final dot there was no command to
	// know, so only words or a code of the protocol (5.5.x) say so there.
	{stages: []Stage{Mail, Rcpt, Data}, codes: []int{500, 502, 503},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
	{stages: []Stage{End}, codes: []int{500, 502, 503}, subjects: []string{"5."},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
	{stages: []Stage{End}, codes: []int{500, 502, 503}, subjects: []string{""}, means: []string{"protocol"},
		verdict: Verdict{Class: Hold, About: AboutServer, HoldOff: short, Reconnect: true}},
}

// transaction are the stages that belong to one message.
var transaction = []Stage{Mail, Rcpt, Data, Body, End}

// addressed are those at which the server knows the recipient.
var addressed = []Stage{Rcpt, Data, Body, End}

// mailboxes are the enhanced codes with which a full mailbox is believed.
var mailboxes = []string{"", "0.", "1.", "2.", "3.", "4.", "5.", "7."}
