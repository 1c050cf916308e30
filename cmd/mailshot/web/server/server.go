// Package server has the page of a campaign's server: presets of providers, the server section of the campaign file, a
// probe as a conversation with what would go wrong, what the DNS says with the line to publish, and the login.
//
// A password goes into the system's keyring, or is named by a reference. It is in no file of ours, in no page and in no
// address.
package server

import (
	"embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/definition/secret"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/transport"
	"mailshot/cmd/mailshot/web/amend"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/logins"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/textfile"
	"mailshot/sender/reply"
)

//go:embed *.html
var content embed.FS

var pages = frame.Load(content)

// server has the latest probe of each server, until the window ends.
type server struct {
	*desk.Desk
	logins logins.Logins
	mu     sync.Mutex
	probes map[string]*probed
}

// Routes are those of servers.
func Routes(d *desk.Desk) desk.Routes {
	s := &server{Desk: d, probes: map[string]*probed{}}
	d.OnClose(func() error {
		s.logins.Close()
		return nil
	})
	return desk.Routes{
		"GET /c/{file}/server":        s.show,
		"POST /c/{file}/server":       s.save,
		"POST /c/{file}/server/probe": s.probe,
		"POST /c/{file}/server/login": s.login,
	}
}

// shown is the page.
type shown struct {
	Servers  []one
	Findings []check.Finding // mistakes of the file, or what the change would make wrong
	Presets  []reply.Provider
	Preset   *reply.Provider // the one that is chosen
	Form     form
	Editable bool // the form can change the file
	Keyring  bool // this system has one
	Saved    bool
	Newer    bool   // the file was changed since the form was made
	Lines    string // what to write by hand; "" = nothing
	Wrong    map[string]string
	file     string
	Way      string // how the login is named now: env, file, command, keyring, oauth or ""
}

// one is one of the campaign's servers.
type one struct {
	Name  string
	Way   string // where messages go
	Notes []string
	Login string // as whom; "" = nobody
	OAuth bool
	Probe *probed
	State *logins.Login
}

// form is the server section as the form shows it.
type form struct {
	Provider, Host, Port, TLS, Username string
	Secret                              string // env, file, keyring, none or keep
	Env, File                           string
	Version                             string // of the campaign file
}

func (s *server) show(w http.ResponseWriter, r *http.Request) {
	c := s.Campaign(w, r)
	if c == nil {
		return
	}
	said := s.said(c)
	d := shown{Saved: r.URL.Query().Has("saved"), Form: written(said)}
	if q := r.URL.Query(); q.Has("provider") && q.Get("provider") != d.Form.Provider {
		p, ok := reply.Preset(q.Get("provider"))
		if ok {
			d.Form = form{Provider: p.ID, Username: d.Form.Username, Secret: d.Form.Secret, Env: d.Form.Env, File: d.Form.File}
		} else {
			d.Form.Provider = ""
		}
		d.Lines = amend.Lines(d.Form.changes(said)...)
	}
	s.page(w, r, c, d)
}

// said is what the campaign file says, also one with mistakes.
func (s *server) said(c *shelf.Campaign) map[string]string {
	text, err := s.Shelf.Root.ReadFile(c.File)
	if err != nil { // the page says why
		return nil
	}
	return amend.Said(text)
}

// written is the form of what the file's server section says, and not of what a preset fills.
func written(said map[string]string) form {
	of := func(key string) string { return said["server."+key] }
	return form{Provider: of("provider"), Host: of("host"), Port: of("port"), TLS: of("tls"), Username: of("username"),
		Secret: "keep", Env: of("password.env"), File: of("password.file")}
}

func (s *server) page(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, d shown) {
	d.Presets, d.Keyring, d.file = reply.Presets(), secret.HasKeyring(), path.Base(c.File)
	d.Findings = append(d.Findings, c.Mistakes...)
	if p, ok := reply.Preset(d.Form.Provider); ok {
		d.Preset = &p
	}
	if c.Def != nil {
		for _, one := range c.Def.Servers {
			d.Servers = append(d.Servers, s.one(c, one))
		}
	}
	if text, err := s.Shelf.Root.ReadFile(c.File); err == nil {
		d.Form.Version = files.SumOf(text)
		said := amend.Said(text)
		changes := d.Form.changes(said)
		_, err := amend.Apply(text, changes...)
		_, several := said["servers"]
		d.Editable, d.Way = err == nil && !several, way(said)
		if !d.Editable && d.Lines == "" && d.Wrong != nil {
			d.Lines = amend.Lines(changes...)
		}
	}
	page := frame.Page{Name: "server", Title: frame.Words(r).Say("server.title"), Campaign: desk.Frame(c),
		Commands: []string{s.Command(c, "probe", "--dns"), "mailshot providers"}}
	for _, one := range d.Servers {
		if one.OAuth {
			page.Commands = append(page.Commands, s.Command(c, "login"))
			break
		}
	}
	if d.Wrong != nil || d.Newer {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Data = d
	pages.Show(w, r, page)
}

// one is what the page shows of a server.
func (s *server) one(c *shelf.Campaign, of *definition.Server) one {
	o := one{Name: of.Name, Login: of.Username, OAuth: of.OAuth != nil, State: s.logins.Of(key(c, of.Name))}
	o.Way, o.Notes = transport.Describe(of)
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Probe = s.probes[key(c, of.Name)]
	return o
}

// key names a server of a campaign.
func key(c *shelf.Campaign, name string) string { return c.File + "\x00" + name }

// way says how the file names the login.
func way(said map[string]string) string {
	if _, there := said["server.oauth"]; there {
		return "oauth"
	}
	for _, one := range []string{"env", "file", "keyring", "command"} {
		if _, there := said["server.password."+one]; there {
			return one
		}
	}
	return ""
}

// changes are what the form says, as changes of a file that says this now.
func (f form) changes(said map[string]string) (all []amend.Change) {
	var before []string
	change := func(key, value string) {
		c := amend.Change{Path: []string{"server", key}, Value: value, Remove: value == "", After: slices.Clone(before)}
		if _, there := said["server."+key]; there || !c.Remove {
			all = append(all, c)
		}
		before = append(before, key)
	}
	change("provider", f.Provider)
	change("host", f.Host)
	change("port", f.Port)
	change("tls", f.TLS)
	change("username", f.Username)
	secret := map[string]string{"env": f.Env, "file": f.File, "keyring": f.named()}
	if name, ok := secret[f.Secret]; ok {
		all = append(all, amend.Change{Path: []string{"server", "password", f.Secret}, Value: name, Alone: true, After: before})
	} else if f.Secret == "none" {
		change("password", "")
	}
	return all
}

// read reads the form, and says what is wrong with its fields.
func read(r *http.Request, say func(string, ...any) string) (f form, wrong map[string]string) {
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	f = form{Provider: field("provider"), Host: field("host"), Port: field("port"), TLS: field("tls"),
		Username: field("username"), Secret: field("secret"), Env: field("env"), File: field("file"), Version: field("version")}
	wrong = map[string]string{}
	if n, err := strconv.Atoi(strings.Map(folding.Digit, f.Port)); f.Port != "" && (err != nil || n < 1 || n > 65535) {
		wrong["port"] = say("server.bad-port")
	} else if f.Port != "" {
		f.Port = strconv.Itoa(n)
	}
	if _, ok := reply.Preset(f.Provider); f.Provider != "" && !ok {
		f.Provider = ""
	}
	if p, _ := reply.Preset(f.Provider); f.Host == "" && p.Host == "" {
		wrong["host"] = say("server.no-host")
	}
	if f.Secret == "env" && f.Env == "" {
		wrong["env"] = say("server.no-name")
	}
	if f.Secret == "file" && f.File == "" {
		wrong["file"] = say("server.no-name")
	}
	if value := r.PostFormValue("password"); f.Secret == "keyring" {
		switch {
		case value == "" || strings.ContainsAny(value, "\x00\r\n"):
			wrong["password"] = say("server.no-password")
		case f.Username == "":
			wrong["username"] = say("server.no-user")
		case !secret.HasKeyring():
			wrong["password"] = say("server.no-keyring")
		}
	}
	if len(wrong) == 0 {
		wrong = nil
	}
	return f, wrong
}

// save writes the form into the campaign file: a small edit that keeps every other octet.
func (s *server) save(w http.ResponseWriter, r *http.Request) {
	c := s.Campaign(w, r)
	if c == nil {
		return
	}
	f, wrong := read(r, frame.Words(r).Say)
	if wrong != nil {
		s.page(w, r, c, shown{Form: f, Wrong: wrong})
		return
	}
	s.write(w, r, c, f)
}

// write changes the campaign file, and goes back to the page. A password goes into the system's keyring first.
func (s *server) write(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, f form) {
	changes := f.changes(s.said(c))
	refused := func(d shown) {
		d.Form, d.Lines = f, amend.Lines(changes...)
		s.page(w, r, c, d)
	}
	say := frame.Words(r).Say
	edit, err := amend.Prepare(s.Shelf.Root, c.File, filepath.Dir(c.Path), f.Version, changes...)
	var newer *textfile.NewerError
	var wrong *amend.RefusedError
	switch {
	case errors.As(err, &newer):
		refused(shown{Newer: true})
		return
	case errors.Is(err, amend.ErrUnsafe):
		refused(shown{Wrong: map[string]string{"file-as-it-is": say("server.by-hand")}})
		return
	case errors.As(err, &wrong):
		refused(shown{Findings: wrong.Found, Wrong: map[string]string{"file-as-it-is": say("server.not-saved")}})
		return
	case err != nil:
		s.Failed(w, r, err)
		return
	}
	if f.Secret == "keyring" {
		if err := secret.Keep(f.named(), r.PostFormValue("password")); err != nil {
			refused(shown{Wrong: map[string]string{"password": err.Error()}})
			return
		}
	}
	if err := edit.Write(); err != nil {
		refused(shown{Newer: errors.As(err, &newer), Wrong: map[string]string{"file-as-it-is": err.Error()}})
		return
	}
	http.Redirect(w, r, desk.Frame(c).Path("server")+"?saved=1", http.StatusSeeOther)
}

// named is the name of the form's password in the system's keyring: whose it is, and at which server.
func (f form) named() string {
	host, port := f.Host, f.Port
	if p, ok := reply.Preset(f.Provider); ok && host == "" {
		host = p.Host
	}
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	return f.Username + "@" + host
}

// Caps are a preset's caps as a campaign file has them.
func (shown) Caps(p reply.Provider) string {
	var all []string
	for _, c := range p.Caps {
		all = append(all, c.String())
	}
	return strings.Join(all, ", ")
}

// Protections are the ways in which a connection is protected.
func (shown) Protections() []string { return []string{"implicit", "starttls", "none"} }

// File is the name of the campaign file in its folder, as the source editor names it.
func (d shown) File() string { return d.file }

// Ports are a preset's ports.
func (shown) Ports(p reply.Provider) string {
	var all []string
	for _, port := range p.Ports {
		all = append(all, fmt.Sprintf("%d %s", port.Number, port.TLS))
	}
	return strings.Join(all, ", ")
}

// At is when something was found.
func (p *probed) At() string { return p.at.Local().Format(time.TimeOnly) }
