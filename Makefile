# The version of staticcheck is pinned here; it is not a dependency of the module.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test bench bench-peers lint lint-staticcheck

build: ## one static binary in ./bin
	CGO_ENABLED=0 go build -o bin/textgan ./cmd/textgan

test:
	go test ./...

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
