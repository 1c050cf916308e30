package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/digest"
	"mailshot/campaign/remains"
	"mailshot/cmd/mailshot/browser"
	"mailshot/cmd/mailshot/earlier"
	"mailshot/cmd/mailshot/gallery"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/page"
	"mailshot/internal/shell"
)

// isGallery reports whether a preview is a gallery, or says what has changed.
func (f previewFlags) isGallery() bool {
	return f.format == "html" || f.format == "" && strings.EqualFold(filepath.Ext(f.out), ".html") || f.open || len(f.diff) > 0
}

// passwords are the columns with the passwords of files.
func passwords(d *definition.Definition) (columns []string) {
	all := slices.Clone(d.Attachments)
	for _, l := range d.Languages.Others {
		all = append(all, l.Attachments...)
	}
	for _, a := range all {
		if a.Password.Given() {
			columns = append(columns, a.Password.Text)
		}
	}
	return columns
}

// gallery writes a gallery, or says on the terminal what has changed.
func (t *tool) gallery(ctx context.Context, o campaign.Options, f previewFlags) (err error) {
	d := o.Definition
	path, folder, err := t.galleryPath(o, f)
	if err != nil {
		return err
	}
	c, err := campaign.Open(ctx, o) // for its id
	if err != nil {
		return t.refuse(err, d.Path)
	}
	id := c.ID()
	if err := c.Close(); err != nil {
		return err
	}
	o.ID = id
	cfg := gallery.Config{Options: o, Limit: f.limit, Outside: d.Outside(),
		Chosen: campaign.Chosen{Where: f.where, Row: f.row, Languages: f.languages}}
	if len(f.diff) > 0 {
		cfg.Earlier, err = earlier.Open(ctx, earlier.Config{
			Named: f.diff, Ledger: t.stateFile(d), ID: id, Inputs: digest.Inputs(d), File: d.Name, Hidden: passwords(d),
		})
		if unknown := (*earlier.UnknownError)(nil); errors.As(err, &unknown) {
			return usage(err, "mailshot preview --diff FOLDER "+shell.Quote(d.Path))
		}
		if err != nil {
			return t.refuse(err, d.Path)
		}
		defer func() { err = errors.Join(err, cfg.Earlier.Close()) }()
	}
	if path != "" {
		if cfg.Page, err = page.Open(path, id, folder); err != nil {
			return err
		}
	}
	r, err := gallery.Make(ctx, cfg)
	if cfg.Page != nil {
		if err == nil && r.Shown > 0 {
			err = cfg.Page.Close(r.Summary(cfg, time.Now()))
		} else {
			err = errors.Join(err, cfg.Page.Discard())
		}
	}
	if err != nil {
		return t.refuse(err, d.Path)
	}
	return t.galleryMade(f, d.Path, path, cfg, r)
}

// galleryPath is the file of the gallery, and whether its messages are files beside it; "" on the terminal alone.
func (t *tool) galleryPath(o campaign.Options, f previewFlags) (path string, folder bool, err error) {
	d := o.Definition
	if f.out == "" && !f.open {
		if f.format != "" {
			return "", false, usage(errors.New("--format goes with --out"),
				"mailshot preview --out preview --format "+shell.Quote(f.format)+" "+shell.Quote(d.Path))
		}
		return "", false, nil
	}
	another := "mailshot preview --out ANOTHER "
	switch ending := strings.ToLower(filepath.Ext(f.out)); {
	case f.out == "": // the one file that is ours, and takes the place of the one before
		path = filepath.Join(d.Home(), remains.Previews, "index.html")
		return path, false, page.Home(d.Home(), filepath.Dir(path))
	case f.format != "" && f.format != "html" || f.format == "" && ending != ".html" && ending != "":
		return "", false, usage(errors.New("--open and --diff go with a gallery: --out a file ending in .html, or --format html"),
			"mailshot preview --out preview.html "+shell.Quote(d.Path))
	case ending == ".html":
		path = f.out
	default:
		folder, path, another = true, filepath.Join(f.out, "index.html"), another+"--format html "
		if there, err := os.ReadDir(f.out); err == nil && len(there) > 0 {
			return "", false, usage(fmt.Errorf("%s is not empty", f.out), another+shell.Quote(d.Path))
		}
	}
	if _, err := os.Lstat(path); err == nil {
		return "", false, usage(fmt.Errorf("%s already exists", path), another+shell.Quote(d.Path))
	}
	return path, folder, os.MkdirAll(filepath.Dir(path), 0o700)
}

// galleryMade says what was made, what was found, and what to do next.
func (t *tool) galleryMade(f previewFlags, file, path string, cfg gallery.Config, r *gallery.Result) error {
	if text := r.Text(); text != "" {
		fmt.Fprint(t.stdout, text)
	}
	var errs []check.Finding
	for _, found := range r.Report.Findings {
		if found.Severity == check.Error {
			errs = append(errs, found)
		}
	}
	t.findings(errs)
	if r.Shown > 0 && path != "" {
		t.say("%s in %s", human.Plural(r.Shown, "message"), path)
		if n := cfg.Page.LeftOut(); n > 0 {
			t.say("%s not in it, for which it has no room; --out FOLDER --format html writes all as files",
				human.Plural(n, "file is", "files are"))
		}
		if n := r.Report.Warnings(); n > 0 {
			t.say("%s, shown beside the messages", human.Plural(int64(n), "warning"))
		}
	}
	if r.More {
		t.say("only the first %s; --limit N shows more", human.Plural(r.Shown, "message"))
	}
	if outside := cfg.Outside; outside != "" && r.Shown > 0 {
		t.say("each message is %s", outside)
	}
	if r.Without > 0 {
		t.say("%s no message (mailshot check says why)", human.Plural(r.Without, "row gets", "rows get"))
	}
	if r.Shown == 0 && path != "" {
		t.say("there is nothing to show, so %s was not written", path)
	}
	if f.open && path != "" && r.Shown > 0 {
		t.openPage(path)
	}
	switch {
	case len(errs) > 0:
		return &exit{exitFindings, errors.New(human.Plural(int64(len(errs)), "error")),
			"fix it, then mailshot check " + shell.Quote(file)}
	case r.Shown == 0 && r.Without == 0 && f.row > 0:
		return usage(fmt.Errorf("the list has no row %d", f.row), "mailshot preview --row 1 "+shell.Quote(file))
	case r.Shown == 0 && r.Without == 0 && len(f.diff) == 0:
		return usage(errors.New("nobody gets a message"), "mailshot check "+shell.Quote(file))
	}
	if path == "" {
		again := "mailshot preview"
		for _, what := range f.diff {
			again += " --diff " + shell.Quote(what)
		}
		t.hint(again + " --out preview.html --open " + shell.Quote(file))
		return nil
	}
	t.hint("mailshot send --to-sink " + shell.Quote(file))
	return nil
}

// openPage opens a page in the person's browser, or says where it is.
func (t *tool) openPage(path string) {
	address, err := page.Address(path)
	if err == nil {
		err = browser.Open(address)
	}
	if err != nil {
		t.say("no browser was opened (%v): open %s in yours", err, path)
	}
}
