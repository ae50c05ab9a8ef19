package durable

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The format of a log, by the byte:
//
//	header  8 bytes  magic "nsweep" and a two-byte version, little endian
//	frame   4 bytes  length n of the payload, little endian, 1 ≤ n ≤ MaxFrame
//	        4 bytes  CRC32C (Castagnoli) of the four length bytes and the payload, little endian
//	        n bytes  payload
const (
	logMagic   = "nsweep"
	logVersion = 1
	HeaderSize = 8       // bytes before the first frame
	MaxFrame   = 1 << 26 // largest payload, in bytes
	frameHead  = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Log is an open append-only file of frames. It is not safe for concurrent use.
type Log struct {
	f    *os.File
	size int64 // bytes known to be whole frames
	buf  []byte
}

// CreateLog creates the log at path, which must not exist (fs.ErrExist otherwise), and syncs its folder.
func CreateLog(path string, perm fs.FileMode) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	header := binary.LittleEndian.AppendUint16([]byte(logMagic), logVersion)
	_, err = f.Write(header)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create log %s: %w", path, err), f.Close(), os.Remove(path))
	}
	return &Log{f: f, size: HeaderSize}, nil
}

// Append writes one frame for each payload, in one write. The frames are durable only after Sync. After an error (a full
// disk, say) the file is cut back to the frames that were whole, so that appending may be tried again.
func (l *Log) Append(payloads ...[]byte) error {
	l.buf = l.buf[:0]
	for _, p := range payloads {
		if len(p) == 0 || len(p) > MaxFrame {
			return fmt.Errorf("append to log %s: a payload of %d bytes, want 1 to %d", l.f.Name(), len(p), MaxFrame)
		}
		l.buf = appendFrame(l.buf, p)
	}
	if _, err := l.f.WriteAt(l.buf, l.size); err != nil {
		return errors.Join(fmt.Errorf("append to log: %w", err), l.f.Truncate(l.size))
	}
	l.size += int64(len(l.buf))
	return nil
}

func appendFrame(b, payload []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	crc := crc32.Update(crc32.Checksum(b[start:], castagnoli), castagnoli, payload)
	b = binary.LittleEndian.AppendUint32(b, crc)
	return append(b, payload...)
}

// Size is the length of the file in bytes: the position at which the next frame begins.
func (l *Log) Size() int64 { return l.size }

// Name is the path with which the log was created.
func (l *Log) Name() string { return l.f.Name() }

// Sync makes all appended frames durable.
func (l *Log) Sync() error { return l.f.Sync() }

// Reset drops all frames: for a spool whose records are all committed.
func (l *Log) Reset() error {
	if err := l.f.Truncate(HeaderSize); err != nil {
		return err
	}
	l.size = HeaderSize
	return nil
}

// Close closes the file without a sync.
func (l *Log) Close() error { return l.f.Close() }

// A TornError says that a log ends in an incomplete or damaged frame, and where.
type TornError struct {
	Path   string
	Offset int64 // of the first byte that is no whole frame
	Why    string
}

func (e *TornError) Error() string {
	return fmt.Sprintf("log %s is damaged at byte %d: %s", e.Path, e.Offset, e.Why)
}

// ReadLog calls visit with each frame's payload and the position behind it, from position from (0 and HeaderSize both mean
// the first frame). The payload is only valid during the call. It returns the position behind the last whole frame; a torn or damaged tail is a
// *TornError beside that position: the caller decides whether it may be forgiven (the newest log of a crashed writer) or not.
func ReadLog(path string, from int64, visit func(payload []byte, next int64) error) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var header [HeaderSize]byte
	if n, err := io.ReadFull(f, header[:]); err != nil {
		return 0, &TornError{path, int64(n), "the header is incomplete"}
	}
	if string(header[:len(logMagic)]) != logMagic {
		return 0, &TornError{path, 0, "this is no neurosweep log"}
	}
	if v := binary.LittleEndian.Uint16(header[len(logMagic):]); v != logVersion {
		return 0, fmt.Errorf("log %s has version %d, this program reads version %d", path, v, logVersion)
	}
	position := max(from, HeaderSize)
	if _, err := f.Seek(position, io.SeekStart); err != nil {
		return 0, err
	}
	return readFrames(path, bufio.NewReaderSize(f, 1<<16), position, visit)
}

func readFrames(path string, r io.Reader, position int64, visit func([]byte, int64) error) (int64, error) {
	var head [frameHead]byte
	var payload []byte
	for {
		switch n, err := io.ReadFull(r, head[:]); {
		case err == io.EOF:
			return position, nil
		case err == io.ErrUnexpectedEOF:
			return position, &TornError{path, position, fmt.Sprintf("%d bytes of a frame's head", n)}
		case err != nil:
			return position, err
		}
		n := binary.LittleEndian.Uint32(head[:])
		if n == 0 || n > MaxFrame {
			return position, &TornError{path, position, fmt.Sprintf("a frame of %d bytes", n)}
		}
		if uint32(cap(payload)) < n {
			payload = make([]byte, n)
		}
		payload = payload[:n]
		if got, err := io.ReadFull(r, payload); err == io.EOF || err == io.ErrUnexpectedEOF {
			return position, &TornError{path, position, fmt.Sprintf("%d of a frame's %d bytes", got, n)}
		} else if err != nil {
			return position, err
		}
		crc := crc32.Update(crc32.Checksum(head[:4], castagnoli), castagnoli, payload)
		if crc != binary.LittleEndian.Uint32(head[4:]) {
			return position, &TornError{path, position, "checksum mismatch"}
		}
		position += frameHead + int64(n)
		if err := visit(payload, position); err != nil {
			return position, err
		}
	}
}
