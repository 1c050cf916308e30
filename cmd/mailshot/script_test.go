package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"mailshot/internal/sink"
	"mailshot/sender/mx/mxtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mailshot": main})
}

// TestScripts runs the real main under the scripts of testdata/script. Beside testscript's own commands they have
//
//	sink NAME [RULE...]        start a sink; $NAME is its port, $WORK/NAME.jsonl its record; a first RULE
//	                           "login USER PASSWORD" makes it ask for these, "hide KEYWORD" leaves it out of EHLO
//	fill FILE...               replace $VARIABLES in files by their values
//	exit CODE COMMAND ARGS...  run a command that must end with that exit code
//	dns NAME FILE              start a DNS server; $NAME is its port, a line of FILE is
//	                           "MX example.com = 10 mx.example.com" or "MX example.com fails"
//	accepted NAME N            the sink has accepted N messages, for N different pairs of recipient and Message-ID
//	files N GLOB               N files match
//	bytes FILE TEXT            write a file; TEXT is the text between the quotes of a Go string
//	workbook FILE [broken]     write an Excel workbook with the sheet November; broken: its XML stops early
//	cells FILE SHEET           write a workbook with the sheet November; a line of SHEET is "A1 = text", "B2 =1+1" (a
//	                           formula that was never calculated), "merge A1:B1", "hide 4" or "filter A1:C9"
//	picture FILE               write a small PNG image
//	authority NAME             start an OAuth2 authorization server; $NAME is its port
//	mend FILE OLD NEW          replace text in a file; it must be there
//	same PATTERN FILE OTHER    what the pattern's group finds in a file is in the other as well
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("NO_COLOR", "1")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sink": startSink, "dns": startDNS, "authority": authority, "fill": fill, "exit": exitCode,
			"accepted": accepted, "files": files, "bytes": writeBytes, "workbook": workbook, "cells": cells,
			"picture": picture, "mend": mend, "same": same, "valid": valid, "take": take,
		},
	})
}

func startSink(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: sink NAME [RULE...]")
	}
	var o sink.Options
	for _, text := range args[1:] {
		if words := strings.Fields(text); words[0] == "login" {
			o.Username, o.Password = words[1], words[2]
			continue
		}
		if keyword, ok := strings.CutPrefix(text, "hide "); ok {
			o.Hide = append(o.Hide, keyword)
			continue
		}
		r, err := sink.ParseRule(text)
		ts.Check(err)
		o.Rules = append(o.Rules, r)
	}
	f, err := os.Create(ts.MkAbs(args[0] + ".jsonl"))
	ts.Check(err)
	o.Record = f
	s, err := sink.Start(o)
	ts.Check(err)
	ts.Defer(func() {
		if err := errors.Join(s.Close(), f.Close()); err != nil {
			ts.Logf("sink: %v", err)
		}
	})
	ts.Setenv(args[0], strconv.Itoa(s.Port()))
}

func startDNS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: dns NAME FILE")
	}
	zone := mxtest.New(nil)
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		line = strings.TrimSpace(line)
		if question, fails := strings.CutSuffix(line, " fails"); fails {
			zone.Break(question, mxtest.SERVFAIL)
		} else if question, record, ok := strings.Cut(line, " = "); ok {
			zone.Set(question, record)
		}
	}
	s, err := zone.Serve()
	ts.Check(err)
	ts.Defer(func() { ts.Check(s.Close()) })
	_, port, err := net.SplitHostPort(s.Addr)
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// take sets a variable to what a pattern's first group finds in a file.
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: take NAME FILE PATTERN")
	}
	found := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if found == nil {
		ts.Fatalf("%s has nothing like %s", args[1], args[2])
	}
	ts.Setenv(args[0], found[1])
}

func fill(ts *testscript.TestScript, neg bool, args []string) {
	variable := regexp.MustCompile(`\$[A-Z]+`)
	for _, name := range args {
		text := variable.ReplaceAllStringFunc(ts.ReadFile(name), func(v string) string { return ts.Getenv(v[1:]) })
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND ARGS...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var e *exec.ExitError
		if !errors.As(err, &e) {
			ts.Fatalf("%v", err)
		}
		code = e.ExitCode()
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

func accepted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: accepted NAME N")
	}
	records, err := sink.ReadRecords(strings.NewReader(ts.ReadFile(args[0] + ".jsonl")))
	ts.Check(err)
	seen := map[string]bool{}
	for _, r := range records {
		pair := fmt.Sprint(r.To, r.ID)
		if seen[pair] {
			ts.Fatalf("%s was accepted twice", pair)
		}
		seen[pair] = true
	}
	if strconv.Itoa(len(records)) != args[1] {
		ts.Fatalf("%d messages accepted, want %s", len(records), args[1])
	}
}

func files(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: files N GLOB")
	}
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if strconv.Itoa(len(found)) != args[0] {
		ts.Fatalf("%d files match %s, want %s: %q", len(found), args[1], args[0], found)
	}
}

func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE TEXT")
	}
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

func workbook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: workbook FILE [broken]")
	}
	f := excelize.NewFile()
	defer f.Close()
	ts.Check(f.SetSheetName("Sheet1", "November"))
	for i, row := range [][]any{{"email", "name"}, {"ann@example.com", "Ann"}, {"bob@example.com", "Bob"},
		{"cat@example.com", "Cat"}} {
		ts.Check(f.SetSheetRow("November", fmt.Sprintf("A%d", i+1), &row))
	}
	var whole, out bytes.Buffer
	ts.Check(f.Write(&whole))
	in, err := zip.NewReader(bytes.NewReader(whole.Bytes()), int64(whole.Len()))
	ts.Check(err)
	w := zip.NewWriter(&out)
	for _, part := range in.File {
		r, err := part.Open()
		ts.Check(err)
		b, err := io.ReadAll(r)
		ts.Check(err)
		if len(args) == 2 && part.Name == "xl/worksheets/sheet1.xml" {
			b = b[:bytes.Index(b, []byte(`<row r="4"`))]
		}
		pw, err := w.Create(part.Name)
		ts.Check(err)
		_, err = pw.Write(b)
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

func cells(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cells FILE SHEET")
	}
	f := excelize.NewFile()
	defer f.Close()
	ts.Check(f.SetSheetName("Sheet1", "November"))
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		line = strings.TrimSuffix(line, "\n")
		if cell, text, ok := strings.Cut(line, " = "); ok {
			ts.Check(f.SetCellStr("November", cell, text))
			continue
		}
		if cell, formula, ok := strings.Cut(line, " ="); ok {
			ts.Check(f.SetCellFormula("November", cell, formula))
			continue
		}
		what, where, _ := strings.Cut(line, " ")
		switch what {
		case "merge":
			from, to, _ := strings.Cut(where, ":")
			ts.Check(f.MergeCell("November", from, to))
		case "hide":
			row, err := strconv.Atoi(where)
			ts.Check(err)
			ts.Check(f.SetRowVisible("November", row, false))
		case "filter":
			ts.Check(f.AutoFilter("November", where, nil))
		default:
			ts.Fatalf("cells: %q", line)
		}
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[0])))
}

func picture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: picture FILE")
	}
	var b bytes.Buffer
	ts.Check(png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func mend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mend FILE OLD NEW")
	}
	text := []byte(ts.ReadFile(args[0]))
	if !bytes.Contains(text, []byte(args[1])) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Replace(text, []byte(args[1]), []byte(args[2]), 1), 0o600))
}

func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: same PATTERN FILE OTHER")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile(args[1]))
	if len(found) != 2 {
		ts.Fatalf("%s finds nothing in %s", args[0], args[1])
	}
	if !strings.Contains(ts.ReadFile(args[2]), found[1]) {
		ts.Fatalf("%q of %s is not in %s", found[1], args[1], args[2])
	}
}
