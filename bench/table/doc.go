// Package table reads single columns of a sweep's tables, for the programs under bench.
//
// It does what a notebook does: it reads every Parquet file that lies in the folder of a table, by the names of the columns, and knows
// nothing else of the program that wrote them. What these programs print is therefore what any reader would find.
package table
