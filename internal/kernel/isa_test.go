package kernel

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachISA runs a test on every instruction set that the CPU has.
func eachISA(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	chosen := ISA()
	defer Use(chosen)
	for _, s := range available {
		t.Run(s.name, func(t *testing.T) {
			require.True(t, Use(s.name))
			require.Equal(t, s.name, ISA())
			f(t)
		})
	}
}

// assembly names the available sets but the generic one.
func assembly() (names []string) {
	for _, s := range available[:len(available)-1] {
		names = append(names, s.name)
	}
	return names
}

func TestUse(t *testing.T) {
	chosen := ISA()
	defer Use(chosen)
	require.False(t, Use("mmx"))
	require.Equal(t, chosen, ISA())
	require.True(t, Use("generic"))
	require.Equal(t, "generic", ISA())
}

func TestEnvironment(t *testing.T) {
	t.Setenv("TEXTGAN_ISA", "generic")
	require.Equal(t, "generic", fromEnvironment().name)
	for _, unknown := range []string{"", "mmx"} {
		t.Setenv("TEXTGAN_ISA", unknown)
		require.Same(t, available[0], fromEnvironment())
	}
	require.NoError(t, CheckISA(""))
	require.NoError(t, CheckISA("generic"))
	require.EqualError(t, CheckISA("mmx"), `TEXTGAN_ISA="mmx": this machine has `+strings.Join(append(assembly(), "generic"), ", "))
	if names := assembly(); len(names) > 0 {
		t.Setenv("TEXTGAN_ISA", slices.Min(names))
		require.Equal(t, slices.Min(names), fromEnvironment().name)
	}
}

// The assembly for AVX2 uses nothing that only AVX-512 has. The generator does
// not see to that: many instructions have a form for either.
func TestAVX2IsOnlyAVX2(t *testing.T) {
	source, err := os.ReadFile("asm_amd64.s")
	require.NoError(t, err)
	beyond := regexp.MustCompile(`\b([XY](1[6-9]|2\d|3[01])|Z\d+|K[0-7])\b`)
	functions := 0
	for _, text := range strings.Split(string(source), "\nTEXT ")[1:] {
		name, body, _ := strings.Cut(text, "(SB)")
		body, _, _ = strings.Cut(body, "\n// func ")
		if strings.HasSuffix(name, "256") {
			functions++
			require.Empty(t, beyond.FindString(body), name)
		}
	}
	require.Greater(t, functions, 20)
}
