// Package durable writes files so that kill -9 or a power cut at any instruction leaves either the old file or the new one,
// and appends to logs whose torn tail a reader recognises.
//
// A file is written under a random name that ends in ".tmp" in the same folder, synced, closed, then renamed (Write) or
// linked without replacing (Publish), and its folder is synced. A log (log.go) is a header and frames of
// length, CRC32C and payload; its reader stops at the first frame that is incomplete or damaged and says where and why.
package durable
