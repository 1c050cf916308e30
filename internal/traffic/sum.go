package traffic

import "math"

// flow is what goes in one direction.
type flow struct {
	payload int64 // bytes, with what records add
	least   int64 // data segments when writes that follow each other at once share them
	data    int64 // data segments when each write has its own
	most    int64 // data segments when also the kernel cannot take a long write at once
	records int64
	bodies  int64 // segments of messages
	acks    int64 // thousandths of the acknowledgements that its receiver sends alone, as expected
	spare   int64 // bytes that records may add beyond payload
	stream  int64 // bytes of messages that follow each other without a command between, not cut yet
}

// sum is what some part of a mail's way costs. All its fields are sums, so that sums can be added and taken away.
type sum struct {
	m, h     int  // payload of a full segment, and a segment's header
	overhead int  // of a record; 0: no TLS
	record   int  // the payload of a full record
	room     int  // each so many bytes of a long write may end a segment early
	uneven   bool // the server cuts messages into records as they come from its disk
	up, down flow
	rounds   int64
	lengths  []int64 // data segments by the length of their payload, up to m
	shared   []int64 // those of them that another write may share
}

// sendBuffer is how much of a write the kernel takes at once in any case. What is longer may wait for room, and each
// wait can end a segment early.
const sendBuffer = 64 << 10

func (s *sum) empty() sum {
	both := make([]int64, 2*(s.m+1))
	return sum{m: s.m, h: s.h, overhead: s.overhead, record: s.record, room: s.room, uneven: s.uneven,
		lengths: both[:s.m+1], shared: both[s.m+1:]}
}

// raw counts a write that is not cut into records, k times, and returns its segments.
func (s *sum) raw(f *flow, n int, k int64) int {
	if n <= 0 {
		return 0
	}
	segments := s.segments(n)
	f.payload += k * int64(n)
	f.least += k * int64(segments)
	f.data += k * int64(segments)
	f.most += k * int64(segments+s.waits(n))
	s.lay(n, k, n > sendBuffer)
	return segments
}

// waits is how often a write may wait for room at most.
func (s *sum) waits(n int) int {
	if n <= sendBuffer {
		return 0
	}
	return n / s.room
}

func (s *sum) segments(n int) int { return (n + s.m - 1) / s.m }

// lay counts the lengths of the segments of a write.
func (s *sum) lay(n int, k int64, shared bool) {
	rest := n % s.m
	s.lengths[s.m] += k * int64(n/s.m)
	if rest > 0 {
		s.lengths[rest] += k
	}
	if shared {
		s.shared[s.m] += k * int64(n/s.m)
		if rest > 0 {
			s.shared[rest] += k
		}
	}
}

// write counts a write of n bytes, k times. With TLS each record of it is a write to the socket. c cuts it; nil: into
// full records. It returns the segments of the write.
func (s *sum) write(f *flow, n int, k int64, c *cutter) int {
	if s.overhead == 0 {
		return s.raw(f, n, k)
	}
	return s.parts(f, n, max(n, 1), k, c)
}

// parts counts a write over TLS that is handed over in parts. The parts and their records follow each other at once.
func (s *sum) parts(f *flow, n, part int, k int64, c *cutter) int {
	segments, records, total := 0, 0, n
	for n > 0 {
		rest := min(n, part)
		n -= rest
		for rest > 0 {
			record := min(rest, s.record)
			if c != nil {
				record = c.next(rest)
			}
			rest -= record
			records++
			segments += s.segments(record + s.overhead)
			s.lay(record+s.overhead, k, records > 1 || n+rest > 0 || s.uneven)
		}
	}
	total += records * s.overhead
	f.payload += k * int64(total)
	f.least += k * int64(s.segments(total))
	f.data += k * int64(segments)
	f.most += k * int64(segments+s.waits(total))
	f.records += k * int64(records)
	return segments
}

// body counts a message that is written k times, in parts of so many bytes where it goes over TLS, and what the
// receiver acknowledges meanwhile. part 0: all at once.
func (s *sum) body(f *flow, n, part int, k int64, c *cutter) {
	segments := 0
	if s.overhead > 0 && part > 0 {
		segments = s.parts(f, n, part, k, c)
	} else {
		segments = s.write(f, n, k, c)
	}
	if s.uneven {
		s.cut(f, 2*k)
	}
	f.bodies += k * int64(segments)
	f.acks += k * int64(math.Round(1000*AcksOf(segments).Expected))
}

// cut counts records that may be there beyond those that have to be.
func (s *sum) cut(f *flow, k int64) {
	f.most += k
	f.spare += k * int64(s.overhead)
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

// apart counts answers that may come in one write or in two: a server that has read a part of what a write brought
// answers that part before it waits for the rest.
func (s *sum) apart(k int64, first, second int) {
	s.write(&s.down, first+second, k, nil)
	s.cut(&s.down, k)
	if n := first + second + s.overhead; n <= s.m {
		s.shared[n] += k
	}
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
		s.shared[i] += k * b.shared[i]
	}
}

// settle takes what is below zero from the nearest length that has some: a mean message is taken back, where no message
// of a mix is as long. The sums stay.
func (s *sum) settle() {
	carry(s.lengths)
	carry(s.shared)
}

func carry(counts []int64) {
	for i := range counts {
		for d := 1; counts[i] < 0 && d < len(counts); d++ {
			for _, j := range [2]int{i - d, i + d} {
				if j < 0 || j >= len(counts) || counts[j] <= 0 {
					continue
				}
				some := min(counts[j], -counts[i])
				counts[j] -= some
				counts[i] += some
				if counts[i] == 0 {
					break
				}
			}
		}
	}
}

func (f *flow) add(b flow, k int64) {
	f.payload += k * b.payload
	f.least += k * b.least
	f.data += k * b.data
	f.most += k * b.most
	f.records += k * b.records
	f.bodies += k * b.bodies
	f.acks += k * b.acks
	f.spare += k * b.spare
	f.stream += k * b.stream
}
