package mediatype

import (
	"path"
	"slices"
	"strings"
)

// blocked are the ends of names of files that Gmail takes from nobody (support.google.com/mail/answer/6590).
var blocked = strings.Fields(".ade .adp .apk .appx .appxbundle .bat .cab .chm .cmd .com .cpl .diagcab .diagcfg .diagpack " +
	".dll .dmg .ex .ex_ .exe .hta .img .ins .iso .isp .jar .jnlp .js .jse .lib .lnk .mde .mjs .msc .msi .msix .msixbundle .msp " +
	".mst .nsh .pif .ps1 .scr .sct .shb .sys .vb .vbe .vbs .vhd .vxd .wsc .wsf .wsh .xll")

// Blocked says whether a file is of a kind that Gmail takes from nobody, by its name.
func Blocked(name string) bool { return slices.Contains(blocked, strings.ToLower(path.Ext(name))) }
