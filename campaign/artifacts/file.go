package artifacts

import (
	"context"
	"crypto/sha256"

	"mailshot/render"
)

// Source makes files.
type Source interface {
	// Recipe says what the file of a row is made of. Two rows with one recipe may get one file.
	Recipe(to render.Recipient) ([]string, error)
	// Run makes it. The error has a Diagnostic method, as a *render.Fault has, or is ctx's.
	Run(ctx context.Context, recipe []string) ([]byte, error)
}

// File is a [render.Maker] that keeps what it makes.
type File struct {
	Store  *Store
	Source Source
	Kind   string // distinguishes the recipes of different sources
	Shared bool   // the recipe has nothing of the row, so that all people get one file
}

// Make implements [render.Maker].
func (f *File) Make(to render.Recipient) ([]byte, error) {
	recipe, err := f.Source.Recipe(to)
	if err != nil {
		return nil, err
	}
	return f.Store.get(to, f.Shared, append([]string{f.Kind}, recipe...), func(ctx context.Context) ([]byte, error) {
		return f.Source.Run(ctx, recipe)
	})
}

// Reveal implements [render.Revealer].
func (f *File) Reveal(to render.Recipient, made []byte) ([]byte, error) {
	p, locked := f.Source.(*Protected)
	if !locked {
		return made, nil
	}
	password, err := p.Lock.Password(to)
	if err != nil {
		return nil, err
	}
	return p.Lock.Open(made, password)
}

// Lock is what gives a file a password.
type Lock interface {
	// Password is that of the row.
	Password(to render.Recipient) (string, error)
	// Protect returns the file with that password. Its bytes may differ from call to call. No error has the password in
	// it.
	Protect(plain []byte, password string) ([]byte, error)
	// Open returns a file of Protect without its password. No error has the password in it.
	Open(locked []byte, password string) ([]byte, error)
}

// Protecting is a [render.Locker] that keeps what it protects.
type Protecting struct {
	Store *Store
	Lock  Lock
}

// Protect implements [render.Locker].
func (s *Protecting) Protect(to render.Recipient, plain []byte) ([]byte, error) {
	password, err := s.Lock.Password(to)
	if err != nil {
		return nil, err
	}
	of := sha256.Sum256(plain)
	return s.Store.get(to, false, []string{"protect", string(of[:]), password}, func(context.Context) ([]byte, error) {
		return s.Lock.Protect(plain, password)
	})
}

// Protected is a [Source] whose files have a password. The file without it is not kept anywhere.
type Protected struct {
	Source Source
	Lock   Lock
}

// Recipe implements [Source].
func (s *Protected) Recipe(to render.Recipient) ([]string, error) {
	password, err := s.Lock.Password(to)
	if err != nil {
		return nil, err
	}
	recipe, err := s.Source.Recipe(to)
	return append(recipe, password), err
}

// Run implements [Source].
func (s *Protected) Run(ctx context.Context, recipe []string) ([]byte, error) {
	last := len(recipe) - 1
	plain, err := s.Source.Run(ctx, recipe[:last])
	if err != nil {
		return nil, err
	}
	return s.Lock.Protect(plain, recipe[last])
}
