# Reads calendars by Python's icalendar: JSON of a list in Base64 on standard input, a list of objects on standard output.
import base64, json, sys
import icalendar
from icalendar.parser import Contentlines

answers = []
for one in json.load(sys.stdin):
    text = base64.b64decode(one)
    calendar = icalendar.Calendar.from_ical(text)
    seen = {"lines": str(len([l for l in Contentlines.from_ical(text) if l])), "METHOD": str(calendar.get("METHOD", ""))}
    for event in calendar.walk("VEVENT"):
        seen["events"] = str(int(seen.get("events", "0")) + 1)
        for name, value in event.items():
            if hasattr(value, "dt"):
                seen[name] = value.dt.isoformat() if hasattr(value.dt, "isoformat") else str(value.dt)
            else:
                seen[name] = str(value)
            for key, parameter in getattr(value, "params", {}).items():
                seen[name + ";" + key] = str(parameter)
    answers.append(seen)
json.dump(answers, sys.stdout)
