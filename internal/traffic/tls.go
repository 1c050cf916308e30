package traffic

// TLS is what TLS adds to a connection. The zero value is TLS 1.3 between two programs in Go, with a certificate of an
// elliptic curve and its issuer's.
type TLS struct {
	// Version is 12 or 13; 0: 13.
	Version int
	// Flights are the handshake's writes in their order; nil: the writes of [Handshake] for the version, with a chain
	// of 1,600 bytes. Measured flights are exact.
	Flights []Flight
	// Tickets is how many bytes of session tickets the server sends after the handshake, in one write. A client that
	// resumes no session gets none (RFC 8446 section 4.2.9), and mailshot resumes none.
	Tickets int
	// Overhead is what a record adds to its payload, in bytes. 0: 22 in TLS 1.3 (header 5, type 1, tag 16), 29 in TLS
	// 1.2 with AES-GCM (header 5, nonce 8, tag 16). ChaCha20-Poly1305 in TLS 1.2 has 21.
	Overhead int
	// FixedRecords says that the client begins with full records. Go's crypto/tls begins with small ones.
	FixedRecords bool
	// NoAlert says that the server ends the connection without close_notify.
	NoAlert bool
}

// Flight is one write of a handshake, in bytes with the headers of its records.
type Flight struct {
	FromServer bool
	Bytes      int
}

// The bytes of Go's handshake (crypto/tls of Go 1.26, as internal/traffic/lab measures it; a server's name of 18
// letters). TLS 1.3 has the hybrid key share X25519MLKEM768: 1,216 bytes up and 1,120 down.
const (
	clientHello    = 1510 // offers both versions
	server13       = 1447 // ServerHello, change of cipher, EncryptedExtensions, CertificateVerify of P-256, Finished
	clientFinish13 = 64   // change of cipher, Finished
	server12       = 213  // ServerHello, key exchange, done
	clientFinish12 = 93   // key exchange, change of cipher, Finished
	serverFinish12 = 51
	alertBytes     = 2
)

// Handshake returns the writes of a full handshake between two programs in Go. chain is the size of the server's
// certificates in bytes. It is within some ten bytes of what is sent, because names and signatures vary in length.
func Handshake(version, chain int) []Flight {
	if version == 12 {
		return []Flight{
			{false, clientHello}, {true, server12 + chain}, {false, clientFinish12}, {true, serverFinish12},
		}
	}
	return []Flight{{false, clientHello}, {true, server13 + chain}, {false, clientFinish13}}
}

func (t TLS) version() int {
	if t.Version == 12 {
		return 12
	}
	return 13
}

func (t TLS) overhead() int {
	switch {
	case t.Overhead > 0:
		return t.Overhead
	case t.version() == 12:
		return 29
	default:
		return 22
	}
}

func (t TLS) flights() []Flight {
	if t.Flights != nil {
		return t.Flights
	}
	return Handshake(t.version(), 1600)
}

// rounds is how many round trips the handshake takes before the first command.
func (t TLS) rounds() int {
	if t.version() == 12 {
		return 2
	}
	return 1
}

// How crypto/tls cuts what is written into records.
const (
	fullRecord     = 16384
	recordEstimate = 1208       // tcpMSSEstimate
	recordBoost    = 128 * 1024 // recordSizeBoostThreshold: application data after which records are full
)

// cutter cuts writes into records as crypto/tls does: the first record is made to fit a small packet, and each record
// is longer than the one before until it is full.
type cutter struct {
	overhead int // 0: no TLS, nothing is cut
	sent     int // bytes of records so far
	records  int // so far
	full     bool
}

func (t TLS) cutter() cutter { return cutter{overhead: t.overhead(), full: t.FixedRecords} }

// next returns the payload of the next record of a write that has n bytes left.
func (c *cutter) next(n int) int {
	most := fullRecord
	if !c.full {
		most = min(fullRecord, (recordEstimate-c.overhead)*(c.records+1))
		c.records++
		if most == fullRecord || c.sent >= recordBoost {
			most, c.full = fullRecord, true
		}
	}
	n = min(n, most)
	c.sent += n
	return n
}
