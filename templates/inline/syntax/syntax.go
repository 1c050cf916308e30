// Package syntax splits CSS into tokens, and finds what ends where: Tokens reads a text, Block, Closing and Split look
// for the token that ends a part of it.
package syntax

import (
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// Token is one token of CSS.
type Token struct {
	css.TokenType
	Text string
	At   int // in the text that was split
}

// Tokens splits CSS. ok is false if a byte got lost, or if browsers may split it in another way: they read url( with
// more than a text in quotes as a function, which ends elsewhere.
func Tokens(text string) (all []Token, ok bool) {
	l := css.NewLexer(parse.NewInputString(text))
	at := 0
	ok = true
	for {
		tt, data := l.Next()
		if tt == css.ErrorToken {
			return all, ok && at == len(text)
		}
		t := Token{tt, string(data), at}
		if _, inner, found := strings.Cut(t.Text, "("); found && tt == css.BadURLToken {
			inner = strings.TrimSpace(inner)
			ok = ok && !strings.HasPrefix(inner, `"`) && !strings.HasPrefix(inner, "'")
		}
		all = append(all, t)
		at += len(data)
	}
}

// Brackets are the brackets that are open, each by the token that closes it. As browsers read CSS, nothing else closes
// it: what comes before that token is inside, braces and semicolons too.
type Brackets []css.TokenType

// Read reads a token. ok is false if it closes what is not open, or not the last: that closes nothing.
func (b *Brackets) Read(tt css.TokenType) (ok bool) {
	switch tt {
	case css.LeftBraceToken:
		*b = append(*b, css.RightBraceToken)
	case css.LeftBracketToken:
		*b = append(*b, css.RightBracketToken)
	case css.LeftParenthesisToken, css.FunctionToken:
		*b = append(*b, css.RightParenthesisToken)
	case css.RightBraceToken, css.RightBracketToken, css.RightParenthesisToken:
		last := len(*b) - 1
		if last < 0 || (*b)[last] != tt {
			return false
		}
		*b = (*b)[:last]
	}
	return true
}

// Block returns the token after which a prelude from i on ends: a { or, of an at-rule, a ; at the top. It returns end
// if there is none.
func Block(all []Token, i, end int, at bool) int {
	var open Brackets
	for ; i < end; i++ {
		tt := all[i].TokenType
		if len(open) == 0 && (tt == css.LeftBraceToken || at && tt == css.SemicolonToken) {
			return i
		}
		open.Read(tt)
	}
	return end
}

// Closing returns the token that closes the { at i, or end.
func Closing(all []Token, i, end int) int {
	var open Brackets
	for ; i < end; i++ {
		if open.Read(all[i].TokenType); len(open) == 0 {
			return i
		}
	}
	return end
}

// Split returns the next token of a type from i on that is not in brackets, or end.
func Split(all []Token, i, end int, by css.TokenType) int {
	var open Brackets
	for ; i < end; i++ {
		if all[i].TokenType == by && len(open) == 0 {
			return i
		}
		open.Read(all[i].TokenType)
	}
	return end
}

// Trim takes blanks and comments off the ends.
func Trim(all []Token) []Token {
	empty := func(t Token) bool { return t.TokenType == css.WhitespaceToken || t.TokenType == css.CommentToken }
	for len(all) > 0 && empty(all[0]) {
		all = all[1:]
	}
	for len(all) > 0 && empty(all[len(all)-1]) {
		all = all[:len(all)-1]
	}
	return all
}
