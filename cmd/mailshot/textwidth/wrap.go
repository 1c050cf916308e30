package textwidth

import "strings"

// Wrap breaks a text into lines of at most n columns, at its blanks. A word that is longer than a line is broken
// between two characters. A text that fits is not changed; n below 1 is no limit.
func Wrap(text string, n int) []string {
	if n < 1 || Of(text) <= n {
		return []string{text}
	}
	var pieces []string
	for _, word := range strings.Fields(text) {
		for Of(word) > n {
			at := head(word, n)
			pieces = append(pieces, word[:at])
			word = word[at:]
		}
		if word != "" {
			pieces = append(pieces, word)
		}
	}
	return packed(pieces, n)
}

// head is how many bytes of a text that is not empty take at most n columns, and at least one character.
func head(text string, n int) int {
	at, used := character(text)
	for at < len(text) {
		size, w := character(text[at:])
		if used+w > n {
			break
		}
		used += w
		at += size
	}
	return at
}

// packed puts pieces with a blank between them into lines of at most n columns, as many as fit into each.
func packed(pieces []string, n int) (lines []string) {
	used := 0
	for _, piece := range pieces {
		w := Of(piece)
		if last := len(lines) - 1; last >= 0 && used+1+w <= n {
			lines[last] += " " + piece
			used += 1 + w
			continue
		}
		lines = append(lines, piece)
		used = w
	}
	return lines
}

// leastWords is the least width in which words are wrapped beside what stands before them.
const leastWords = 24

// Beside puts words behind a label, which is not changed. With a limit of n columns the words are wrapped, and their
// further lines hang below the first. A label that leaves too little room has the words below it, indented by four.
func Beside(label, words string, n int) string {
	before := Of(label)
	if n < 1 || words == "" || before+Of(words) <= n {
		return label + words
	}
	if n-before < leastWords {
		const indent = "    "
		return strings.TrimRight(label, " ") + "\n" + indent + strings.Join(Wrap(words, n-len(indent)), "\n"+indent)
	}
	return label + strings.Join(Wrap(words, n-before), "\n"+strings.Repeat(" ", before))
}

// Sum breaks a sum (5 rows = 2 sent + 3 pending) into lines of at most n columns, before plus signs alone. They stand
// below the equals sign. n below 1 is no limit.
func Sum(text string, n int) string {
	before, terms, found := strings.Cut(text, " = ")
	if !found || n < 1 || Of(text) <= n {
		return text
	}
	pieces := strings.Split("= "+terms, " + ")
	for i := 1; i < len(pieces); i++ {
		pieces[i] = "+ " + pieces[i]
	}
	indent := strings.Repeat(" ", Of(before)+1)
	return before + " " + strings.Join(packed(pieces, n-len(indent)), "\n"+indent)
}
