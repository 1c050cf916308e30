// Package lab measures what the model of internal/traffic computes. It is tests only.
//
// The short form counts what a session of ours writes and reads on loopback, as any user. It runs with all tests. The
// long form, -lab.wire, sends and fetches between two network namespaces while dumpcap captures, reads the captures
// with tshark, and compares each frame. It needs root, Linux, iproute2, ethtool and tshark; Postfix and Dovecot for what
// they take and give. It says what it lacks and skips.
//
//	go test ./internal/traffic/lab -lab.wire -v -timeout 60m
//
// # The line
//
// Without delay the namespaces are the ends of a pair of virtual Ethernet devices, with offloading off: else the kernel
// passes on segments of 64 kB, which no cable carries. With delay a third namespace lies between them. A program
// passes frames from one device to the other there, each so many milliseconds after it came. That is what netem does.
// netem is a part of the kernel that many machines leave out, and this needs nothing but packet sockets.
//
// The server's address is 127.0.0.1 in both namespaces, and is reached over the device: so the servers of
// internal/servers and their certificates are used as they are.
package lab
