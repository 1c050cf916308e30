//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package typeahead

func drop(uintptr) {}
