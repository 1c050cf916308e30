package groups

import "mailshot/campaign/recipients"

// Size is how many bytes the cells of a row and of its group have.
func Size(row *recipients.Row) (n int) {
	if row.Group == nil {
		return texts(row)
	}
	for _, r := range row.Group {
		n += texts(r)
	}
	return n
}

func texts(row *recipients.Row) (n int) {
	for _, cell := range row.Fields {
		n += len(cell)
	}
	return n
}

// Has reports whether the row, or one of its group, has the number.
func Has(row *recipients.Row, number int64) bool {
	for _, r := range row.Group {
		if r.Number == number {
			return true
		}
	}
	return row.Number == number
}
