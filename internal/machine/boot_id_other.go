//go:build !linux

package machine

func bootID() string { return "" }
