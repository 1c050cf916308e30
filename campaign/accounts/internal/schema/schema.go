// Package schema has the tables of accounts.db: [Versions] are its steps.
package schema

import "mailshot/internal/sqlite"

// Versions are the steps of accounts.db. A step that was released is never changed.
var Versions = []sqlite.Version{{Schema: `
CREATE TABLE secret (no INTEGER PRIMARY KEY CHECK (no = 1), value BLOB NOT NULL);
CREATE TABLE suppressions (
	domain TEXT NOT NULL,              -- the sender's; '' for all
	key TEXT NOT NULL,                 -- an address key, or @domain
	reason TEXT NOT NULL, source TEXT NOT NULL, time INTEGER NOT NULL,
	PRIMARY KEY (key, domain)
) WITHOUT ROWID;
CREATE TABLE uses (                    -- of caps, by the second, rounded up
	key TEXT NOT NULL, second INTEGER NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (key, second)
) WITHOUT ROWID;
CREATE TABLE leases (                  -- reserved by a running process and not used yet: they count as now
	key TEXT NOT NULL, holder TEXT NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (key, holder)
) WITHOUT ROWID;
CREATE TABLE paces (key TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE windows (key TEXT PRIMARY KEY, longest INTEGER NOT NULL) WITHOUT ROWID; -- how long uses of a key matter
CREATE TABLE marks (run TEXT PRIMARY KEY, mark INTEGER NOT NULL) WITHOUT ROWID;
`}, {Schema: `
CREATE TABLE days (                    -- what was sent on a day, for warming up
	key TEXT NOT NULL, day TEXT NOT NULL, -- 2026-11-22
	tried INTEGER NOT NULL, refused INTEGER NOT NULL,
	PRIMARY KEY (key, day)
) WITHOUT ROWID;
`}, {Schema: `
CREATE TABLE moments (                 -- uses of the last minute once more, by the millisecond, rounded up: caps of seconds count these
	key TEXT NOT NULL, ms INTEGER NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (key, ms)
) WITHOUT ROWID;
`}, {Schema: `
ALTER TABLE marks ADD COLUMN token TEXT NOT NULL DEFAULT ''; -- of the run that set the mark: two copies of a ledger may come as far
`}, {Schema: `
CREATE TABLE sendings (                -- of campaigns, by folder: a ledger that is gone is noticed by them
	id TEXT NOT NULL, folder TEXT NOT NULL, -- the campaign's id, and the folder of its file
	run TEXT NOT NULL, ledger TEXT NOT NULL, -- the campaign's random name in its ledger, and where the ledger was
	sent INTEGER NOT NULL,             -- how many may have been mailed, as of the last run that ended
	open INTEGER NOT NULL,             -- 1: a run has begun since and not ended
	first INTEGER NOT NULL, last INTEGER NOT NULL, -- when the first and the last run were
	PRIMARY KEY (id, folder)
) WITHOUT ROWID;
`}, {Schema: `
CREATE TABLE clock (                   -- the time in which uses are recorded, as of the last transaction that asked for it
	no INTEGER PRIMARY KEY CHECK (no = 1),
	boot TEXT NOT NULL, since INTEGER NOT NULL, -- which start of the machine, and the nanoseconds since then
	time INTEGER NOT NULL,             -- the time at that moment, in nanoseconds, as the following
	wall INTEGER NOT NULL,             -- the latest that a wall clock has shown
	same INTEGER NOT NULL              -- when the time was last that of the wall clock
);
`}, {Schema: `
CREATE TABLE mailings (                -- campaigns of which it is remembered who got which message
	no INTEGER PRIMARY KEY,
	run TEXT NOT NULL UNIQUE,          -- the campaign's random name in its ledger
	id TEXT NOT NULL, folder TEXT NOT NULL, -- the campaign's id, and the folder of its file
	list TEXT NOT NULL, subject TEXT NOT NULL, -- digests, of the last run
	until INTEGER NOT NULL             -- the last day on which it is kept
);
CREATE TABLE copies (                  -- of messages, to people: a page for some 240 of them
	no INTEGER PRIMARY KEY,
	mailing INTEGER NOT NULL,
	day INTEGER NOT NULL, until INTEGER NOT NULL, -- days since 1970: when they were sent, and how long they are kept
	data BLOB NOT NULL                 -- 16 bytes each: keyed hashes of the person, and of the person with the content
);
CREATE INDEX copies_until ON copies (until);
`}, {Schema: `
ALTER TABLE suppressions ADD COLUMN seq INTEGER NOT NULL DEFAULT 0; -- the number of the change that put it on the list
CREATE TABLE changes (                 -- how often the list grew: a screen of it asks for news by this
	no INTEGER PRIMARY KEY CHECK (no = 1), n INTEGER NOT NULL
);
`, Data: `
INSERT INTO changes VALUES (1, 0);
CREATE INDEX suppressions_seq ON suppressions (seq);
CREATE TRIGGER suppressions_added AFTER INSERT ON suppressions BEGIN
	UPDATE changes SET n = n + 1;
	UPDATE suppressions SET seq = (SELECT n FROM changes) WHERE key = NEW.key AND domain = NEW.domain;
END;
CREATE TRIGGER suppressions_changed AFTER UPDATE OF key, domain ON suppressions BEGIN
	UPDATE changes SET n = n + 1;
	UPDATE suppressions SET seq = (SELECT n FROM changes) WHERE key = NEW.key AND domain = NEW.domain;
END;
`}, {Schema: `
ALTER TABLE mailings ADD COLUMN ledger TEXT NOT NULL DEFAULT ''; -- which has the last copies of a run that has not ended; '': all are here
ALTER TABLE mailings ADD COLUMN begun INTEGER NOT NULL DEFAULT 0; -- the day of that run
`, Data: `
CREATE TABLE erased (person INTEGER PRIMARY KEY); -- who was forgotten: copies of theirs that ledgers have are not taken
`}, {Schema: `
ALTER TABLE suppressions RENAME TO entries; -- with its triggers and its index, which go with it
CREATE TABLE suppressions (
	domain TEXT NOT NULL,              -- the sender's; '' for all
	key TEXT NOT NULL,                 -- an address key, or @domain
	topic TEXT NOT NULL,               -- of the mail; '*' for all newsletters and notices, '' for everything
	reason TEXT NOT NULL, source TEXT NOT NULL, time INTEGER NOT NULL,
	seq INTEGER NOT NULL DEFAULT 0,    -- the number of the change that put it on the list
	PRIMARY KEY (key, domain, topic)
) WITHOUT ROWID;
INSERT INTO suppressions SELECT domain, key, '', reason, source, time, seq FROM entries;
DROP TABLE entries;
CREATE TABLE tokens (                  -- of campaigns that were sent: what their tokens mean when no ledger has them any more
	campaign BLOB PRIMARY KEY,         -- as tokens name it
	id TEXT NOT NULL, domain TEXT NOT NULL, topic TEXT NOT NULL, -- what that was made of
	time INTEGER NOT NULL              -- when it was first sent
) WITHOUT ROWID;
`, Data: `
CREATE INDEX suppressions_seq ON suppressions (seq);
CREATE TRIGGER suppressions_added AFTER INSERT ON suppressions BEGIN
	UPDATE changes SET n = n + 1;
	UPDATE suppressions SET seq = (SELECT n FROM changes) WHERE key = NEW.key AND domain = NEW.domain AND topic = NEW.topic;
END;
CREATE TRIGGER suppressions_changed AFTER UPDATE OF key, domain, topic ON suppressions BEGIN
	UPDATE changes SET n = n + 1;
	UPDATE suppressions SET seq = (SELECT n FROM changes) WHERE key = NEW.key AND domain = NEW.domain AND topic = NEW.topic;
END;
`}, {Schema: `
CREATE TABLE collected (               -- messages of mailboxes of which it is recorded what they say
	box BLOB NOT NULL, id BLOB NOT NULL, -- hashes of the mailbox's name, and of the message's in it
	time INTEGER NOT NULL,             -- when it was noted
	PRIMARY KEY (box, id)
) WITHOUT ROWID;
CREATE TABLE softs (                   -- messages to a person that bounced for a reason that may pass
	person BLOB NOT NULL,              -- a keyed hash of the address
	campaign TEXT NOT NULL,
	at INTEGER NOT NULL,               -- when it was sent
	PRIMARY KEY (person, campaign)
) WITHOUT ROWID;
CREATE TABLE successes (               -- the last message to a person that came to its end well
	person BLOB PRIMARY KEY, at INTEGER NOT NULL
) WITHOUT ROWID;
`}, {Data: `
DROP TRIGGER suppressions_added;
CREATE TRIGGER suppressions_added AFTER INSERT ON suppressions WHEN NEW.seq = 0 BEGIN -- another number is that of Settle
	UPDATE changes SET n = n + 1;
	UPDATE suppressions SET seq = (SELECT n FROM changes) WHERE key = NEW.key AND domain = NEW.domain AND topic = NEW.topic;
END;
`}}
