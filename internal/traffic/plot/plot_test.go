package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPictures holds that the committed pictures are those of the committed measurements and of the model as it is.
func TestPictures(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "..", "docs", "traffic")
	pictures, err := draw(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, picture := range pictures {
		have, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != picture {
			t.Errorf("%s is not what the model says now: go run ./internal/traffic/plot docs/traffic", name)
		}
		if len(picture) > 64<<10 || !strings.Contains(picture, "prefers-color-scheme:dark") {
			t.Errorf("%s has %d bytes, or no colours for the dark", name, len(picture))
		}
		for d := xml.NewDecoder(strings.NewReader(picture)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}
