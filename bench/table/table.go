package table

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// A Row holds the values of the columns asked for, in that order.
type Row []parquet.Value

// Read returns the named columns of every row of a table: of all Parquet files in the folder dir/name, in the order of the files' names.
func Read(dir, name string, columns ...string) (rows []Row, err error) {
	err = each(dir, name, func(file *parquet.File) error {
		part, err := read(file, columns)
		rows = append(rows, part...)
		return err
	})
	return rows, err
}

// Times returns a column of timestamps, in the order of Read.
func Times(dir, name, column string) (times []time.Time, err error) {
	err = each(dir, name, func(file *parquet.File) error {
		unit, err := timeUnit(file, column)
		if err != nil {
			return err
		}
		rows, err := read(file, []string{column})
		for _, r := range rows {
			perSecond := int64(time.Second / unit)
			n := r[0].Int64()
			times = append(times, time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC())
		}
		return err
	})
	return times, err
}

// each opens the files of a table one after the other.
func each(dir, name string, visit func(*parquet.File) error) error {
	names, err := filepath.Glob(filepath.Join(dir, name, "*.parquet"))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("%s holds no table %s: it is no sweep's folder, or nothing was written yet", dir, name)
	}
	for _, name := range names {
		if err := open(name, visit); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	return nil
}

func open(name string, visit func(*parquet.File) error) error {
	f, err := os.Open(name)
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
		return err
	}
	return visit(file)
}

func read(file *parquet.File, columns []string) (rows []Row, err error) {
	for _, group := range file.RowGroups() {
		first := len(rows)
		for range group.NumRows() {
			rows = append(rows, make(Row, len(columns)))
		}
		for i, column := range columns {
			leaf, ok := file.Schema().Lookup(column)
			if !ok {
				return nil, fmt.Errorf("it has no column %s", column)
			}
			if err := readColumn(group.ColumnChunks()[leaf.ColumnIndex], rows[first:], i); err != nil {
				return nil, fmt.Errorf("column %s: %w", column, err)
			}
		}
	}
	return rows, nil
}

// readColumn fills place i of every row.
func readColumn(chunk parquet.ColumnChunk, rows []Row, i int) (err error) {
	reader := parquet.NewColumnChunkValueReader(chunk)
	defer func() { err = errors.Join(err, reader.Close()) }()
	values := make([]parquet.Value, 1024)
	for at := 0; at < len(rows); {
		n, err := reader.ReadValues(values[:min(len(values), len(rows)-at)])
		for k := range n {
			rows[at+k][i] = values[k].Clone()
		}
		at += n
		if at < len(rows) && errors.Is(err, io.EOF) {
			return fmt.Errorf("%d values for %d rows", at, len(rows))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

// timeUnit is what a column of timestamps counts.
func timeUnit(file *parquet.File, column string) (time.Duration, error) {
	leaf, ok := file.Schema().Lookup(column)
	if !ok {
		return 0, fmt.Errorf("it has no column %s", column)
	}
	if logical := leaf.Node.Type().LogicalType(); logical != nil {
		if stamp, ok := logical.Value.(*format.TimestampType); ok {
			return stamp.Unit.Value.Duration(), nil
		}
	}
	return 0, fmt.Errorf("column %s is no timestamp", column)
}
