package definition

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/value"
	"mailshot/sender/limits"
)

// Ceiling is the most that the operator of a machine allows every campaign on it. Its caps are counted over all that a
// user sends, whatever the campaign's account or group; the caps of a server are counted over all that goes to that
// server. The zero Ceiling allows everything.
type Ceiling struct {
	Path                  string // of the file; "" = there is no file
	Caps                  []limits.Cap
	Connections           int // of one run, at once; 0 = any
	MessagesPerConnection int // 0 = any
	Servers               map[string]Ceiling
}

// DefaultCeiling is where the operator's file is unless MAILSHOT_LIMITS names another.
const DefaultCeiling = "/etc/mailshot/limits.yaml"

// LoadCeiling reads the operator's file at path, as strictly as a campaign file: its mistakes are joined [*Error]s,
// because a ceiling that cannot be read must not be taken for none. With an empty path it reads the file that
// MAILSHOT_LIMITS names, else [DefaultCeiling], which is the only one that may be missing.
func LoadCeiling(path string) (Ceiling, error) {
	named := path != ""
	if !named {
		path, named = os.LookupEnv("MAILSHOT_LIMITS")
	}
	if path == "" {
		path, named = DefaultCeiling, false
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return Ceiling{}, nil
	}
	if err != nil {
		return Ceiling{}, fmt.Errorf("the operator's limits: %w (MAILSHOT_LIMITS names the file)", err)
	}
	return ParseCeiling(path, data)
}

// ParseCeiling reads data as the operator's file at path.
func ParseCeiling(path string, data []byte) (Ceiling, error) {
	c := Ceiling{Path: path}
	if err := (schema.Document{Name: path, Data: data}).Decode(c.keys(), nil); err != nil {
		var e *Error
		if errors.As(err, &e) && e.Code == "empty-file" {
			e.Hint = "write for example caps: [1_000/h], or remove the file"
		}
		return Ceiling{}, err
	}
	return c, nil
}

// keys is the table of what the operator's file may hold.
func (c *Ceiling) keys() []schema.Key {
	return append(c.own(), schema.Key{Name: "servers", Entries: func(dec *schema.Decoder, name, n *yaml.Node) {
		var at string
		if value.Host(&at)(dec, name); at == "" {
			return
		}
		at = HostKey(at)
		if _, twice := c.Servers[at]; twice {
			dec.Report(name, "duplicate-key", fmt.Sprintf("%q is given twice", at), "")
			return
		}
		dec.Within(at, func() {
			server := Ceiling{Path: c.Path}
			dec.Section(n, name, server.own())
			if c.Servers == nil {
				c.Servers = map[string]Ceiling{}
			}
			c.Servers[at] = server
		})
	}})
}

func (c *Ceiling) own() []schema.Key {
	return []schema.Key{
		{Name: "caps", Read: value.Caps(&c.Caps), Example: "[1_000/h, 10_000/24h]"},
		{Name: "connections", Read: schema.Number(&c.Connections, 1, 500), Example: "5"},
		{Name: "messages_per_connection", Read: schema.Number(&c.MessagesPerConnection, 1, 1_000_000), Example: "100"},
	}
}

// For returns the ceiling of one server. It holds beside the ceiling for all servers.
func (c Ceiling) For(host string) Ceiling { return c.Servers[HostKey(host)] }
