package cache

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func key(name string) Key { return sha256.Sum256([]byte(name)) }

func TestGetGivesWhatWasPut(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "a", "b"))
	_, ok := d.Get(key("x"))
	require.False(t, ok)
	require.NoError(t, d.Put(key("x"), []byte("one")))
	require.NoError(t, d.Put(key("y"), nil))
	got, ok := d.Get(key("x"))
	require.True(t, ok)
	require.Equal(t, "one", string(got))
	got, ok = d.Get(key("y"))
	require.True(t, ok)
	require.Empty(t, got)
	require.NoError(t, d.Put(key("x"), []byte("two")))
	got, _ = d.Get(key("x"))
	require.Equal(t, "two", string(got))
	require.NoError(t, Dir("").Put(key("x"), []byte("one")))
	_, ok = Dir("").Get(key("x"))
	require.False(t, ok)
}

// Whatever becomes of a file, it is whole or it is none.
func TestDamageCountsAsNone(t *testing.T) {
	d := Dir(t.TempDir())
	require.NoError(t, d.Put(key("x"), []byte("content")))
	path := d.path(key("x"))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range whole {
		for _, bad := range [][]byte{whole[:i], append(bytes.Clone(whole[:i]), append([]byte{whole[i] ^ 1}, whole[i+1:]...)...)} {
			require.NoError(t, os.WriteFile(path, bad, 0o666))
			_, ok := d.Get(key("x"))
			require.False(t, ok, i)
		}
	}
	require.NoError(t, os.WriteFile(path, append(whole, 0), 0o666))
	_, ok := d.Get(key("x"))
	require.False(t, ok)
	require.NoError(t, os.WriteFile(d.path(key("y")), whole, 0o666)) // of another key
	_, ok = d.Get(key("y"))
	require.False(t, ok)
	require.NoError(t, d.Put(key("x"), []byte("content")))
	_, ok = d.Get(key("x"))
	require.True(t, ok)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o777))
	_, ok = d.Get(key("x"))
	require.False(t, ok, "a directory")
	require.Error(t, d.Put(key("x"), []byte("content")))
}

func TestPutFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	require.Error(t, Dir(filepath.Join(file, "below")).Put(key("x"), []byte("content")))
}

// The files used longest ago go, and nothing that is not of the cache.
func TestPrune(t *testing.T) {
	d := Dir(t.TempDir())
	old := time.Now().Add(-30 * 24 * time.Hour)
	put := func(name string, size int64, at time.Time) {
		path := filepath.Join(string(d), name)
		f, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, f.Truncate(size)) // a hole: takes no room
		require.NoError(t, f.Close())
		require.NoError(t, os.Chtimes(path, at, at))
	}
	put("first"+suffix, most/2, old)
	put("second"+suffix, most/2, old.Add(time.Hour))
	put("third"+suffix, most/4, old.Add(2*time.Hour))
	put("notes.txt", most, old)
	put(".x.aside-0", 1, old)
	put(".x.aside-1", 1, time.Now())
	require.NoError(t, d.Put(key("x"), []byte("content")))
	var names []string
	entries, err := os.ReadDir(string(d))
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.ElementsMatch(t, []string{"second" + suffix, "third" + suffix, "notes.txt", ".x.aside-1", filepath.Base(d.path(key("x")))}, names)
}

func TestManyAtOnce(t *testing.T) {
	d := Dir(t.TempDir())
	content := bytes.Repeat([]byte("content"), 1000)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if got, ok := d.Get(key("x")); ok && !bytes.Equal(got, content) {
					t.Error("other content")
				}
				if err := d.Put(key("x"), content); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, ok := d.Get(key("x"))
	require.True(t, ok)
	require.Equal(t, content, got)
}
