#!/usr/bin/env bash
# Go's compress/gzip refuses what gzip reads: a compressed text padded with zero bytes, as
# tapes and block devices leave it. gzip takes zeros behind the last member as padding
# (only a warning for anything else); Go takes them for the beginning of another member.
# The error comes after the whole text has been handed out.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
printf 'a dog sleeps\n' | gzip >padded.gz
head -c 512 /dev/zero >>padded.gz
cat >main.go <<'GO'
package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

func main() {
	r, err := gzip.NewReader(os.Stdin)
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(r)
	fmt.Printf("Go:   %q, error: %v\n", text, err)
}
GO
gzip --version | head -1
go version
out=$(
	printf 'gzip: "%s", exit code ' "$(gzip -dc padded.gz 2>/dev/null)"
	gzip -dc padded.gz >/dev/null 2>&1 && echo 0 || echo $?
	go run main.go <padded.gz
)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
gzip: "a dog sleeps", exit code 0
Go:   "a dog sleeps\n", error: gzip: invalid header
EXPECTED
