# make demo     trains on the built-in corpus for six to nine minutes, then prints generated text; the run
#               is in the build folder
# make test     runs every test (FILTER='regex' runs some); installs Chromium and, into .venv, TensorBoard,
#               which open what the program writes
# make build    builds .build/release/sophia-rt
# make interop  compares with Hugging Face transformers, both ways, and with llama.cpp where its Python
#               package is installed (PYTHON names a Python that has transformers; else it is
#               installed into .venv)
# make fuzz     feeds a parser of files with RUNS inputs under AddressSanitizer: PARSER is json,
#               safetensors, index, tokenizer, vocabulary, config, shard, dataset, questions, prompts,
#               manifest or state; the inputs found on the way are kept and gone on from
# make lint     checks the format of every Swift file
# make setup    installs the missing Debian packages, as root or by sudo (the others call it); it says
#               which before it does. NO_INSTALL=1, with any of them, installs nothing: what is missing
#               is named, and what cannot do without it fails
#
# ISA is the instruction set: native (default), x86-64-v3 (AVX2), x86-64-v4 (AVX-512). Each has a
# build folder of its own. One configuration serves build, demo and test, so nothing is compiled
# twice.

ISA ?= native
FILTER ?=
PYTHON ?= python3
PARSER ?= safetensors
RUNS ?= 1000000

SCRATCH := $(if $(filter native,$(ISA)),.build,.build-$(ISA))
FLAGS := -c release --scratch-path $(SCRATCH) -Xswiftc -enable-testing
STRICT := --explicit-target-dependency-import-check error
FORMATTED := Sources Tests Benchmarks models Package.swift
export SOPHIA_MARCH := $(ISA)

DEMO := $(SCRATCH)/demo
export NO_INSTALL

.PHONY: demo test build tests interop fuzz lint setup clean

demo: build
	@rm -rf $(DEMO)
	$(SCRATCH)/release/sophia-rt train --model nano --eval-every 200 --out $(DEMO)
	$(SCRATCH)/release/sophia-rt evaluate --checkpoint $(DEMO) --stories 200 --require-good-stories
	$(SCRATCH)/release/sophia-rt generate --checkpoint $(DEMO) --max-tokens 240 --seed 1 </dev/null
	@echo
	@echo "Go on with:"
	@echo "  $(SCRATCH)/release/sophia-rt generate --checkpoint $(DEMO) --prompt 'Once upon a time'"
	@echo "  $(SCRATCH)/release/sophia-rt tokenize YOUR.txt --train-vocab 8192 --out data"
	@echo "  $(SCRATCH)/release/sophia-rt train --model tiny --data data --out run"

build: setup
	swift build $(FLAGS) $(STRICT) --product sophia-rt

tests:
	@scripts/setup tests
	swift build $(FLAGS) $(STRICT) --build-tests

test: tests
	swift test $(FLAGS) --skip-build $(if $(FILTER),--filter '$(FILTER)')
ifeq ($(FILTER),)
	@command -v $(PYTHON) >/dev/null || echo "TensorBoard: NOT CHECKED (no $(PYTHON))"
	@! command -v $(PYTHON) >/dev/null || $(PYTHON) scripts/check_tensorboard.py --program $(SCRATCH)/release/sophia-rt
endif

interop: build
	$(PYTHON) scripts/interop.py --program $(SCRATCH)/release/sophia-rt

fuzz: setup
	SOPHIA_FUZZ=1 swift build -c release --scratch-path .build-fuzz -Xswiftc -enable-testing --product fuzz
	@mkdir -p .build-fuzz/corpus/$(PARSER)
	SWIFT_BACKTRACE=enable=no .build-fuzz/release/fuzz $(PARSER) .build-fuzz/corpus/$(PARSER) -runs=$(RUNS) -timeout=10 \
	  -rss_limit_mb=2048 -artifact_prefix=.build-fuzz/ -print_final_stats=1

lint: setup
	swift format lint --strict --recursive --parallel $(FORMATTED)

setup:
	@scripts/setup

clean:
	rm -rf .build .build-*
