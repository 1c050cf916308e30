package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/domains"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/campaign/recipients"
	"mailshot/sender/courtesy"
)

// lane is the lane of a row's recipient at a domain.
func (c *Campaign) lane(domain string, row *recipients.Row) string {
	provider := courtesy.Group(domain)
	if provider == "" {
		provider = c.hosted[domain]
	}
	return pacing.Lane(pacing.Group(domain, provider, slices.Sorted(maps.Keys(c.def.Limits.Domains))), c.zoneOf(row))
}

// groupOf is the group of a domain's recipients.
func (c *Campaign) groupOf(domain string) string { return pacing.GroupOf(c.lane(domain, nil)) }

// capped is the key of limits.domains whose caps a lane obeys, "" where it obeys the account's alone.
func (c *Campaign) capped(lane string) string {
	if _, ok := c.def.Limits.Domains[pacing.GroupOf(lane)]; ok {
		return pacing.GroupOf(lane)
	}
	return ""
}

// zoneOf is the zone that a row names, "" if none.
func (c *Campaign) zoneOf(row *recipients.Row) string {
	column := c.def.Schedule.ZoneColumn
	if !column.Given() || row == nil {
		return ""
	}
	i := c.header.Index(column.Text)
	if i < 0 || i >= len(row.Fields) {
		return ""
	}
	return strings.TrimSpace(row.Fields[i])
}

// checkZone is the fault of a row that names a zone which is none.
func (c *Campaign) checkZone(row *recipients.Row) error {
	if zone := c.zoneOf(row); zone != "" {
		if _, err := courtesy.Zone(zone); err != nil {
			return &recipients.Fault{Code: "bad-zone", Place: row.Place, Text: c.def.Schedule.ZoneColumn.Text + ": " +
				err.Error(), Hint: "a name like Europe/Berlin, or nothing for schedule.zone"}
		}
	}
	return nil
}

// checkZoneColumn is the mistake of a schedule that names a column which the list does not have.
func (c *Campaign) checkZoneColumn(h *recipients.Header) error {
	column := c.def.Schedule.ZoneColumn
	if !column.Given() || h.Index(column.Text) >= 0 {
		return nil
	}
	var names []string
	for _, col := range h.Columns {
		names = append(names, col.Name)
	}
	return &recipients.Fault{
		Code: "bad-zone", Place: c.def.Place(column),
		Text: fmt.Sprintf("schedule.zone_column: the list has no column %q", column.Text),
		Hint: "its columns: " + strings.Join(names, ", "),
	}
}

// relane is the lane of a frozen row by the definition as it is now. One whose fields cannot be read any more keeps
// none of a zone.
func (c *Campaign) relane(r ledger.Row) string {
	row, err := c.header.Decode(r.Place, r.Number, r.Fields)
	if err != nil {
		row = nil
	}
	return c.lane(r.AddressKey[strings.LastIndexByte(r.AddressKey, '@')+1:], row)
}

// direct reports whether some of the campaign's messages go to the recipients' own servers.
func (c *Campaign) direct() bool {
	return c.opts.Sink == nil && slices.ContainsFunc(c.def.Servers, func(s *definition.Server) bool { return s.Direct })
}

// hosting finds out, for a direct delivery, which of the domains that are left have their mail with a provider. It
// moves their deliveries into the provider's lane, so that what the provider asks for holds for all of its domains. A
// plan uses no network, so each run does this anew. A domain whose MX records cannot be had stays in its lane.
func (c *Campaign) hosting(ctx context.Context) error {
	if !c.direct() {
		return nil
	}
	unknown := map[string]bool{}
	left := ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}
	for rec, err := range c.ledger.Deliveries(ctx, c.id, left) {
		if err != nil {
			return err
		}
		domain := strings.ToLower(rec.Address[strings.LastIndexByte(rec.Address, '@')+1:])
		if courtesy.Group(domain) == "" {
			unknown[domain] = true
		}
	}
	c.hosted = domains.Providers(ctx, c.opts.Network.Resolver, slices.Sorted(maps.Keys(unknown)))
	if len(c.hosted) == 0 {
		return nil
	}
	return c.ledger.Relane(ctx, c.id, c.relane)
}
