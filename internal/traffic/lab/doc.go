// Package lab measures what the model of internal/traffic computes. It consists only of tests.
//
// The short form counts what a session of ours writes and reads on loopback, as any user. It runs with all tests. The
// long form, -lab.wire, sends and fetches between two network namespaces while dumpcap captures, reads the captures
// with tshark, and compares each frame. It needs root, Linux, iproute2, ethtool and tshark, and Postfix and Dovecot for
// the tests with these servers. If something is missing, it says so and skips.
//
//	go test ./internal/traffic/lab -lab.wire -v -timeout 60m
//
// # The line
//
// Without delay the namespaces are the ends of a pair of virtual Ethernet devices, with offloading off: otherwise the
// kernel passes on segments of 64 kB, which no cable carries. With delay there is a third namespace between them, in
// which a program passes each frame from one device to the other after the delay. netem does the same, but many
// machines leave that part of the kernel out. The program needs only packet sockets.
//
// The server's address is 127.0.0.1 in both namespaces, and is reached over the device: so the servers of
// internal/servers and their certificates are used as they are.
package lab
