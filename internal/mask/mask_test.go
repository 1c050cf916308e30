package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// TestText: in whatever form a server repeats what it was sent, the secret does not show. Without the three alignments
// of cores, the lines with "ann" before the secret keep it.
func TestText(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"hunter2", "corr?ct+horse/ \"b\\tt=ry&",
		"ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", "pässwörd"} {
		quoted, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, said := range []string{
			secret,
			url.QueryEscape(secret),
			strings.Trim(strings.ReplaceAll(string(quoted), `\u0026`, "&"), `"`),
			hex.EncodeToString([]byte(secret)),
			base64.StdEncoding.EncodeToString([]byte(secret)),
			base64.StdEncoding.EncodeToString([]byte("\x00ann\x00" + secret)),
			base64.StdEncoding.EncodeToString([]byte("\x00anna\x00" + secret)),
			base64.StdEncoding.EncodeToString([]byte("user=ann\x01auth=Bearer " + secret + "\x01\x01")),
			base64.URLEncoding.EncodeToString([]byte("user=a\x01auth=Bearer " + secret + "\x01\x01")),
			url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("?\xff\xfe>" + secret))),
		} {
			if got := Text("no: "+said+" is bad, "+said, "", secret); got != "no: "+Mark+" is bad, "+Mark {
				t.Errorf("%q of %q: %q", said, secret, got)
			}
		}
		const plain = "535 5.7.8 Username and Password not accepted: https://example.com/?a=b"
		if got := Text(plain, secret, "", "no"); got != plain {
			t.Errorf("%q became %q", plain, got)
		}
	}
}
