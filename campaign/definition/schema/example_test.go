package schema_test

import (
	"fmt"

	"mailshot/campaign/definition/schema"
)

// A table of keys reads a file and finds every mistake in it.
func ExampleDocument_Decode() {
	var host, tls string
	port := 587
	keys := []schema.Key{
		{Name: "host", Required: true, Read: schema.String(&host), Example: "smtp.acme.example"},
		{Name: "port", Read: schema.Number(&port, 1, 65535)},
		{Name: "tls", Read: schema.Word(&tls, "implicit", "starttls", "none")},
	}
	good := schema.Document{Name: "server.yaml", Data: []byte("host: smtp.example.com\ntls: implicit\n")}
	fmt.Println(good.Decode(keys, nil), host, port, tls)

	bad := schema.Document{Name: "server.yaml", Data: []byte("hots: smtp.example.com\nport: 99999\ntls: implict\n")}
	fmt.Println(bad.Decode(keys, nil))
	// Output:
	// <nil> smtp.example.com 587 implicit
	// server.yaml:1:1: unknown key "hots" (did you mean "host"?)
	// server.yaml: "host" is missing (for example host: smtp.acme.example)
	// server.yaml:2:7: "port" must be between 1 and 65535
	// server.yaml:3:6: "tls" cannot be "implict" (did you mean "implicit"?)
}

// The reference is written from the same table.
func ExampleReference() {
	var to string
	fmt.Print(schema.Reference([]schema.Key{
		{Name: "server", Doc: "Where the messages go.", Keys: []schema.Key{
			{Name: "host", Read: schema.String(&to), Example: "smtp.acme.example", Doc: "Its name."},
			{Name: "socket", Read: schema.String(&to), Example: "/run/lmtp", Off: true},
		}},
	}))
	// Output:
	// # Where the messages go.
	// server:
	//   host: smtp.acme.example                   # Its name.
	//   # socket: /run/lmtp
}
