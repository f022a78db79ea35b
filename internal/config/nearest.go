package config

import (
	"strconv"
	"strings"
)

// DidYouMean returns `; did you mean "..."?` with the known names that the one
// given may stand for, or nothing if none is near.
func DidYouMean(name string, known []string) string {
	near := Near(name, known)
	if len(near) == 0 {
		return ""
	}
	quoted := make([]string, len(near))
	for i, n := range near {
		quoted[i] = strconv.Quote(n)
	}
	return "; did you mean " + orList(quoted) + "?"
}

// mostBegun is how many names that begin alike can be offered.
const mostBegun = 3

// Near returns the known names that name may stand for: the one with the smallest
// edit distance (the first among equals) if that is small for the name's length,
// or else those that begin with it, if they are few.
func Near(name string, known []string) []string {
	best, least := "", 1+len(name)/4
	found := false
	for _, k := range known {
		if d := distance(name, k); d < len(name) && (d < least || d == least && !found) {
			best, least, found = k, d, true
		}
	}
	if found {
		return []string{best}
	}
	var begun []string
	for _, k := range known {
		if name != "" && strings.HasPrefix(k, name) {
			begun = append(begun, k)
		}
	}
	if len(begun) > mostBegun {
		return nil
	}
	return begun
}

// Nearest is the one name that Near returns, if it is one.
func Nearest(name string, known []string) (string, bool) {
	if near := Near(name, known); len(near) == 1 {
		return near[0], true
	}
	return "", false
}

// distance is the least number of bytes inserted, deleted or replaced, or of
// neighbours exchanged, to make b of a: Levenshtein's distance with the
// commonest slip of the fingers counted once (optimal string alignment).
func distance(a, b string) int {
	// Distances of a[:i-1], a[:i] and a[:i+1] to b[:j].
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost = 1 + min(last[j], last[j+1], row[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, 1+before[j-1])
			}
			row[j+1] = cost
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
