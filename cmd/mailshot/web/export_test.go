package web

import (
	"net/http"

	"mailshot/cmd/mailshot/web/desk"
)

// Desk is what the window's pages share.
func (w *Window) Desk() *desk.Desk { return w.desk }

// Servers are the servers of the window's two ports, as Serve has them.
func (w *Window) Servers() []*http.Server { return w.servers() }

// The most that a request may have.
const (
	MostBody   = mostBody
	HeaderTime = headerTime
)
