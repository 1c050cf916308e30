# Verifies the DKIM signatures of messages by dkimpy. Input: {"Messages": [base64], "Records": {name: TXT}}. Output: for
# each message whether each of its signatures, in order, is good.
import base64
import json
import sys

import dkim

given = json.load(sys.stdin)
records = {name: text.encode() for name, text in given["Records"].items()}


def lookup(name, timeout=5):
    if isinstance(name, bytes):
        name = name.decode()
    return records.get(name.rstrip("."))


answers = []
for text in given["Messages"]:
    message = base64.b64decode(text)
    head = message.split(b"\r\n\r\n", 1)[0]
    count = sum(line.lower().startswith(b"dkim-signature:") for line in head.split(b"\r\n"))
    answers.append([dkim.DKIM(message).verify(idx=i, dnsfunc=lookup) for i in range(count)])
json.dump(answers, sys.stdout)
