package relax

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/estimators.md has a line for every row of the table.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/estimators.md")
	require.NoError(t, err)
	for _, e := range Estimators() {
		require.Regexp(t, "(?m)^\\| `"+e.Name+"[:`]", string(page), "no line of docs/estimators.md begins with %s", e.Name)
	}
}
