package definition

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/check"
	"mailshot/sender/limits"
)

func TestCeiling(t *testing.T) {
	t.Parallel()
	c, err := ParseCeiling("limits.yaml", []byte(`# of this machine
caps: [1_000/h, 10_000/24h]
connections: 5
servers:
  SMTP.Example.COM.: { caps: 20/min, connections: 1, messages_per_connection: 50 }
  192.0.2.1: { messages_per_connection: 10 }
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Ceiling{
		Path:        "limits.yaml",
		Caps:        []limits.Cap{{N: 1000, Window: time.Hour}, {N: 10_000, Window: 24 * time.Hour}},
		Connections: 5,
		Servers: map[string]Ceiling{
			"smtp.example.com": {
				Path: "limits.yaml", Caps: []limits.Cap{{N: 20, Window: time.Minute}},
				Connections: 1, MessagesPerConnection: 50,
			},
			"192.0.2.1": {Path: "limits.yaml", MessagesPerConnection: 10},
		},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("%+v", c)
	}
	if got := c.For("smtp.example.com"); got.Connections != 1 {
		t.Errorf("%+v", got)
	}
	if got := c.For("other.example.com"); !reflect.DeepEqual(got, Ceiling{}) {
		t.Errorf("%+v", got)
	}
}

// A mistake of the operator is never ignored, and has its place.
func TestBadCeiling(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"": "limits.yaml:1:1: the file is empty (write for example caps: [1_000/h], or remove the file)",
		"cap: 20/min\nconnections: many\n": `limits.yaml:1:1: unknown key "cap" (did you mean "caps"?)` + "\n" +
			`limits.yaml:2:14: "connections" must be a whole number, not "many"`,
		"caps: [20]\n": `limits.yaml:1:8: cap "20": no slash (write a number and a time, like 20/min, 400/24h or 5/s)`,
		"servers:\n  smtp://a: { caps: 1/s }\n  b.example: { port: 25 }\n" +
			"  B.example.: { caps: 1/s }\n  c.example: 3\n": `limits.yaml:2:3: ` +
			`a host is a name alone, without port, scheme or login (write host: a)` + "\n" +
			`limits.yaml:3:16: unknown key "port" (known here: caps, connections, messages_per_connection)` + "\n" +
			`limits.yaml:4:3: "b.example" is given twice` + "\n" +
			`limits.yaml:5:14: "servers.c.example" must have keys of its own, not a text ` +
			`(write them below it, indented, as key: value)`,
		"retry: 5m\n": `limits.yaml:1:1: unknown key "retry"`,
	} {
		c, err := ParseCeiling("limits.yaml", []byte(file))
		if err == nil {
			t.Errorf("%q: %+v", file, c)
			continue
		}
		if err.Error() != want {
			t.Errorf("%q: got\n%v\nwant\n%s", file, err, want)
		}
		for _, f := range check.From(err) {
			if f.Code == "error" || !strings.HasPrefix(f.Place, "limits.yaml") {
				t.Errorf("%q: %+v", file, f)
			}
		}
	}
}

// A file that is named must exist; the default file need not.
func TestLoadCeiling(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits.yaml")
	t.Setenv("MAILSHOT_LIMITS", path)
	if c, err := LoadCeiling(""); err == nil {
		t.Errorf("%+v", c)
	}
	if err := os.WriteFile(path, []byte("connections: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := LoadCeiling(""); err != nil || c.Connections != 3 || c.Path != path {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := LoadCeiling(path + ".not"); err == nil {
		t.Errorf("%+v", c)
	}
}
