package database

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// To another machine it is TLS, or what the string says in so many words.
func TestPostgresPrivate(t *testing.T) {
	t.Parallel()
	for at, plain := range map[string]bool{
		"postgres://reader@db.example.com/shop":                 false,
		"postgres://reader@db.example.com/shop?sslmode=prefer":  false,
		"postgres://reader@db.example.com/shop?sslmode=allow":   false,
		"postgres://reader@db.example.com/shop?sslmode=require": false,
		"postgres://reader@db.example.com/shop?sslmode=disable": true,
		"postgres://reader@127.0.0.1/shop":                      true,
		"host=/run/postgresql dbname=shop":                      true,
	} {
		c, err := pgx.ParseConfig(at)
		if err != nil {
			t.Fatal(err)
		}
		private(c)
		got := c.TLSConfig == nil
		for _, f := range c.Fallbacks {
			got = got || f.TLSConfig == nil
		}
		if got != plain {
			t.Errorf("%s: a way without TLS: %v", at, got)
		}
	}
}
