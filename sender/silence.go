package sender

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"mailshot/sender/smtp"
)

// patience is how long a server may say nothing before somebody is told. The wait itself goes on:
// RFC 5321 4.5.3.2.1 gives a greeting five minutes, and a busy server takes them.
const patience = 5 * time.Second

// listen tells once that a server is silent, until a server has greeted again. It watches the
// session that o opens, until it is told to stop. Of servers that others run nothing is told.
func (p *Pool) listen(o *smtp.Options) (stop func()) {
	if p.cfg.stranger {
		return func() {}
	}
	var connected atomic.Bool
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		connected.Store(err == nil)
		return conn, err
	}
	timer := time.AfterFunc(patience, func() {
		if !p.silent.Swap(true) {
			p.cfg.Observe(Event{Kind: Silent, Server: p.address, Time: time.Now(),
				Text: silence(connected.Load(), o.Security)})
		}
	})
	o.Greeted = func() {
		timer.Stop()
		p.silent.Store(false)
	}
	return func() { timer.Stop() }
}

// silence says what is missing, and what may be the cause.
func silence(connected bool, security smtp.Security) string {
	switch {
	case !connected:
		return "no connection yet (a firewall may block the port, as many block port 25)"
	case security == smtp.Implicit:
		return "connected, and no answer yet (ports 587 and 25 mostly need tls: starttls)"
	}
	return "connected, and no greeting yet (port 465 mostly needs tls: implicit)"
}
