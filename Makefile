# The menu. Every recipe is what a person would type; CI runs the same.
.DEFAULT_GOAL := menu
.PHONY: menu tools up down demo bench soak clean test lint deny proto ci doctor
CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/mxtr
DENY := $(CACHE)/tools/bin/cargo-deny
MUTANTS := $(CACHE)/tools/bin/cargo-mutants

menu: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 16

tools: # what the system has to have; installs it on Debian as root, else says what to install
	@./embedded/tools.sh

demo: tools ## the main job on a real file, step by step, with what happened
	cargo build -p mxtr -p e2e-tests && cargo run -q -p e2e-tests --bin demo

up: tools ## build, and run everything on this machine until Ctrl-C
	cargo run -q -p mxtr -- up

down: ## stop what `make up` started; the data stay
	cargo run -q -p mxtr -- down

clean: ## stop what runs, and forget the data of `make up` (not the build)
	@[ ! -d .mxtr ] || cargo run -q -p mxtr -- down || [ $$? = 3 ]
	@[ ! -s .mxtr/postgres.where ] || rm -rf "$$(dirname "$$(cat .mxtr/postgres.where)")"
	rm -rf .mxtr

test: tools ## all tests, on servers of their own, on free ports
	cargo build -q -p mxtr && cargo run -q -p testkit --bin with-servers -- cargo test --workspace

bench: tools ## what it does in a second here, beside what the bare parts do (release build)
	cargo build -q --release -p mxtr -p e2e-tests && cargo build -q --release -p db --example tenant_read && cargo run -q --release -p e2e-tests --bin bench -- $(BENCH)

soak: tools $(MUTANTS) ## hours: twenty kills of each kind, and whether a test notices each change of what decides (a part: PART=0/6)
	cargo build -q -p mxtr && SOAK_KILLS=20 cargo test -p e2e-tests --test it -- crashes
	$(MUTANTS) mutants --output target/soak $(if $(PART),--shard $(PART) --sharding round-robin)

$(MUTANTS):
	cargo install cargo-mutants --version 27.1.0 --locked --root $(CACHE)/tools

lint: tools ## format, clippy and rustdoc, each warning an error
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

deny: $(DENY) ## licences, bans and sources of what we depend on
	$(DENY) check licenses bans sources

$(DENY):
	cargo install cargo-deny --version 0.20.2 --locked --root $(CACHE)/tools

doctor: ## what this machine lacks
	cargo run -q -p mxtr -- doctor

proto: ## whether the events are generated from what is committed, and break nobody who reads them
	cargo test -q -p events --test it image

ci: lint deny proto test ## what CI runs
