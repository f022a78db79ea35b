#!/usr/bin/env bash
# A table of one column that Go's encoding/csv writes and reads again has fewer rows: it
# writes a record of one empty field as an empty line, and its reader skips empty lines.
# Python's csv writes such a record as "", so that it comes back; Go's reader keeps that
# one. Labels kept in another file of as many rows no longer fit their sentences.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"strings"
)

func main() {
	rows := [][]string{{"a dog"}, {""}, {"a cat"}}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		panic(err)
	}
	again, err := csv.NewReader(&b).ReadAll()
	fmt.Println("Go writes 3 rows, Go reads:", len(again), err)
	again, err = csv.NewReader(strings.NewReader(os.Args[1])).ReadAll()
	fmt.Println("Python writes 3 rows, Go reads:", len(again), err)
}
GO
cat >write.py <<'PY'
import csv, io
b = io.StringIO()
csv.writer(b).writerows([["a dog"], [""], ["a cat"]])
print(b.getvalue(), end="")
PY
go version
python3 --version
out=$(go run main.go "$(python3 write.py)")
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
Go writes 3 rows, Go reads: 2 <nil>
Python writes 3 rows, Go reads: 3 <nil>
EXPECTED
