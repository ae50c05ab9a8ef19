// Package results keeps what a sweep has found, and answers questions about it.
//
// What agents report comes as records (record.go). The controller of a sweep owns a Writer (writer.go): Append folds entries into a State (state*.go) and
// buffers them for the log under wal, Sync makes them durable with one fsync, and only then is anything acknowledged. From time to time Flush
// turns the log's rows into Parquet (generation.go, parts_write.go), and at the end Finish sorts everything, so that equal sweeps have equal bytes.
//
// A generation is a folder under .gen with all tables; a manifest (manifest.go) names its files, their digests, a snapshot of the State, and
// the position in the log behind which nothing of it is in the tables. Manifests are numbered and published by link(2): there is never a moment without a
// valid one, and of two writers one fails. DIR/<table> is a link into the newest generation.
//
// Open (open.go, replay.go) reads a consistent snapshot beside a live Writer: the manifest's parts and the log's tail. Best (best*.go) ranks cells,
// seeds or trials by the spec's rule; Retain says which checkpoints that rule still needs; Summarize, Cells, Export, Equal, Windowed and Verify
// do what their names say.
//
// The tables are described in docs/results.md, column by column.
package results
