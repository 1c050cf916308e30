# Reads a JSON list of messages (base64) from standard input, strictly, and
# prints what it saw. Display names go through the older decode_header, because
# the newer parser puts a blank between two encoded-words of a display name,
# against RFC 2047 section 6.2.
import base64, json, sys
from email import message_from_string, policy
from email.header import decode_header, make_header
from email.utils import getaddresses


def read(raw):
    text = raw.decode()  # of UTF-8 given as bytes it makes surrogates (RFC 6532)
    m = message_from_string(text, policy=policy.strict)
    old = message_from_string(text, policy=policy.compat32)

    def box(name):
        value = old.get_all(name, [])
        if not value:
            return {"Name": "", "Address": ""}
        ((display, address),) = getaddresses(["".join(v.splitlines()) for v in value])
        assert len(m[name].addresses) == 1 and m[name].addresses[0].addr_spec == address, name
        return {"Name": str(make_header(decode_header(display))), "Address": address}

    parts, defects = [], []
    for p in m.walk():
        defects += map(repr, p.defects)
        if p.is_multipart():
            continue
        disposition = p["Content-Disposition"]
        parts.append({
            "Type": p.get_content_type(),
            "Name": p.get_filename() or "",
            "CID": (p["Content-ID"] or "").strip("<>"),
            "Inline": disposition is not None and disposition.content_disposition == "inline",
            "Content": base64.b64encode(p.get_payload(decode=True)).decode(),
        })
    return {
        "From": box("From"), "To": box("To"), "ReplyTo": box("Reply-To"),
        "Subject": m["Subject"] or "",
        "Names": sorted(n.lower() for n in m.keys()),
        "Parts": parts, "Defects": defects,
    }


def judge(raw):
    try:
        return read(raw)
    except Exception as defect:  # the strict policy raises most of what it finds
        return {"Defects": [repr(defect)]}


json.dump([judge(base64.b64decode(raw)) for raw in json.load(sys.stdin)], sys.stdout)
