# The version of staticcheck is pinned here; it is not a dependency of the module.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build dist generate test bench bench-peers lint lint-staticcheck soak test-slow test-slurm test-mpi torture module

build: ## one static binary in ./bin
	CGO_ENABLED=0 go build -o bin/textgan ./cmd/textgan

# Static programs for machines without Go, and their checksums, in ./dist.
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
dist: ## static binaries for six platforms in ./dist
	rm -rf dist && mkdir dist
	@set -e; for p in $(PLATFORMS); do \
		os=$${p%/*}; arch=$${p#*/}; name=textgan-$$os-$$arch; \
		[ $$os != windows ] || name=$$name.exe; \
		echo "dist/$$name"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -trimpath -ldflags='-s -w' -o dist/$$name ./cmd/textgan; \
	done
	cd dist && { sha256sum textgan-* 2>/dev/null || shasum -a 256 textgan-*; } >SHA256SUMS

# Imports are the only strings that begin with the path and a slash.
module: ## MODULE=host/owner/textgan: another path for this module, in go.mod and in every import
	@test -n "$(MODULE)" || { echo 'which? make module MODULE=host/owner/textgan'; exit 2; }
	@set -e; old=$$(go list -m); \
	git ls-files -z '*.go' | xargs -0 sed -i.before "s#\"$$old/#\"$(MODULE)/#g"; \
	for mod in $$(git ls-files '*go.mod'); do \
		sed -i.before "s#^module $$old\(/\|\$$\)#module $(MODULE)\1#" $$mod; \
	done; \
	find . -name '*.before' -delete; \
	gofmt -w $$(git ls-files '*.go'); go build ./...

generate: ## the assembly of package kernel, from its generator
	go generate ./internal/kernel

test:
	go test ./...

test-slow: ## tests that take minutes; TEXTGAN_TEXYGEN=DIR of a checkout adds Texygen's tables
	TEXTGAN_SLOW_TESTS=1 go test ./generator/relax ./eval ./cmd/textgan/tour

torture: ## every crash point, disk fault, kill and mutation of small runs: docs/reliability.md; Linux on amd64
	TEXTGAN_TORTURE=1 go test -count=1 -timeout 4h -v ./internal/torture

soak: ## 40,000 adversarial steps: memory, descriptors and goroutines stay where they were
	TEXTGAN_SOAK=40000 go test -count=1 -timeout 2h -v -run TestSoak ./internal/torture

test-slurm: ## a sweep on a real Slurm, brought up here and stopped again: docs/cluster
	docs/cluster/test-slurm.sh

test-mpi: ## training by 1, 2 and 4 processes of a real Open MPI, killed and resumed: docs/cluster; skipped without
	docs/cluster/test-mpi.sh

bench: ## Go benchmarks: kernels, steps, metrics
	go test -run '^$$' -bench . -benchmem ./internal/kernel ./train ./eval

# The same work by PyTorch, in turn; Debian: apt-get install python3-torch libopenblas0-pthread
PYTHON ?= /usr/bin/python3
bench-peers: ## ratios to PyTorch and share of the roofline
	@$(PYTHON) -c 'import torch' 2>/dev/null || { echo "$(PYTHON) has no torch; on Debian: apt-get install python3-torch libopenblas0-pthread"; exit 1; }
	$(PYTHON) internal/bench/peers.py
	$(PYTHON) internal/bench/peers.py --emb 128 --hidden 128

lint: lint-staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...

# Without a network, or with a Go that it does not know, staticcheck is skipped;
# what it finds is an error.
lint-staticcheck:
	@if go run $(STATICCHECK) -version >/dev/null 2>&1; then \
		go run $(STATICCHECK) ./...; \
	else echo "staticcheck cannot be had here: skipped"; fi
