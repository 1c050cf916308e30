package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// capture is a running dumpcap.
type capture struct {
	t      testing.TB
	file   string
	closed chan struct{} // both ends have closed, and the ends of both are acknowledged
	done   chan error    // the capture's file is complete
	stop   func()
	said   *bytes.Buffer
}

// capture begins to capture at the client's end. It returns when nothing can be missed any more.
func (w *wire) capture(t testing.TB) *capture {
	t.Helper()
	c := &capture{t: t, file: filepath.Join(t.TempDir(), "wire.pcap"), closed: make(chan struct{}), done: make(chan error, 1),
		said: new(bytes.Buffer)}
	cmd := exec.Command("dumpcap", "-q", "-i", w.device, "-f", "tcp", "-s", "160", "-B", "128", "-P", "-w", "-")
	cmd.Stderr = c.said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	within(t, w.client, func() { err = cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	c.stop = func() { _ = cmd.Process.Signal(os.Interrupt) }
	in := bufio.NewReaderSize(out, 1<<20)
	head := make([]byte, 24)
	if _, err := io.ReadFull(in, head); err != nil {
		t.Fatalf("dumpcap: %v: %s", err, c.said)
	}
	go func() {
		err := c.follow(in, head)
		if werr := cmd.Wait(); err == nil {
			err = werr
		}
		c.done <- err
	}()
	return c
}

// follow writes the capture into its file and looks for the end of the connection.
func (c *capture) follow(in io.Reader, head []byte) error {
	f, err := os.Create(c.file)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	_, _ = out.Write(head)
	var seen closing
	var record [16]byte
	for {
		if _, err := io.ReadFull(in, record[:]); err != nil {
			break // the end of the capture
		}
		b := make([]byte, binary.LittleEndian.Uint32(record[8:]))
		if _, err := io.ReadFull(in, b); err != nil {
			break
		}
		_, _ = out.Write(record[:])
		_, _ = out.Write(b)
		if !seen.done && seen.packet(b) {
			close(c.closed)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// closing looks for the last packet of a connection.
type closing struct {
	done bool
	port uint16            // the client's, from its SYN on: the end of the connection before it may still come
	fin  map[uint16]uint32 // sequence number behind the FIN, by the sender's port
	acks map[uint16]bool   // whether it was acknowledged
}

// packet reports whether both ends have closed now.
func (c *closing) packet(b []byte) bool {
	if c.fin == nil {
		c.fin, c.acks = map[uint16]uint32{}, map[uint16]bool{}
	}
	ip := b[14:]
	payload := 0
	var tcp []byte
	switch ip[0] >> 4 {
	case 4:
		n := int(ip[0]&15) * 4
		payload, tcp = int(binary.BigEndian.Uint16(ip[2:]))-n, ip[n:]
	default:
		payload, tcp = int(binary.BigEndian.Uint16(ip[4:])), ip[40:]
	}
	payload -= int(tcp[12]>>4) * 4
	from, to := binary.BigEndian.Uint16(tcp), binary.BigEndian.Uint16(tcp[2:])
	seq, ack, flags := binary.BigEndian.Uint32(tcp[4:]), binary.BigEndian.Uint32(tcp[8:]), tcp[13]
	if c.port == 0 && flags&18 == 2 {
		c.port = from
	}
	if c.port == 0 || from != c.port && to != c.port {
		return false
	}
	if flags&1 != 0 {
		c.fin[from] = seq + uint32(payload) + 1
	}
	if end, ok := c.fin[to]; ok && flags&16 != 0 && ack == end {
		c.acks[to] = true
	}
	c.done = flags&4 != 0 || len(c.fin) == 2 && c.acks[from] && c.acks[to]
	return c.done
}

// frame is a frame of a capture.
type frame struct {
	up         bool
	length, ip int // of the frame and of its packet
	payload    int
	again      bool // a retransmission, as tshark sees it
	flags      int
	at         time.Duration
}

// end waits for the end of the connection, and reads the capture.
func (c *capture) end() []frame {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	select {
	case <-c.closed:
	case <-ctx.Done():
		c.stop()
		c.t.Fatalf("the connection has not ended, or dumpcap does not see it: %v; %s", <-c.done, c.said)
	}
	c.stop()
	if err := <-c.done; err != nil {
		c.t.Fatalf("dumpcap: %v: %s", err, c.said)
	}
	return c.read()
}

var fields = []string{"ip.len", "ipv6.plen", "tcp.len", "frame.len", "tcp.analysis.retransmission", "tcp.flags",
	"frame.time_epoch", "tcp.dstport", "tcp.srcport"}

// read takes the capture apart with tshark.
func (c *capture) read() []frame {
	c.t.Helper()
	args := []string{"-n", "-r", c.file, "-T", "fields", "-E", "separator=,", "-E", "occurrence=f"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	// The test's own threads may go before the machine's other work, and tshark must not stand in the way of a line that
	// another test measures.
	cmd := exec.Command("chrt", append([]string{"-o", "0", "nice", "tshark"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("tshark: %v: %s", err, &said)
	}
	r := csv.NewReader(bytes.NewReader(out))
	r.FieldsPerRecord = len(fields)
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		c.t.Fatalf("tshark gave %d frames: %v", len(rows), err)
	}
	return c.connection(rows)
}

// connection takes the frames of the capture's own connection, from its SYN on. The end of the one before it may still be
// on its way.
func (c *capture) connection(rows [][]string) []frame {
	c.t.Helper()
	var frames []frame
	var client, server string
	for i, row := range rows {
		f, err := frameOf(row)
		if err != nil {
			c.t.Fatalf("tshark: frame %d: %v: %q", i+1, err, row)
		}
		to, from := row[7], row[8]
		if client == "" && f.flags&18 == 2 { // SYN
			client, server = from, to
		}
		switch {
		case from == client && to == server:
			f.up = true
		case from != server || to != client || client == "":
			continue
		}
		frames = append(frames, f)
	}
	if len(frames) == 0 {
		c.t.Fatalf("no connection begins in %d frames", len(rows))
	}
	begin := frames[0].at
	for i := range frames {
		frames[i].at -= begin
	}
	return frames
}

func frameOf(row []string) (f frame, err error) {
	number := func(s string) (n int) {
		v, perr := strconv.ParseInt(s, 0, 64)
		if perr != nil && err == nil {
			err = perr
		}
		return int(v)
	}
	if row[0] != "" {
		f.ip = number(row[0])
	} else {
		f.ip = number(row[1]) + 40
	}
	f.payload, f.length, f.flags, f.again = number(row[2]), number(row[3]), number(row[5]), row[4] != ""
	whole, part, _ := strings.Cut(row[6], ".")
	f.at = time.Duration(number(whole))*time.Second + time.Duration(number("1"+part)-1_000_000_000)
	return f, err
}
