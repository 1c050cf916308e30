package smtp

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"mailshot/sender/reply"
)

// ErrChunking is the cause of an [*Error] when a server offers CHUNKING and does not know BDAT. The
// message was not taken, and the session is closed.
var ErrChunking = errors.New("the server offers CHUNKING and does not take BDAT")

// fresh is how recently the server must have been heard for a message to go out in one write.
// Servers close idle connections. When MAIL alone meets a closed one, nothing is lost. A message
// that went with its MAIL is then in doubt.
const fresh = 5 * time.Second

// Chunks reports whether a message would go out in one write with its envelope now: the server has
// taken a message on this session, and was heard just now.
func (s *Session) Chunks(e Envelope) bool {
	return e.Chunk && e.Copies == nil && s.pipelining && s.chunking && s.taken && !s.Closed() &&
		time.Since(s.in.heard) < fresh
}

// maxBDAT is the longest BDAT line.
const maxBDAT = len("BDAT 9223372036854775807 LAST\r\n")

// chunk sends envelope and message in one write. The message is made before begin is called, and
// nothing is written before begin has returned.
func (s *Session) chunk(ctx context.Context, e Envelope, body io.WriterTo,
	begin func(context.Context) error) (Reply, error) {
	if err := s.clean(reply.Mail); err != nil {
		return Reply{}, err
	}
	dirty := s.dirty
	b := s.appendRcpt(s.appendMail(s.appendReset(s.out[:0]), e), e)
	head := len(b)
	start := head + maxBDAT
	w := s.writer(true)
	w.buf = append(b, make([]byte, maxBDAT)...)
	err := w.fill(body)
	s.out = w.buf[:0]
	if err != nil {
		s.dirty = dirty // nothing was said
		return Reply{}, unwritten(err)
	}
	if ctx.Err() != nil {
		s.dirty = dirty
		return Reply{}, context.Cause(ctx)
	}
	if err := begin(ctx); err != nil {
		s.dirty = dirty
		return Reply{}, err
	}
	// The line's length is known only now; the head moves up to it.
	var line [maxBDAT]byte
	bdat := append(strconv.AppendInt(append(line[:0], "BDAT "...), int64(len(w.buf)-start), 10), " LAST\r\n"...)
	copy(w.buf[start-len(bdat):], bdat)
	gap := maxBDAT - len(bdat)
	copy(w.buf[gap:], w.buf[:head])
	s.used++
	b = w.buf[gap:]
	if err := s.part(b, len(b)); err != nil {
		return Reply{}, err
	}
	return s.chunked(dirty)
}

// chunked reads what a server says to a message sent in one write. Up to the last answer the
// message is in doubt; only a whole refusal settles it earlier.
func (s *Session) chunked(reset bool) (Reply, error) {
	if err := s.cleared(reset); err != nil {
		return Reply{}, doubtful(err)
	}
	var refusal *Reply
	for i, stage := range [3]reply.Stage{reply.Mail, reply.Rcpt, reply.End} {
		d := s.timeouts.Command
		if stage == reply.End {
			d = s.timeouts.End
		}
		r, err := s.answer(stage, d)
		switch {
		case err != nil && refusal != nil:
			return *refusal, s.refused(*refusal)
		case err != nil:
			return Reply{}, doubtful(err)
		case outOfStep(r), refusal != nil && i > 0 && r.Code < 400:
			// Accepted after a refusal: the answers belong to something else.
			return Reply{}, doubtful(s.broken(stage, errOutOfStep))
		case r.Code >= 400 && refusal == nil:
			refusal = &r
		case r.Code < 400 && stage == reply.End:
			if s.br.Buffered() > 0 {
				return Reply{}, doubtful(s.broken(stage, errExtra)) // which of them was it?
			}
			return r, nil
		}
		if refusal == nil {
			continue // if it was closed meanwhile, reading the next answer fails
		}
		if s.Closed() {
			break // by 421
		}
		if s.lmtp {
			s.Close() // no recipients, no answers (RFC 2033 4.2)
			break
		}
	}
	if !s.Closed() && s.br.Buffered() > 0 {
		return Reply{}, doubtful(s.broken(reply.End, errExtra))
	}
	if refusal.Stage == reply.End {
		switch refusal.Code {
		case 500, 501, 502, 504:
			s.Close()
			return *refusal, &Error{Stage: reply.Data, Err: ErrChunking,
				Text: reply.Clean(ErrChunking.Error() + ": " + strconv.Itoa(refusal.Code) + " " + s.Said(*refusal))}
		}
	}
	s.dirty = true // a server takes nothing after a refused BDAT before RSET (RFC 3030 2)
	return *refusal, s.refused(*refusal)
}
