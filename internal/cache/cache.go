// Package cache keeps results that are costly to make again in files which may be
// lost, damaged or removed at any time: then they are made again. Several processes
// may use one directory at once.
package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"textgan/internal/atomicfile"
)

// Dir is a directory of results; "" keeps nothing.
type Dir string

// Key names a result: a checksum over all that it depends on.
type Key [sha256.Size]byte

// head begins every file, followed by the checksum of key and content, and the content.
const head = "textgan cache 1\n"

const (
	suffix = ".cache"
	most   = 1 << 29            // bytes of all files together
	stale  = 7 * 24 * time.Hour // after which a file that was never finished is removed
)

func (d Dir) path(k Key) string { return filepath.Join(string(d), hex.EncodeToString(k[:])+suffix) }

func checksum(k Key, content []byte) []byte {
	h := sha256.New()
	h.Write(k[:])
	h.Write(content)
	return h.Sum(nil)
}

// Get returns what was put under a key. A file that is not whole, or not of that key,
// counts as none.
func (d Dir) Get(k Key) (content []byte, ok bool) {
	if d == "" {
		return nil, false
	}
	info, err := os.Stat(d.path(k))
	if err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return nil, false
	}
	f, err := os.Open(d.path(k))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, most))
	const begin = len(head) + sha256.Size
	if err != nil || len(all) < begin || string(all[:len(head)]) != head {
		return nil, false
	}
	content = all[begin:]
	if !bytes.Equal(all[len(head):begin], checksum(k, content)) {
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(d.path(k), now, now) // used last; what was used long ago goes first
	return content, true
}

// Put keeps content under a key and removes what was used longest ago if the files
// become too large together.
func (d Dir) Put(k Key, content []byte) error {
	if d == "" || len(head)+sha256.Size+len(content) > most {
		return nil
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return err
	}
	err := atomicfile.Write(d.path(k), func(w io.Writer) error {
		for _, part := range [][]byte{[]byte(head), checksum(k, content), content} {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		d.prune(filepath.Base(d.path(k)))
	}
	return err
}

// prune removes the files used longest ago until the rest is small enough, and what
// interrupted processes have left. Files with other names are none of its business.
func (d Dir) prune(keep string) {
	entries, _ := os.ReadDir(string(d))
	var files []os.FileInfo
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil || !info.Mode().IsRegular():
		case atomicfile.IsAside(e.Name()):
			if time.Since(info.ModTime()) > stale {
				os.Remove(filepath.Join(string(d), e.Name()))
			}
		case strings.HasSuffix(e.Name(), suffix):
			total += info.Size()
			if e.Name() != keep {
				files = append(files, info)
			}
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range files {
		if total <= most {
			break
		}
		if os.Remove(filepath.Join(string(d), f.Name())) == nil {
			total -= f.Size()
		}
	}
}
