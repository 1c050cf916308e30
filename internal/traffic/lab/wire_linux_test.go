package lab

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	wired      = flag.Bool("lab.wire", false, "the long form: network namespaces and captures; needs root")
	congestion = flag.String("lab.congestion", "cubic", "the congestion control of our client and the sink, cubic or bbr; "+
		"that of Dovecot and Postfix is reno, because a namespace may not choose another")
)

// mtu is that of all devices here.
const mtu = 1500

// wire is a client's end and a server's end in namespaces of their own.
type wire struct {
	client, server string        // namespaces
	device         string        // the client's
	rtt            time.Duration // as it was measured
}

var wires atomic.Int32

// newWire makes the namespaces and connects them. A packet needs rtt/2 each way; 0: as fast as the machine is.
func newWire(t testing.TB, rtt time.Duration) *wire {
	t.Helper()
	if !*wired {
		t.Skip("captures are for the long form: go test ./internal/traffic/lab -lab.wire -v")
	}
	if os.Geteuid() != 0 {
		t.Skip("network namespaces are made by root: nothing was captured")
	}
	for _, program := range []string{"ip", "ethtool", "dumpcap", "tshark", "chrt"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: nothing was captured", program)
		}
	}
	id := fmt.Sprintf("%d-%d", os.Getpid(), wires.Add(1))
	w := &wire{client: "labc" + id, server: "labs" + id, device: "end0"}
	for _, ns := range []string{w.client, w.server} {
		addNamespace(t, ns)
	}
	if rtt == 0 {
		run(t, "ip", "-n", w.client, "link", "add", "end0", "mtu", strconv.Itoa(mtu), "type", "veth", "peer", "name", "end0",
			"netns", w.server)
	} else {
		middle := "labm" + id
		addNamespace(t, middle)
		for i, ns := range []string{w.client, w.server} {
			run(t, "ip", "-n", ns, "link", "add", "end0", "mtu", strconv.Itoa(mtu), "type", "veth", "peer", "name",
				"way"+strconv.Itoa(i), "netns", middle)
			device(t, middle, "way"+strconv.Itoa(i))
		}
		delay(t, middle, "way0", "way1", rtt/2)
	}
	for i, ns := range []string{w.client, w.server} {
		device(t, ns, "end0")
		run(t, "ip", "-n", ns, "addr", "add", fmt.Sprintf("10.9.0.%d/24", i+1), "dev", "end0")
		run(t, "ip", "-n", ns, "-6", "addr", "add", fmt.Sprintf("fd00::%d/64", i+1), "dev", "end0", "nodad")
		set(t, ns, "conf/end0/route_localnet", "1")
		set(t, ns, "tcp_congestion_control", "reno")
		// What a kernel remembers of earlier connections to a host would make the second one another experiment.
		set(t, ns, "tcp_no_metrics_save", "1")
	}
	// The client has no loopback device, so 127.0.0.1 is the server.
	run(t, "ip", "-n", w.server, "link", "set", "lo", "up")
	run(t, "ip", "-n", w.client, "route", "add", "127.0.0.1/32", "via", "10.9.0.2", "dev", "end0", "src", "10.9.0.1")
	return w
}

// set sets a parameter of a namespace's network.
func set(t testing.TB, ns, name, value string) {
	t.Helper()
	within(t, ns, func() {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	})
}

func addNamespace(t testing.TB, ns string) {
	t.Helper()
	run(t, "ip", "netns", "add", ns)
	t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", ns).CombinedOutput(); err != nil {
			t.Errorf("ip netns del %s: %v: %s", ns, err, out)
		}
	})
}

// device switches a device on, without anything that joins or divides segments behind TCP's back.
func device(t testing.TB, ns, name string) {
	t.Helper()
	run(t, "ip", "netns", "exec", ns, "ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off", "tx", "off")
	run(t, "ip", "-n", ns, "link", "set", name, "up")
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// inside runs do with the thread in a namespace: sockets that do opens and programs that it starts are there for good.
func inside(ns string, do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	away, err := os.Open("/run/netns/" + ns)
	if err != nil {
		return err
	}
	defer away.Close()
	if err := unix.Setns(int(away.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	defer func() {
		if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
			panic(err) // the thread must not go on in the wrong network
		}
	}()
	return do()
}

// within is inside for what ends a test by itself.
func within(t testing.TB, ns string, do func()) {
	t.Helper()
	if err := inside(ns, func() error { do(); return nil }); err != nil {
		t.Fatal(err)
	}
}

// listen listens at the server's end.
func (w *wire) listen(t testing.TB, address string) net.Listener {
	t.Helper()
	var l net.Listener
	err := inside(w.server, func() (err error) {
		l, err = (&net.ListenConfig{Control: congested}).Listen(t.Context(), "tcp", address)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// dial connects from the client's end.
func (w *wire) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = inside(w.client, func() (err error) {
		conn, err = (&net.Dialer{Control: congested}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// congested gives a socket the congestion control of the flag.
func congested(_, _ string, c syscall.RawConn) error {
	var err error
	cerr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, *congestion)
	})
	return errors.Join(cerr, err)
}

// delay passes frames between two devices, each a while after it came.
func delay(t testing.TB, ns, a, b string, d time.Duration) {
	t.Helper()
	var ends [2]int
	err := inside(ns, func() error {
		for i, name := range []string{a, b} {
			fd, err := packetSocket(name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			ends[i] = fd
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var pumps sync.WaitGroup
	var over atomic.Bool
	for i := range ends {
		queue := make(chan delayed, 1<<16)
		pumps.Go(func() {
			defer close(queue)
			take(ends[i], d, queue, &over)
		})
		pumps.Go(func() { give(ends[1-i], queue) })
	}
	t.Cleanup(func() {
		over.Store(true)
		pumps.Wait()
		for _, fd := range ends {
			_ = unix.Close(fd)
		}
	})
}

// delayed is a frame on its way.
type delayed struct {
	due   time.Time
	frame []byte
}

// packetSocket reads and writes the frames of a device. Reading gives up after a while.
func packetSocket(name string) (int, error) {
	at, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	all := int(uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		return 0, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 64<<20),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: uint16(all), Ifindex: at.Index}))
	return fd, err
}

// lineRate is the rate of a line with delay, in bits per second each way.
const lineRate = 50_000_000

// take reads frames until over. Each goes out when those before it have.
func take(fd int, d time.Duration, queue chan<- delayed, over *atomic.Bool) {
	var b [1 << 16]byte
	free := time.Now()
	for !over.Load() {
		n, _, err := unix.Recvfrom(fd, b[:], 0)
		if err != nil || n <= 0 {
			continue
		}
		if now := time.Now(); now.After(free) {
			free = now
		}
		free = free.Add(time.Duration(n) * 8 * time.Second / lineRate)
		queue <- delayed{free.Add(d), append([]byte(nil), b[:n]...)}
	}
}

// give writes frames when they are due.
func give(fd int, queue <-chan delayed) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for f := range queue {
		if wait := time.Until(f.due); wait > 0 {
			timer.Reset(wait)
			<-timer.C
		}
		_, _ = unix.Write(fd, f.frame) // a frame that is lost is seen in the capture
	}
}
