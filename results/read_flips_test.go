//go:build !race

package results

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// TestFlippedBytes flips every byte of a part: an error names it, or the rows are right. Nothing panics. It is not for the race detector, whose checks
// of pointers end the process where the Parquet library panics and is recovered.
func TestFlippedBytes(t *testing.T) {
	path, want := curvePart(t)
	whole := readAll(t, path)
	// The pages of rows have checksums; the indexes and the footer behind them have not: damage there is found by the manifest's digest.
	footer, err := parquet.OpenFile(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	pages := int(footer.Metadata().RowGroups[0].Columns[0].ColumnIndexOffset)
	for n := range whole {
		b := bytes.Clone(whole)
		b[n] ^= 0x55
		damaged(t, path, want, fmt.Sprintf("byte %d flipped", n), b, false, n < pages)
	}
}
