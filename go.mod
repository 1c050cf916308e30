module mailshot

go 1.26.0

require (
	// OpenPGP: keys, signatures, encryption.
	github.com/ProtonMail/go-crypto v1.5.2
	// Selectors of CSS: which elements a rule matches.
	github.com/andybalholm/cascadia v1.3.5
	// QR codes. It is kept, has no dependencies, and draws Kanji and UTF-8 right; skip2/go-qrcode stands still since 2020.
	github.com/boombuler/barcode v1.1.0
	// The window in a real browser, tests only.
	github.com/chromedp/cdproto v0.0.0-20260714215040-dc233986426f
	github.com/chromedp/chromedp v0.16.0
	// IMAP: the commands and answers of a connection that is logged in. A beta, so it is behind one file.
	github.com/emersion/go-imap/v2 v2.0.0-beta.8
	// The charsets of what came back; reading messages back in tests, as a second opinion on what render writes.
	github.com/emersion/go-message v0.18.2
	// Verifying DKIM signatures: of the first message before it leaves, and in tests. render/dkim writes them.
	github.com/emersion/go-msgauth v0.7.0
	// AUTH mechanisms (PLAIN, LOGIN) as defined by their RFCs.
	github.com/emersion/go-sasl v0.0.0-20241020182733-b788ff22d5a6
	// SMTP client for the session, SMTP server for the sink.
	github.com/emersion/go-smtp v0.25.1
	// The script of the window, compiled by go generate and by a test; not part of the program.
	github.com/evanw/esbuild v0.28.2
	// The where filter: typed, bounded expressions with positions in errors.
	github.com/expr-lang/expr v1.17.8
	// One lock per campaign that the system frees when the process dies, also on Windows.
	github.com/gofrs/flock v0.13.1
	// Comparing values in tests.
	github.com/google/go-cmp v0.7.0
	// Lists from PostgreSQL, by a query in a read-only transaction.
	github.com/jackc/pgx/v5 v5.12.0
	// Third parser for the examples' messages, tests only.
	github.com/jhillyerd/enmime/v2 v2.3.0
	// Lists packed with zstd.
	github.com/klauspost/compress v1.20.3
	// Passwords of PDFs: AES-256 in 1 ms a file, pure Go, Apache-2; 3 MB of the program.
	github.com/pdfcpu/pdfcpu v0.15.0
	// Running the real main under scripts, tests only.
	github.com/rogpeppe/go-internal v1.16.0
	// Which old encoding a list is in, by patterns and frequencies: a guess that a person confirms.
	github.com/saintfish/chardet v0.0.0-20230101081208-5e3ef4b5456d
	// Whether campaign files are good by the JSON Schema that we print, tests only.
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	// CMS signatures of S/MIME; render/smime writes what is encrypted itself, and tests have this open it.
	github.com/smallstep/pkcs7 v0.2.3
	// Commands, flags, help and shell completion.
	github.com/spf13/cobra v1.10.2
	// cobra's flags, which the completion goes through.
	github.com/spf13/pflag v1.0.10
	// The lexer of CSS. Its parser is not used: it loses places, and rules after a mistake.
	github.com/tdewolff/parse/v2 v2.8.20
	// SCRAM-SHA-1 and SCRAM-SHA-256 with the server's signature verified.
	github.com/xdg-go/scram v1.4.0
	// Excel workbooks. v2.11.1 needs a version of xuri/efp that the proxy does not serve.
	github.com/xuri/excelize/v2 v2.11.0
	// Markdown with GFM tables, strikethrough and autolinks.
	github.com/yuin/goldmark v1.8.7
	// OAuth2 tokens in the system's keyring where there is one.
	github.com/zalando/go-keyring v0.2.8
	// The campaign file: every error at once, each with line and column.
	go.yaml.in/yaml/v4 v4.0.0
	// LZW as PDFs have it, which the standard library does not read.
	golang.org/x/image v0.44.0
	// Internationalised domain names (idna), HTML parsing; in tests DNS messages.
	golang.org/x/net v0.62.0
	// OAuth2: device code, loopback with PKCE, client credentials, JWT.
	golang.org/x/oauth2 v0.37.0
	// Bounded groups of goroutines with one error.
	golang.org/x/sync v0.24.0
	// How long the machine has been running, on Linux, macOS and Windows; what was typed ahead at a terminal.
	golang.org/x/sys v0.49.0
	// Is standard output a terminal, how wide is it.
	golang.org/x/term v0.47.0
	// Numbers and plurals as a language writes them; NFC.
	golang.org/x/text v0.43.0
	// Pacing inside one process: caps under a minute, and servers that asked for less.
	golang.org/x/time v0.16.0
	// The ledger: SQLite without cgo. v1.61 needs a pprof that the proxy refuses.
	modernc.org/sqlite v1.60.1
	// The state machine against a simulated disk and server, with shrinking; tests only.
	pgregory.net/rapid v1.3.0
)

require (
	github.com/cention-sany/utf7 v0.0.0-20170124080048-26cad61bd60a // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/chromedp/sysutil v1.1.0 // indirect
	github.com/clipperhouse/displaywidth v0.10.0 // indirect
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/cloudflare/circl v1.6.3 // indirect
	github.com/cpuguy83/go-md2man/v2 v2.0.6 // indirect
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/fatih/color v1.18.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260623181947-01eb4420fa68 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/gobwas/pool v0.2.1 // indirect
	github.com/gobwas/ws v1.4.0 // indirect
	github.com/godbus/dbus/v5 v5.2.2 // indirect
	github.com/gogs/chardet v0.0.0-20211120154057-b7413eaefb8f // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hhrutter/tiff v1.0.6 // indirect
	github.com/inbucket/html2text v1.0.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mattn/go-runewidth v0.0.31 // indirect; pdfcpu asks for 0.0.27, which spends 27 ms of each start on tables
	github.com/ncruces/go-strftime v1.0.0 // indirect
	github.com/olekukonko/cat v0.0.0-20250911104152-50322a0618f6 // indirect
	github.com/olekukonko/errors v1.2.0 // indirect
	github.com/olekukonko/ll v0.1.6 // indirect
	github.com/olekukonko/tablewriter v1.1.3 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/richardlehane/mscfb v1.0.7 // indirect
	github.com/richardlehane/msoleps v1.0.6 // indirect
	github.com/russross/blackfriday/v2 v2.1.0 // indirect
	github.com/ssor/bom v0.0.0-20170718123548-6386211fdfcf // indirect
	github.com/tiendc/go-deepcopy v1.7.2 // indirect
	github.com/xdg-go/stringprep v1.0.4 // indirect
	github.com/xuri/efp v0.0.1 // indirect
	github.com/xuri/nfp v0.0.2-0.20250530014748-2ddeb826f9a9 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	modernc.org/libc v1.77.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)
