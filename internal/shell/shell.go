// Package shell writes arguments for the commands that people are told to type. Call Quote for each argument.
package shell

import "strings"

// plain are the characters that no shell takes for anything else.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./@%+=:,"

// Quote is an argument as a POSIX shell takes it: unchanged where all its characters are plain, else in single quotes.
func Quote(arg string) string {
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
