// Package outputs has the JSON Schemas (draft 2020-12) of what mailshot's commands print with --json, so that a program
// can check what it reads, and a person see what a field means. [Names] lists them, [Schema] returns one.
//
// The schemas are made of the types that the commands print, and of the comments on their fields, by the package's test
// with -update. They let fields pass that they do not know: a later version may have more.
package outputs

import (
	"embed"
	"strings"
)

//go:embed schemas/*.json
var files embed.FS

// Names are the commands whose output has a schema, sorted, each with what the output is.
func Names() (all []Name) {
	for _, o := range outputs {
		all = append(all, Name{o.name, o.title})
	}
	return all
}

// Name is a schema's name, and what it describes.
type Name struct{ Name, Title string }

// Schema returns the schema with a name, as it is printed. ok is false if there is none.
func Schema(name string) (schema []byte, ok bool) {
	if strings.ContainsAny(name, `/\`) {
		return nil, false
	}
	schema, err := files.ReadFile("schemas/" + name + ".json")
	return schema, err == nil
}

// output is what a command prints. of is the type, with its package's folder; with list it is an array of them. member
// is a member whose values are printed one by one, with their type.
type output struct {
	name, title, of string
	list            bool
	member          [2]string
}

// outputs are sorted by name.
var outputs = []output{
	{name: "check", title: "What mailshot check --json prints", of: "campaign/check.reported"},
	{name: "collect", title: "What mailshot collect --json prints", of: "internal/inbox/returning.Summary"},
	{name: "collect-explain", title: "A line of what mailshot collect --explain prints",
		of: "internal/inbox/returning.Explained"},
	{name: "estimate", title: "What mailshot estimate --json prints", of: "cmd/mailshot.estimated"},
	{name: "explain", title: "What mailshot explain CODE --json prints; without a code it is an array of these",
		of: "campaign/check/codes.Code"},
	{name: "functions", title: "What mailshot functions --json prints", of: "cmd/mailshot.function", list: true},
	{name: "inspect", title: "What mailshot inspect --json prints", of: "cmd/mailshot.inspected"},
	{name: "log", title: "A line of the log that --log writes", of: "campaign/runlog.Line"},
	{name: "one", title: "What mailshot one --json prints", of: "cmd/mailshot.oneSent"},
	{name: "probe", title: "What mailshot probe --json prints", of: "cmd/mailshot/probing.output"},
	{name: "providers", title: "What mailshot providers --json prints", of: "sender/reply.Provider", list: true},
	{name: "report", title: "What mailshot report --json prints", of: "campaign/report.summed",
		member: [2]string{"deliveries", "campaign/report.Row"}},
	{name: "report-traffic", title: "What mailshot report --traffic --json prints",
		of: "internal/costing.Report"},
	{name: "resolve", title: "What mailshot resolve --json prints", of: "cmd/mailshot.unknownRows"},
	{name: "send", title: "What mailshot send --json prints", of: "campaign/report.summed"},
	{name: "status", title: "What mailshot status --json prints", of: "campaign/report.summed"},
	{name: "suppress", title: "A line of what mailshot suppress list --json prints",
		of: "cmd/mailshot/entries.Suppressed"},
	{name: "ui", title: "What mailshot ui --json prints", of: "cmd/mailshot.windowOpen"},
	{name: "unsubscribe", title: "A line of what mailshot unsubscribe serve prints for each act",
		of: "cmd/mailshot/unsubscribing.Line"},
	{name: "why", title: "What mailshot why --json prints", of: "cmd/mailshot.known"},
}
