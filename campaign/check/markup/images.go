package markup

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"mailshot/campaign/check/target"
	"mailshot/internal/ellipsis"
)

// formats are kinds of pictures that mail programs with a large share do not show, by the end of the address.
var formats = map[string]string{
	".webp": "Outlook on Windows does not show WebP",
	".avif": "Gmail's apps and Outlook on Windows do not show AVIF",
	".svg":  "Gmail and Outlook do not show SVG",
	".heic": "only Apple Mail shows HEIC",
	".tiff": "only Apple Mail shows TIFF", ".tif": "only Apple Mail shows TIFF",
	".bmp": "several clients do not show BMP",
}

// widest is the width in pixels above which an image is too large for a mail: twice the usual 600 of mails, and some
// more.
const widest = 1600

// fileName matches the name that a camera or a program has given to a picture.
var fileName = regexp.MustCompile(`(?i)^\S+\.(?:jpe?g|png|gif|webp|svg|avif|heic|bmp)$|^(?:IMG|DSC|DCIM|image|untitled|screenshot)[-_ ]?\d*$`)

// stand matches the address of a picture that stands in for another.
var stand = regexp.MustCompile(`(?i)^(?:https?:)?//(?:[a-z0-9-]+\.)*(?:placeholder\.com|placehold\.(?:it|co|jp)|placekitten\.com|` +
	`dummyimage\.com|picsum\.photos|loremflickr\.com|lorempixel\.com|fakeimg\.pl|placeimg\.com)(?:[/:?#]|$)`)

// image looks at an image. Its attributes may be those of <img>, or of Markdown: then sized is true, since it has none.
func (l *looker) image(at int, address, alt string, hasAlt, sized bool) {
	trimmed := strings.TrimSpace(address)
	l.written(address)
	l.address(at, address)
	shown := ellipsis.Quote(target.Show(trimmed), 61)
	if !hasAlt {
		l.say(at, "image-no-alt", "the image "+shown+" has no alt text",
			`write alt="…", and alt="" for one that only decorates`)
	}
	if fileName.MatchString(strings.TrimSpace(alt)) {
		l.say(at, "image-alt-file", fmt.Sprintf("the alt text %s is the name of a file", ellipsis.Quote(alt, 41)),
			`write what the image shows, and alt="" for one that only decorates`)
	}
	if !sized && trimmed != "" {
		l.say(at, "image-no-size", "the image "+shown+" has no width", "write width and height, so that nothing jumps")
	}
	if says := target.Of(trimmed); says.Code != "" {
		if says.Code == "link-http" {
			says.Code = "image-http"
		}
		l.say(at, says.Code, "the image "+says.Text, says.Hint)
	}
	if m := stand.FindStringSubmatch(trimmed); m != nil {
		l.say(at, "placeholder-domain", "the image "+shown+" is one that was to be replaced", "show the image that is meant")
	}
	file, _, _ := strings.Cut(trimmed, "?")
	file, _, _ = strings.Cut(file, "#")
	if target.Dynamic(file[max(len(file)-6, 0):]) {
		return
	}
	if why := formats[strings.ToLower(path.Ext(file))]; why != "" && !strings.HasPrefix(trimmed, "data:") {
		l.say(at, "image-format", "the image "+shown+" is not shown everywhere: "+why, "use .png, .jpg or .gif")
	}
}

// img looks at an <img>.
func (l *looker) img(t *tag) {
	src, _ := t.get("src")
	at := src.at
	if at == 0 {
		at = t.at
	}
	_, alt := t.get("alt")
	sized := t.value("width") != "" || strings.Contains(lower(t.value("style")), "width") || t.value("class") != ""
	if role := t.value("role"); role == "presentation" || role == "none" || t.value("aria-hidden") == "true" {
		alt = true
	}
	l.image(at, src.value, t.value("alt"), alt, sized)
	if !src.given && t.value("srcset") == "" {
		l.say(t.at, "image-no-src", "the image has no src, so it is not shown", "write src, or remove the image")
	}
	if w, err := strconv.Atoi(strings.TrimSuffix(t.value("width"), "px")); err == nil && w > widest {
		a, _ := t.get("width")
		l.say(a.at, "image-wide", "the image is "+strconv.Itoa(w)+" pixels wide, and mails are mostly shown with 600",
			"make it smaller: each phone loads all of it")
	}
}

// fewWords is how many letters a message with images needs so that it is not only images. It follows SpamAssassin's
// HTML_IMAGE_ONLY rules, which begin at 400 bytes.
const fewWords = 40

// onlyImages finds a message that is nothing but images.
func (l *looker) onlyImages() {
	letters, first := 0, -1
	quiet := 0 // within elements that are not shown
	for i := range l.tags {
		switch t := &l.tags[i]; {
		case t.kind == opens && t.name == "img" && first < 0:
			first = t.at
		case t.kind == opens && t.name == "head":
			quiet++
		case t.kind == closes && t.name == "head":
			quiet--
		case t.kind == words && quiet <= 0:
			if strings.IndexByte(t.text, printed) >= 0 {
				return // what an action prints may be long
			}
			letters += len([]rune(strings.Join(strings.Fields(t.text), "")))
		}
	}
	if first >= 0 && letters < fewWords {
		l.say(first, "images-only", "the message is images and hardly any text",
			"many programs show no images at first, and filters take such mail for spam: write the words as text")
	}
}
