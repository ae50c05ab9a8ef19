package results

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/parquet-go/parquet-go"

	"neurosweep/sweep"
)

// rowGroup is how many rows a row group has; the last one of a file has fewer. It never changes: the bytes of finished datasets depend on it.
const rowGroup = 1 << 16

// partOptions are the settings of every Parquet file.
func partOptions(schema *parquet.Schema) []parquet.WriterOption {
	return []parquet.WriterOption{
		schema, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowGroup), parquet.DataPageStatistics(true),
		parquet.CreatedBy("neurosweep", fmt.Sprint(SchemaVersion), ""),
	}
}

// writePart writes rows, each a pointer to a struct of the schema, as dir/name, and syncs it. The folder is one that no reader sees yet.
func writePart(dir, name string, schema *parquet.Schema, rows iter.Seq2[any, error]) (p part, err error) {
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o664)
	if err != nil {
		return part{}, fmt.Errorf("write part: %w", err)
	}
	defer func() {
		if closing := f.Close(); err == nil {
			err = closing
		}
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	digest := sha256.New()
	buffer := bufio.NewWriterSize(io.MultiWriter(f, digest), 1<<16)
	w := parquet.NewWriter(buffer, partOptions(schema)...)
	p.Name = name
	for row, err := range rows {
		if err != nil {
			return p, err
		}
		if err := w.Write(row); err != nil {
			return p, err
		}
		p.Rows++
	}
	if err := errors.Join(w.Close(), buffer.Flush()); err != nil {
		return p, err
	}
	p.Digest = hex.EncodeToString(digest.Sum(nil))
	return p, f.Sync()
}

// stored yields rows as they are stored.
func stored[T, R any](rows iter.Seq2[T, error], to func(T) R) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for row, err := range rows {
			r := to(row)
			if !yield(&r, err) {
				return
			}
		}
	}
}

// seqOfRows yields the rows of a slice.
func seqOfRows[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func splitValue(v Value) (value *float64, nonfinite *string) {
	if n := v.Nonfinite(); n != "" {
		return nil, &n
	}
	f := float64(v)
	return &f, nil
}

func orNil[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func storeCurve(r CurveRow) storedCurve {
	value, nonfinite := splitValue(r.Value)
	return storedCurve{r.Trial, r.Update, r.Metric, value, nonfinite}
}

func storeEval(r EvalRow) storedEval {
	value, nonfinite := splitValue(r.Value)
	return storedEval{r.Trial, r.Update, r.Condition, r.Metric, value, nonfinite}
}

func storeCheckpoint(r CheckpointRow) storedCheckpoint { return storedCheckpoint(r) }

func storeEvent(r EventRow) storedEvent {
	return storedEvent{r.Time, r.Kind, orNil(r.Trial), orNil(r.Attempt), orNil(r.Agent), orNil(r.Cause), orNil(r.Detail)}
}

func storeTiming(r TimingRow) storedTiming { return storedTiming(r) }

var (
	curveSchema      = parquet.SchemaOf(storedCurve{})
	evalSchema       = parquet.SchemaOf(storedEval{})
	checkpointSchema = parquet.SchemaOf(storedCheckpoint{})
	eventSchema      = parquet.SchemaOf(storedEvent{})
	timingSchema     = parquet.SchemaOf(storedTiming{})
)

// A trialTable is the table trials of one sweep: the columns of storedTrial and one for each swept path.
type trialTable struct {
	schema *parquet.Schema
	row    reflect.Type
	paths  []string
	kinds  []reflect.Kind // of the paths' columns: Int64, Float64, Bool or String
}

// fixedColumns is how many columns come before those of the paths.
var fixedColumns = reflect.TypeFor[storedTrial]().NumField()

// newTrialTable decides the columns: a path's type is that of all its values in the plan, whole numbers beside others being
// numbers; text where they differ.
func newTrialTable(plan []sweep.Trial) *trialTable {
	t := &trialTable{}
	kinds := map[string]reflect.Kind{}
	for _, trial := range plan {
		for path, v := range trial.Params {
			kinds[path] = joinKind(kinds[path], v)
		}
	}
	fields := []reflect.StructField{}
	for i := range fixedColumns {
		fields = append(fields, reflect.TypeFor[storedTrial]().Field(i))
	}
	for path := range kinds {
		t.paths = append(t.paths, path)
	}
	slices.Sort(t.paths)
	for i, path := range t.paths {
		kind := kinds[path]
		if kind == reflect.Invalid {
			kind = reflect.String
		}
		t.kinds = append(t.kinds, kind)
		types := map[reflect.Kind]reflect.Type{reflect.Int64: reflect.TypeFor[*int64](), reflect.Float64: reflect.TypeFor[*float64](),
			reflect.Bool: reflect.TypeFor[*bool](), reflect.String: reflect.TypeFor[*string]()}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("P%d", i), Type: types[kind],
			Tag: reflect.StructTag(fmt.Sprintf(`parquet:"p.%s,optional"`, path))})
	}
	t.row = reflect.StructOf(fields)
	t.schema = parquet.SchemaOf(reflect.New(t.row).Interface())
	return t
}

// joinKind is the kind of a column that holds values of a kind so far, and v.
func joinKind(k reflect.Kind, v any) reflect.Kind {
	if v == nil {
		return k
	}
	kind := reflect.String
	switch v.(type) {
	case int64:
		kind = reflect.Int64
	case float64:
		kind = reflect.Float64
	case bool:
		kind = reflect.Bool
	}
	number := func(k reflect.Kind) bool { return k == reflect.Int64 || k == reflect.Float64 }
	switch {
	case k == reflect.Invalid || k == kind:
		return kind
	case number(k) && number(kind):
		return reflect.Float64
	}
	return reflect.String
}

// store makes the row of a trial: a pointer to a struct of the schema.
func (t *trialTable) store(r TrialRow, params sweep.Values) any {
	row := reflect.New(t.row)
	fixed := reflect.ValueOf(storedTrial(r))
	for i := range fixedColumns {
		row.Elem().Field(i).Set(fixed.Field(i))
	}
	for i, path := range t.paths {
		v, ok := params[path]
		if !ok || v == nil {
			continue
		}
		var cell any
		switch t.kinds[i] {
		case reflect.Int64, reflect.Bool:
			cell = v
		case reflect.Float64:
			f, ok := v.(float64)
			if n, whole := v.(int64); whole {
				f, ok = float64(n), true
			}
			if !ok || math.IsNaN(f) {
				continue
			}
			cell = f
		default:
			cell = columnText(v)
		}
		p := reflect.New(reflect.TypeOf(cell))
		p.Elem().Set(reflect.ValueOf(cell))
		row.Elem().Field(fixedColumns + i).Set(p)
	}
	return row.Interface()
}

// columnText is a value in a column of text: text as it is, anything else as JSON.
func columnText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(sweep.Values{"v": v})
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text[len(`{"v":`) : len(text)-1])
}
