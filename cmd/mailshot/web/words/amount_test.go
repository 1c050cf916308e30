package words

import (
	"testing"
	"time"
)

// Moments, sizes and decimals are written as the language writes them.
func TestAmounts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 10, 4, 0, 0, time.UTC)
	for _, c := range []struct{ lang, got, want string }{
		{"en", In("en").Point(now.Add(-time.Second), now), "now"},
		{"en", In("en").Point(now.Add(time.Hour), now), "11:04:00 UTC"},
		{"en", In("en").Point(now.Add(30*time.Hour), now), "Tuesday, 16:04 UTC"},
		{"en", In("en").Point(now.Add(240*time.Hour), now), "2026-12-10 10:04 UTC"},
		{"fa", In("fa").Point(now, now), "اکنون"},
		{"fa", In("fa").Point(now.Add(time.Hour), now), "۱۱:۰۴:۰۰ UTC"},
		{"ar", In("ar").Point(now.Add(30*time.Hour), now), "الثلاثاء، ١٦:٠٤ UTC"},
		{"en", In("en").Size(999), "999 bytes"},
		{"en", In("en").Size(1), "1 byte"},
		{"en", In("en").Size(15_400), "15 kB"},
		{"en", In("en").Size(2_340_000), "2.3 MB"},
		{"fa", In("fa").Size(15_400), "۱۵ کیلوبایت"},
		{"fa", In("fa").Size(2_340_000), "۲٫۳ مگابایت"},
		{"fa", In("fa").Decimal(10.72), "۱۰٫۷"},
		{"en", In("en").Local("10:04"), "10:04"},
		{"en", In("en").Short(0.4), "0.4"}, {"en", In("en").Short(12), "12"}, {"fa", In("fa").Short(0.25), "۰٫۲۵"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, not %q", c.lang, c.got, c.want)
		}
	}
}
