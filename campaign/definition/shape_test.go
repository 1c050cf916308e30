package definition

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// validator is the schema, read by another program.
func validator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := json.Marshal(JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("campaign.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("campaign.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, file string) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(file), &v); err != nil {
		t.Skip(err) // as a text that is no YAML to others
	}
	b, err := json.Marshal(asJSON(v))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// asJSON is a value of YAML with texts as the keys of mappings, as JSON has them.
func asJSON(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for k, inner := range v {
			m[fmt.Sprint(k)] = asJSON(inner)
		}
		return m
	case map[string]any:
		for k, inner := range v {
			v[k] = asJSON(inner)
		}
	case []any:
		for i := range v {
			v[i] = asJSON(v[i])
		}
	}
	return v
}

// Each file that is read without a mistake is good by the schema: the reference, the fixtures, the examples, the
// starters.
func TestSchemaOfGoodFiles(t *testing.T) {
	t.Parallel()
	s := validator(t)
	files := 0
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/good/*/*.yaml", "../../examples/*/*.yaml",
		"../../cmd/mailshot/starter/*/*.yaml", "../../templates/*/*/campaign.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(name, func(t *testing.T) {
				if err := valid(t, s, string(b)); err != nil {
					t.Error(err)
				}
			})
			files++
		}
	}
	if err := valid(t, s, Reference()); err != nil {
		t.Error(err)
	}
	if files < 10 {
		t.Errorf("only %d files", files)
	}
}

// What an editor marks.
func TestSchemaOfBadFiles(t *testing.T) {
	t.Parallel()
	s := validator(t)
	const good = "id: a\nfrom: a@example.com\nsubject: Hi\nrecipients: { file: a.csv }\nbody: { text: a.txt }\n"
	if err := valid(t, s, good); err != nil {
		t.Fatal(err)
	}
	for _, add := range []string{"subjct: Hi\n", "server: { hots: localhost }\n", "server: { port: high }\n",
		"server: { port: 70000 }\n",
		"server: { password: secret }\n", "server: { password: { env: A, file: b } }\n", "server: { protocol: pop3 }\n",
		"server: { direct: maybe }\n", "attachments: { file: a.pdf }\n", "attachments: [{ file: a.pdf, nam: b }]\n",
		"attachments: [{ ics: { start: x } }]\n", "limits: [1/s]\n", "cc: { a: b }\n", "kind: letter\n"} {
		if err := valid(t, s, good+add); err == nil {
			t.Errorf("%s is good", add)
		}
	}
	if err := valid(t, s, strings.Replace(good, "id: a\n", "", 1)); err == nil {
		t.Error("a file without id is good")
	}
}
