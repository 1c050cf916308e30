package mediatype

// The types of Office files.
const (
	docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	dotx = "application/vnd.openxmlformats-officedocument.wordprocessingml.template"
	xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	xltx = "application/vnd.openxmlformats-officedocument.spreadsheetml.template"
	pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	ppsx = "application/vnd.openxmlformats-officedocument.presentationml.slideshow"
	docm = "application/vnd.ms-word.document.macroEnabled.12"
	xlsm = "application/vnd.ms-excel.sheet.macroEnabled.12"
	xlsb = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
	pptm = "application/vnd.ms-powerpoint.presentation.macroEnabled.12"
	odt  = "application/vnd.oasis.opendocument.text"
	ods  = "application/vnd.oasis.opendocument.spreadsheet"
	odp  = "application/vnd.oasis.opendocument.presentation"
)

// types has the media types by ending.
var types = map[string]string{
	".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jpe": "image/jpeg",
	".gif": "image/gif", ".webp": "image/webp", ".bmp": "image/bmp", ".ico": "image/vnd.microsoft.icon",
	".svg": "image/svg+xml", ".tif": "image/tiff", ".tiff": "image/tiff", ".avif": "image/avif", ".heic": "image/heic",
	".zip": "application/zip", ".gz": "application/gzip", ".tgz": "application/gzip",
	".7z": "application/x-7z-compressed", ".tar": "application/x-tar",
	".docx": docx, ".dotx": dotx, ".xlsx": xlsx, ".xltx": xltx, ".pptx": pptx, ".ppsx": ppsx,
	".docm": docm, ".xlsm": xlsm, ".xlsb": xlsb, ".pptm": pptm,
	".odt": odt, ".ods": ods, ".odp": odp, ".epub": "application/epub+zip",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".msg": "application/vnd.ms-outlook", ".rtf": "application/rtf",
	".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
	".html": "text/html", ".htm": "text/html", ".ics": "text/calendar", ".vcf": "text/vcard",
	".xml": "application/xml", ".json": "application/json",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg",
	".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
	".asc": "application/pgp-keys", ".p7m": "application/pkcs7-mime",
	".eml": "message/rfc822",
}

// needsSignature are the types whose files always begin with a signature that Detect knows.
var needsSignature = map[string]bool{
	"application/pdf": true, "image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true,
	"application/zip": true, "application/gzip": true, "application/epub+zip": true,
	docx: true, dotx: true, xlsx: true, xltx: true, pptx: true, ppsx: true, docm: true, xlsm: true, xlsb: true,
	pptm: true, odt: true, ods: true, odp: true,
}

// words name types for people.
var words = map[string]string{
	"application/pdf": "a PDF", "image/png": "a PNG picture", "image/jpeg": "a JPEG picture",
	"image/gif": "a GIF picture", "image/webp": "a WebP picture", "image/bmp": "a BMP picture",
	"image/tiff": "a TIFF picture", "image/avif": "an AVIF picture", "image/heic": "a HEIC picture",
	"image/svg+xml": "an SVG picture", "image/vnd.microsoft.icon": "an icon",
	"application/zip": "a zip archive", "application/gzip": "a gzip archive",
	"application/x-7z-compressed": "a 7z archive",
	docx:                          "a Word document", dotx: "a Word template", docm: "a Word document with macros (.docm)",
	xlsx: "an Excel workbook", xltx: "an Excel template", xlsm: "an Excel workbook with macros (.xlsm)",
	xlsb: "a binary Excel workbook (.xlsb)", pptx: "a presentation", ppsx: "a slide show",
	pptm: "a presentation with macros (.pptm)", odt: "an OpenDocument text", ods: "an OpenDocument sheet",
	odp: "an OpenDocument presentation", "application/epub+zip": "an EPUB book",
	"application/msword": "an old Word document (.doc)", "application/vnd.ms-excel": "an old Excel workbook (.xls)",
	"application/vnd.ms-powerpoint": "an old presentation (.ppt)", "application/rtf": "an RTF document",
	"text/plain": "a plain text", "text/csv": "a CSV table", "text/html": "a web page", "text/calendar": "a calendar entry",
	"text/vcard": "an address card", "message/rfc822": "a message", "application/json": "JSON", "application/xml": "XML",
}
