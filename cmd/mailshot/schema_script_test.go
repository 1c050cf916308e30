package main

import (
	"bytes"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"mailshot/cmd/mailshot/outputs"
)

// valid holds JSON against the schema of an output. With -lines each line of the file is one. What the schema does not
// know is a mistake here: it would be missing in it.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	lines := len(args) > 0 && args[0] == "-lines"
	if lines {
		args = args[1:]
	}
	if len(args) != 2 {
		ts.Fatalf("usage: valid [-lines] NAME FILE")
	}
	published, ok := outputs.Schema(args[0])
	if !ok {
		ts.Fatalf("there is no schema %s", args[0])
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(published))
	ts.Check(err)
	closed(doc)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	ts.Check(c.AddResource(args[0], doc))
	schema, err := c.Compile(args[0])
	ts.Check(err)
	all := []string{ts.ReadFile(args[1])}
	if lines {
		all = strings.Split(strings.TrimSuffix(all[0], "\n"), "\n")
	}
	for _, text := range all {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		ts.Check(err)
		if err := schema.Validate(v); (err != nil) != neg {
			ts.Fatalf("%s: %v\n%s", args[0], err, text)
		}
	}
}

// closed forbids, in each object of a schema, what the schema does not name.
func closed(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if s["properties"] != nil && s["additionalProperties"] == nil {
			s["additionalProperties"] = false
		}
		for _, of := range s {
			closed(of)
		}
	case []any:
		for _, of := range s {
			closed(of)
		}
	}
}
