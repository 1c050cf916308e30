package traffic

import "math"

// flow is what goes in one direction.
type flow struct {
	payload int64 // bytes, with what records add
	least   int64 // data segments when writes that follow each other at once share them
	most    int64 // data segments when each write has its own
	records int64
	acks    int64 // thousandths of the acknowledgements that its receiver sends alone, as expected
	stream  int64 // bytes of messages that follow each other without a command between, not cut yet
}

// sum is what some part of a mail's way costs. All its fields are sums, so that sums can be added and taken away.
type sum struct {
	m, h     int // payload of a full segment, and a segment's header
	overhead int // of a record; 0: no TLS
	up, down flow
	rounds   int64
	lengths  []int64 // data segments by the length of their payload, up to m
}

func (s *sum) empty() sum {
	return sum{m: s.m, h: s.h, overhead: s.overhead, lengths: make([]int64, s.m+1)}
}

// raw counts a write that is not cut into records, k times, and returns its segments.
func (s *sum) raw(f *flow, n int, k int64) int {
	if n <= 0 {
		return 0
	}
	segments := s.segments(n)
	f.payload += k * int64(n)
	f.least += k * int64(segments)
	f.most += k * int64(segments)
	s.lay(n, k)
	return segments
}

func (s *sum) segments(n int) int { return (n + s.m - 1) / s.m }

// lay counts the lengths of the segments of a write.
func (s *sum) lay(n int, k int64) {
	s.lengths[s.m] += k * int64(n/s.m)
	if rest := n % s.m; rest > 0 {
		s.lengths[rest] += k
	}
}

// write counts a write of n bytes, k times. With TLS each record of it is a write to the socket. c cuts it; nil: into
// full records. It returns the most segments of the write.
func (s *sum) write(f *flow, n int, k int64, c *cutter) int {
	if s.overhead == 0 || n <= 0 {
		return s.raw(f, n, k)
	}
	most, records := 0, 0
	total := n
	for n > 0 {
		record := min(n, fullRecord)
		if c != nil {
			record = c.next(n)
		}
		n -= record
		records++
		most += s.segments(record + s.overhead)
		s.lay(record+s.overhead, k)
	}
	total += records * s.overhead
	f.payload += k * int64(total)
	f.least += k * int64(s.segments(total))
	f.most += k * int64(most)
	f.records += k * int64(records)
	return most
}

// body counts a message that is written k times, in parts of so many bytes where it goes over TLS, and what the
// receiver acknowledges meanwhile. It returns the most segments of the body.
func (s *sum) body(f *flow, n, part int, k int64, c *cutter) int {
	segments := 0
	if s.overhead == 0 || part <= 0 {
		segments = s.write(f, n, k, c)
	} else {
		least := f.least
		for rest := n; rest > 0; rest -= part {
			segments += s.write(f, min(rest, part), k, c)
		}
		// The parts follow each other at once.
		if n > part && k != 0 {
			f.least = least + k*int64(s.segments(n+s.overhead*((n+fullRecord-1)/fullRecord)))
		}
	}
	f.acks += k * int64(math.Round(1000*AcksOf(segments).Expected))
	return segments
}

// answers counts the answers to commands that came in one write: one write each, or one for all. Answers without a
// command between them make the client acknowledge alone.
func (s *sum) answers(together bool, k int64, lengths ...int) {
	if !together {
		for _, n := range lengths {
			s.write(&s.down, n, k, nil)
		}
		if len(lengths) > 1 {
			s.down.acks += 1000 * k
		}
		return
	}
	all := 0
	for _, n := range lengths {
		all += n
	}
	s.write(&s.down, all, k, nil)
}

// exchange counts a command and its answer.
func (s *sum) exchange(e Exchange, c *cutter) {
	s.write(&s.up, e.Up, 1, c)
	s.write(&s.down, e.Down, 1, nil)
	s.rounds++
}

// add adds b k times.
func (s *sum) add(b *sum, k int64) {
	s.up.add(b.up, k)
	s.down.add(b.down, k)
	s.rounds += k * b.rounds
	for i, n := range b.lengths {
		s.lengths[i] += k * n
	}
}

func (f *flow) add(b flow, k int64) {
	f.payload += k * b.payload
	f.least += k * b.least
	f.most += k * b.most
	f.records += k * b.records
	f.acks += k * b.acks
	f.stream += k * b.stream
}

// flush cuts what has gathered in the stream, the same for each of so many connections.
func (s *sum) flush(f *flow, connections int64) {
	if f.stream == 0 || connections == 0 {
		return
	}
	n := int((f.stream + connections - 1) / connections)
	f.stream = 0
	s.body(f, n, 0, connections, nil)
}
