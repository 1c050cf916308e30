package caps

// Largest is the size in bytes of the largest message that all servers are known to take, 0 where nothing is known, and
// the host that takes no larger one.
func (t Terms) Largest() (most int64, host string) {
	for _, s := range t.Servers {
		if size := t.Allowance(s).Size; size > 0 && (most == 0 || size < most) {
			most, host = size, s.Host
		}
	}
	return most, host
}
