package pacing

import (
	"fmt"
	"hash/fnv"
	"strings"

	"mailshot/sender/courtesy"
)

// A lane is named for a group of recipients: a domain that has caps of its own, which stands for all domains of its
// provider; a provider; or one of a few parts of all other domains. The ledger mixes the lanes evenly, so no domain is
// sent in a block. Where the schedule goes by the recipient's time zone, the name of the zone follows after a blank.

const (
	restPrefix = "rest-"
	restParts  = 16
)

// Group is the group of recipients that a domain belongs to. provider is the one whose servers take the domain's mail
// ("" if that is not known), and named are the domains that have caps of their own, sorted.
func Group(domain, provider string, named []string) string {
	if named := courtesy.Share(domain, provider, named); named != "" {
		return named
	}
	if provider != "" {
		return provider
	}
	h := fnv.New32a()
	h.Write([]byte(domain))
	return fmt.Sprintf("%s%d", restPrefix, h.Sum32()%restParts)
}

// Lane is the name of the lane of a group's recipients in a time zone; zone "" means that they have no zone of their
// own.
func Lane(group, zone string) string {
	if zone == "" {
		return group
	}
	return group + " " + zone
}

// GroupOf is the group in a lane's name.
func GroupOf(lane string) string {
	group, _, _ := strings.Cut(lane, " ")
	return group
}

// ZoneOf is the time zone in a lane's name; "" if it has none.
func ZoneOf(lane string) string {
	_, zone, _ := strings.Cut(lane, " ")
	return zone
}

// Single reports whether a group is one provider or domain, and not a part of the rest.
func Single(group string) bool { return group != "" && !strings.HasPrefix(group, restPrefix) }
