package results

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// trialColumn is the column by which rows are filtered.
const trialColumn = "trial"

// batchRows is how many rows are decoded at a time.
const batchRows = 4096

// wanted tells which trials a reader wants: nil means all.
type wanted map[string]bool

func wantedTrials(trials []string) wanted {
	if len(trials) == 0 {
		return nil
	}
	w := wanted{}
	for _, t := range trials {
		w[t] = true
	}
	return w
}

func (w wanted) has(trial string) bool { return w == nil || w[trial] }

// between tells whether a wanted trial may lie between two keys, bounds included.
func (w wanted) between(low, high string) bool {
	if w == nil {
		return true
	}
	for t := range w {
		if low <= t && t <= high {
			return true
		}
	}
	return false
}

// readPart yields the rows of one Parquet file: R is a row as it is stored. Row groups without a wanted trial are skipped.
// A file that is cut, damaged or foreign gives an error that names it, at whatever byte.
func readPart[R any](path string, want wanted, yield func(R) bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is damaged: %v", p)
		}
		if err != nil {
			err = fmt.Errorf("read %s: %w", path, err)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return fmt.Errorf("this is no whole Parquet file: %w", err)
	}
	if err := checkColumns[R](file); err != nil {
		return err
	}
	for i, group := range file.RowGroups() {
		if low, high, ok := bounds(file, i); ok && !want.between(low, high) {
			continue
		}
		more, err := readGroup(group, yield)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// checkColumns demands every column of R, so that a foreign file is not read as zeros.
func checkColumns[R any](file *parquet.File) error {
	for _, path := range parquet.SchemaOf(new(R)).Columns() {
		if _, ok := file.Schema().Lookup(path...); !ok {
			return fmt.Errorf("it has no column %s: it is no part of this table", path[len(path)-1])
		}
	}
	return nil
}

func readGroup[R any](group parquet.RowGroup, yield func(R) bool) (more bool, err error) {
	reader := parquet.NewGenericRowGroupReader[R](group)
	defer func() { err = errors.Join(err, reader.Close()) }()
	rows := make([]R, min(batchRows, max(group.NumRows(), 1)))
	read := int64(0)
	for {
		clear(rows)
		n, err := reader.Read(rows)
		read += int64(n)
		for _, row := range rows[:n] {
			if !yield(row) {
				return false, nil
			}
		}
		switch {
		case errors.Is(err, io.EOF) && read == group.NumRows():
			return true, nil
		case errors.Is(err, io.EOF) || err == nil && n == 0:
			return false, fmt.Errorf("the file is damaged: it gives %d of a row group's %d rows", read, group.NumRows())
		case err != nil:
			return false, err
		}
	}
}

// bounds are the smallest and the largest trial of a row group, where the file says.
func bounds(file *parquet.File, group int) (low, high string, ok bool) {
	leaf, ok := file.Schema().Lookup(trialColumn)
	if !ok {
		return "", "", false
	}
	s := file.Metadata().RowGroups[group].Columns[leaf.ColumnIndex].MetaData.Statistics
	return string(s.MinValue), string(s.MaxValue), len(s.MinValue) > 0 && len(s.MaxValue) > 0
}

// rowsOf yields a table's rows: those of its parts that are not gone, in their order, then those of the log tail.
func rowsOf[R, T any](d *Dataset, table string, tail []T, trials []string, of func(R) T, trial func(T) string, gone func(T) bool) iter.Seq2[T, error] {
	want := wantedTrials(trials)
	return func(yield func(T, error) bool) {
		more := true
		for _, path := range d.parts[table] {
			err := readPart(path, want, func(stored R) bool {
				if row := of(stored); want.has(trial(row)) && (gone == nil || !gone(row)) {
					more = yield(row, nil)
				}
				return more
			})
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if !more {
				return
			}
		}
		for _, row := range tail {
			if want.has(trial(row)) && !yield(row, nil) {
				return
			}
		}
	}
}

// Collect gathers the rows of an iterator of a Dataset in the order of compare, or returns its first error.
func Collect[T any](rows iter.Seq2[T, error], compare func(a, b T) int) ([]T, error) {
	var all []T
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	slices.SortStableFunc(all, compare)
	return all, nil
}
