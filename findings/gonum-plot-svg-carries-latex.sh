#!/usr/bin/env bash
# gonum/plot 0.17.0: a program that writes nothing but SVG links a typesetter of LaTeX,
# a rasteriser and font files. Importing the package plot is enough; the SVG canvas
# adds only itself.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get gonum.org/v1/plot@v0.17.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

func main() {
	c := vgsvg.New(vg.Points(100), vg.Points(100))
	plot.New().Draw(draw.New(c))
	if _, err := c.WriteTo(os.Stderr); err != nil {
		panic(err)
	}
}
GO
go mod tidy >/dev/null 2>&1
go list -m gonum.org/v1/plot
go run . 2>/dev/null
deps=$(go list -deps .)
out=$(for word in latex freetype/raster liberation image/font; do printf '%s: %s packages\n' "$word" "$(grep -c "$word" <<<"$deps")"; done)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
latex: 10 packages
freetype/raster: 1 packages
liberation: 13 packages
image/font: 8 packages
EXPECTED
