# Pinyon's front door: `make help` lists the targets. Every target installs what it
# needs first (tools/setup, silent and offline when nothing is missing), so that each
# works in a fresh clone. Meson does the building; this file only names the ways.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.venv/bin:$(PATH)

FUZZ_SECONDS ?= 60
KILLS ?= 10000
SEEDS ?= 1
C_FILES = $(shell find include src ext tests bench -name '*.[ch]')
TIDY_FILES = $(filter src/%.c ext/%.c,$(C_FILES))
SHELL_FILES = tools/setup .ci/run tests/crash/teeth.sh
PACKAGE_FILES := $(shell find include src ext python meson.build meson.options \
	pyproject.toml -type f -not -name '*.pyc' 2>/dev/null)
INSTALLED := .venv/pinyon-installed

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: need-build need-dev ## install packages of the system and the .venv
need-%:
	@tools/setup $*

# --- building ------------------------------------------------------------------

build: build/build.ninja $(INSTALLED) ## compile everything, install the package in .venv
	meson compile -C build

# One directory per way of building; each is configured once.
SANITIZED = --buildtype=debugoptimized -Dext=false -Dtests=true
build/build.ninja: WAY = -Dtests=true -Dbenches=true
build-asan/build.ninja: WAY = $(SANITIZED) -Db_sanitize=address,undefined
build-tsan/build.ninja: WAY = $(SANITIZED) -Db_sanitize=thread
build-clang/build.ninja: WAY = -Dtests=true -Dbenches=true
build-fuzz/build.ninja: WAY = --buildtype=debugoptimized -Dext=false -Dfuzz=true \
	-Db_sanitize=address,undefined -Db_lundef=false
build-clang/build.ninja build-fuzz/build.ninja: export CC = clang-14
build-clang/build.ninja: | need-check
build-fuzz/build.ninja: | need-fuzz
build%/build.ninja: | need-build
	meson setup $(@D) $(WAY) >/dev/null
build/build.ninja: | need-build
	meson setup $(@D) $(WAY) >/dev/null

$(INSTALLED): $(PACKAGE_FILES) | need-build
	@echo 'package: building and installing into .venv'
	@pip install --quiet --no-index --no-deps --no-build-isolation \
		--config-settings=build-dir=build-package .
	@touch $@

# --- running -------------------------------------------------------------------

demo: need-demo need-servers $(INSTALLED) ## run the main job: flights, one host, then fleets
	python -m examples.flights

test: need-dev need-demo need-servers $(INSTALLED) build-asan/build.ninja build-tsan/build.ninja ## all tests
	meson test -C build-asan --print-errorlogs
	$(TSAN) meson test -C build-tsan --print-errorlogs --suite threads
	python -m pytest

# The interpreter is not instrumented, so the runtimes are loaded ahead of it, and leaks
# are left to the leak test: LeakSanitizer would list what CPython keeps on purpose.
ASAN_PYTHON = LD_PRELOAD="$$(gcc -print-file-name=libasan.so) \
	$$(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
	PYTHONPATH=build-asan/site python
build-asan/site/stamp: $(PACKAGE_FILES) | build-asan/build.ninja
	pip install --quiet --no-index --no-deps --no-build-isolation --upgrade \
		--target $(@D) --config-settings=build-dir=build-asan/package \
		--config-settings=setup-args=-Db_sanitize=address,undefined .
	touch $@

asan: need-dev build-asan/site/stamp ## C and Python tests under ASan and UBSan
	meson test -C build-asan --print-errorlogs
	$(ASAN_PYTHON) -m pytest tests/python -k 'not (leak or tidy or examples)'

# gcc 12's TSan cannot place its shadow under some kernels' address randomization. It does
# not see what other processes do to a mutex, so the tests that kill some are left out.
TSAN = TSAN_OPTIONS=allocator_may_return_null=1 \
	$(shell setarch -R true 2>/dev/null && echo setarch -R)
tsan: build-tsan/build.ninja ## C tests under TSan
	$(TSAN) meson test -C build-tsan --print-errorlogs --no-suite crash

interop: need-dev need-servers need-interop build ## beside real servers and the programs we replace
	python -m pytest tests/interop

faults: need-dev need-servers build ## kill, hang and move servers under load: five minutes
	python -m pytest tests/faults -m 'slow or not slow'

bench: need-demo need-servers need-bench build ## measure, beside the peers: 15 minutes
	python bench/run

fuzz: build-fuzz/build.ninja build-asan/site/stamp ## fuzz each target FUZZ_SECONDS (60)
	meson compile -C build-fuzz
	cd build-fuzz && for target in $$(find tests/fuzz -name 'fuzz_*' -type f -perm -1); do \
		mkdir -p corpus/$${target##*_}; \
		$$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
			corpus/$${target##*_} ../tests/fuzz/corpus/$${target##*_}; \
	done
	$(ASAN_PYTHON) tests/fuzz/fuzz_codec.py $(FUZZ_SECONDS)
	$(ASAN_PYTHON) tests/fuzz/fuzz_envelope.py $(FUZZ_SECONDS)

torture: build/build.ninja ## kill writers KILLS (10000) times; then mutants must fail
	meson compile -C build
	build/tests/crash/torture --kills $(KILLS)
	tests/crash/teeth.sh

SIM_OUT = build/tests/sim/out
sim: need-demo build/build.ninja ## 1,000 nodes, 10,000 hosts in virtual time, SEEDS (1): 15 minutes, 5 GB
	meson compile -C build tests/sim/sim
	mkdir -p $(SIM_OUT)
	nice -n 15 build/tests/sim/sim --full --seeds $(SEEDS) --csv $(SIM_OUT) || failed=$$?; \
		python tests/sim/draw.py $(SIM_OUT) $(SIM_OUT)/fleet-sim.png; \
		echo 'sim: $(SIM_OUT)/fleet-sim.png, tables beside it'; exit $${failed:-0}

teeth: ## break the fleet's rules one by one: the short simulation must fail
	tests/sim/teeth.sh

# --- checking ------------------------------------------------------------------

check: format lint tidy types ## all four below

format: need-check ## is the layout of C and Python as the formatters write it?
	@clang-format-14 --dry-run -Werror $(C_FILES)
	ruff format --check --quiet

fix: need-check ## write the layout that `make format` asks for
	clang-format-14 -i $(C_FILES)
	ruff format --quiet

lint: need-check build-clang/build.ninja ## clang's warnings, clang-tidy, ruff, shellcheck
	meson compile -C build-clang
	printf '%s\n' $(TIDY_FILES) | \
		xargs -r -P $$(nproc) -n 1 clang-tidy-14 --quiet -p build-clang 2>&1 | \
		{ grep -v 'warnings* generated' || true; }
	ruff check --quiet
	shellcheck $(SHELL_FILES)

tidy: need-build ## arrows, banned calls, headers, sizes: what tools/tidy knows
	python tools/tidy

types: need-check need-demo $(INSTALLED) ## mypy --strict on the package and the examples
	mypy python/pinyon examples

wheel: need-build need-wheel ## one abi3 wheel with its libraries inside, in dist/
	rm -rf build-wheel dist
	pip wheel --quiet --no-index --no-deps --no-build-isolation -w build-wheel .
	auditwheel repair -w dist build-wheel/pinyon-*.whl
	pip install --quiet --no-index --no-deps --target build-wheel/try dist/*.whl
	PYTHONPATH=build-wheel/try python -c 'import pinyon; print(pinyon.Cache())'

clean: ## remove what was built (not the .venv)
	rm -rf build build-{asan,clang,fuzz,package,tsan,wheel} dist $(INSTALLED)

.PHONY: help setup build demo test asan tsan interop faults bench fuzz torture sim teeth check format fix lint \
	tidy types wheel clean
