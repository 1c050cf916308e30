package definition

import "testing"

// Every spelling of a host has one key, and the machine itself one name. With the address left as it is written,
// 127.0.0.1 was another host than localhost.
func TestHostKey(t *testing.T) {
	t.Parallel()
	for want, hosts := range map[string][]string{
		Local: {"localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.8.9.10", "::1", "[::1]", "0:0:0:0:0:0:0:1",
			"::ffff:127.0.0.1",
			"0.0.0.0", "::", "localhost.localdomain", "ip6-localhost", "mail.localhost"},
		"smtp.acme.example": {"smtp.acme.example", "SMTP.Acme.Example", "smtp.acme.example."},
		"192.0.2.1":         {"192.0.2.1", "::ffff:192.0.2.1", "[::ffff:c000:201]"},
		"2001:db8::1":       {"2001:db8::1", "2001:DB8:0:0:0:0:0:1", "[2001:0db8::0001]"},
		"notlocalhost":      {"notlocalhost"},
		"":                  {""},
	} {
		for _, host := range hosts {
			if got := HostKey(host); got != want {
				t.Errorf("%q: %q, want %q", host, got, want)
			}
		}
	}
}
