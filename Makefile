# The version of staticcheck is pinned here; it is not a dependency of the module.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test bench lint lint-staticcheck

build: ## one static binary in ./bin
	CGO_ENABLED=0 go build -trimpath -o bin/textgan ./cmd/textgan

test:
	go test ./...

bench: ## Go benchmarks: kernels, steps, metrics
	go test -run '^$$' -bench . -benchmem ./internal/kernel ./train ./eval

lint: lint-staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...

# Without a network, or with a Go that it does not know, staticcheck is skipped;
# what it finds is an error.
lint-staticcheck:
	@if go run $(STATICCHECK) -version >/dev/null 2>&1; then \
		go run $(STATICCHECK) ./...; \
	else echo "staticcheck cannot be had here: skipped"; fi
