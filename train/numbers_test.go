package train

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/config"
	"textgan/train/model"
)

// Every numeric option of a run at its smallest and largest value, and beyond both, is
// refused in one line or trains: no panic, no overflow, no allocation that fails.
func TestEveryNumberOfTheTable(t *testing.T) {
	corpus := filepath.Join(t.TempDir(), "lines.txt")
	require.NoError(t, os.WriteFile(corpus, []byte("the cat sat\na dog ran far\nbirds fly\nfish swim\nthe dog sat down\n"), 0o600))
	base := config.Layer{}
	for _, given := range []string{"corpus=" + corpus, "hidden=4", "emb=4", "d-emb=4", "d-filters=2", "d-widths=2", "batch=2", "latent-dim=2", "d-reps=2", "heads=2", "discriminator=relgan", "estimator=rloo"} {
		name, text, _ := strings.Cut(given, "=")
		base[name] = config.Given{Text: text, Quote: given}
	}
	// A step that repeats so many updates would not end.
	repeats := []string{"g-steps", "d-steps", "aggressive"}
	refused, trained, large := 0, 0, 0
	models := []string{"gan", "vae", "mle"}
	if testing.Short() {
		models = models[:1]
	}
	for _, m := range models {
		for _, o := range Options.Options {
			if !o.Number() {
				continue
			}
			least, greatest := o.Bounds()
			values := []string{"-9223372036854775808", "9223372036854775807", "1e308", "-1e308", "5e-324", "0"}
			for _, x := range []float64{least - 1, least, greatest, greatest + 1} {
				if !math.IsInf(x, 0) {
					values = append(values, strconv.FormatFloat(x, 'f', -1, 64))
				}
			}
			for _, value := range values {
				what := fmt.Sprintf("--model %s --%s %s", m, o.Name, value)
				layer := maps.Clone(base)
				layer["model"] = config.Given{Text: m}
				layer[o.Name] = config.Given{Text: value, Quote: what}
				c, err := Options.Resolve(layer)
				if err == nil {
					err = c.Check()
				}
				var d *model.Data
				if err == nil {
					d, err = model.Prepare(c.Config, nil, nil)
				}
				if err != nil {
					refused++
					require.NotContains(t, err.Error(), "\n", what)
					continue
				}
				if c.memory(d).Bytes() > 400<<20 {
					large++
					continue
				}
				tr, err := New(c, d)
				require.NoError(t, err, what)
				if slices.Contains(repeats, o.Name) && greatest > 1e6 && value == strconv.FormatFloat(greatest, 'f', -1, 64) {
					continue
				}
				trained++
				tr.enter()
				if _, err := tr.Take(); err != nil {
					var diverged *Diverged
					require.ErrorAs(t, err, &diverged, what)
				}
			}
		}
	}
	t.Logf("%d refused, %d trained, %d too large to try", refused, trained, large)
}
