package filetype

import (
	"bytes"
	"path/filepath"
	"strings"

	"mailshot/campaign/recipients/fault"
)

// Foreign recognises files by their first bytes that are lists to a person and not text; nil for others.
func Foreign(name string, magic []byte) *fault.Fault {
	f := &fault.Fault{Code: "not-a-list", Place: name}
	switch {
	case bytes.HasPrefix(magic, []byte("\xD0\xCF\x11\xE0")):
		f.Text, f.Hint = "is an old .xls workbook, or one with a password",
			"open it in Excel and save it as .xlsx without a password"
	case bytes.HasPrefix(bytes.TrimLeft(magic, " \t\r\n"), []byte("[")) &&
		strings.EqualFold(filepath.Ext(name), ".json"):
		f.Text, f.Hint = "is one JSON array", "write one object per line: jq -c '.[]' "+name
	case bytes.HasPrefix(magic, []byte("%PDF-")):
		f.Text, f.Hint = "is a PDF, not a list", "export the list as CSV or .xlsx"
	default:
		if ext := strings.ToLower(filepath.Ext(name)); ext == ".xlsx" || ext == ".xlsm" {
			f.Text, f.Hint = "is not an Excel workbook, though its name says so",
				"export it again, or name it .csv if it is text"
			return f
		}
		return nil
	}
	return f
}
