# SPDX-License-Identifier: GPL-3.0-or-later
# Tests: one Check program per tests/ROOM/test_*.c, one bats file per tests/*.bats. tests/run counts and closes the books.
TEST_SOURCES  := $(wildcard tests/*/test_*.c)
TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(TEST_SOURCES)))
TEST_PARTS    := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fixtures/*.c))
# What bats files load beside the program: users' kernels, good and bad, each one shared object.
TEST_KERNELS  := $(patsubst %.c,$(BUILD)/tests/kernels/%.so,$(notdir $(wildcard tests/kernels/*.c kernels/example/*.c)))

$(BUILD)/tests/%.o: ALL_CFLAGS += -fopenmp -I kernels

$(foreach source,$(TEST_SOURCES),$(eval $(BUILD)/tests/$(notdir $(source:.c=)): $(BUILD)/$(source:.c=.o)))
# The pool's own tests have the library alone beside them, and no OpenMP: after the object, for linkers that read in order.
TEST_POOL := $(filter $(BUILD)/tests/test_forkpool%,$(TEST_PROGRAMS))
$(TEST_POOL): $(FORKPOOL_LIB)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(FORKPOOL_LIB) $$(pkg-config --libs check) -lm
$(filter-out $(TEST_POOL),$(TEST_PROGRAMS)): $(TEST_PARTS) $(OBJECTS) $(FORKPOOL_LIB)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -fopenmp $(LDFLAGS) -o $@ $^ $$(pkg-config --libs check) $(LDLIBS)

# A run made up from a model: build/tests/simulate DIR [small|server] [BLOCKS] [SEED]
$(BUILD)/tests/simulate: $(BUILD)/tests/simulate.o $(TEST_PARTS) $(OBJECTS) $(FORKPOOL_LIB)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -fopenmp $(LDFLAGS) -o $@ $^ $(LDLIBS)

# How good is tune? (make bench-tune)
JUDGE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/judge/*.c))
$(BUILD)/tests/judge-tune: $(JUDGE) $(TEST_PARTS) $(OBJECTS) $(FORKPOOL_LIB)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -fopenmp $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/kernels/%.so: tests/kernels/%.c kernels/kernel.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(CFLAGS) -I kernels -shared -fPIC -o $@ $<

# The example as its first lines say.
$(BUILD)/tests/kernels/%.so: kernels/example/%.c kernels/kernel.h
	@mkdir -p $(@D)
	$(CC) -O2 -shared -fPIC -I kernels -o $@ $<

.PHONY: tests
tests: $(TEST_PROGRAMS) $(TEST_KERNELS) $(BUILD)/tests/simulate $(BUILD)/tests/judge-tune build ## build program and tests, run none (tests/run WORD runs those that are built)

test: $(BUILD)/.deps-test ## install what the tests need, build, run every test
	@echo "building ..." && $(MAKE) --no-print-directory -s -j$$(nproc) tests
	@BUILD=$(BUILD) tests/run

asan: $(BUILD)/.deps-test ## the tests under the address and undefined-behaviour sanitizers
	@echo "building with sanitizers ..." && $(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)/asan tests EXTRA_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
	@BUILD=$(BUILD)/asan SANITIZED=1 ASAN_OPTIONS=detect_leaks=1:handle_segv=0 tests/run

ubsan: $(BUILD)/.deps-test ## the tests under the undefined-behaviour sanitizer alone
	@echo "building with sanitizers ..." && $(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)/ubsan tests EXTRA_CFLAGS="-fsanitize=undefined -fno-sanitize-recover=undefined"
	@BUILD=$(BUILD)/ubsan SANITIZED=1 tests/run

test-slurm: build $(TEST_KERNELS) ## run breakeven under a Slurm of four nodes made for it on this machine (root, slurm-wlm, munge)
	@BUILD=$(BUILD) tests/slurm.sh || [ $$? = 77 ]
ranks-killed: build ## kill the launcher of ranks 100 times: nothing is left, everything is recorded (some minutes)
	@BUILD=$(BUILD) tests/ranks_killed.sh || [ $$? = 77 ]
systems: ## the two commands in a fresh Debian 12, 13, testing and unstable (root, debootstrap; an hour and more; RELEASES="trixie")
	@tests/systems.sh $(RELEASES) || [ $$? = 77 ]
trust: build ## is a run trusted exactly where it may be? Idle, loaded, builds that are the same, every row of the self-test (an hour and a half, alone)
	@BUILD=$(BUILD) tests/trust.sh $(ARGS)
.PHONY: test-slurm ranks-killed systems trust

# Children end by _exit: tests/coverage.c has gcov count what they ran.
COVERED := forkpool results runners bench/plan
coverage: $(BUILD)/.deps-coverage ## the share of lines that the tests reach: a table of folders, build/coverage/lines.info for genhtml (SUITES="record plan": those alone)
	@mkdir -p $(BUILD)/coverage/tests && $(CC) -O1 -fPIC -c -o $(BUILD)/coverage/tests/wrap.o tests/coverage.c
	@echo "building for coverage ..." && $(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)/coverage tests CFLAGS="-O1 -g" EXTRA_CFLAGS="--coverage -fprofile-update=atomic" LDFLAGS="-Wl,--wrap=_exit $(CURDIR)/$(BUILD)/coverage/tests/wrap.o"
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@BUILD=$(BUILD)/coverage SANITIZED=1 COVERAGE=1 tests/run $(SUITES) || echo "coverage: tests failed under gcov; the figure is of what ran"
	@[ -n "$(SUITES)" ] || BUILD=$(BUILD)/coverage tests/run mpi.bats || echo "coverage: mpi.bats failed under gcov" # ranks load no kernels of a sanitizer, but these
	@tests/coverage $(BUILD)/coverage $(COVERED)
.PHONY: coverage

# The parsers of what comes from outside under libFuzzer, each for SECONDS. What it finds lies in build/fuzz/TARGET.
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_FLAGS   := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -Wno-unused-command-line-argument
fuzz: $(BUILD)/.deps-test ## feed made-up input to every parser for SECONDS=60 each (clang's libFuzzer)
	@$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)/fuzz CC=clang CFLAGS="-O1 -g" EXTRA_CFLAGS="$(FUZZ_FLAGS)" fuzz-programs
	@set -e; for target in $(FUZZ_TARGETS); do mkdir -p $(BUILD)/fuzz/$$target; \
	echo "fuzz: $$target"; timeout -s KILL $$(($(SECONDS) + 60)) $(BUILD)/fuzz/fuzz-$$target -max_total_time=$(SECONDS) -timeout=10 -verbosity=0 -print_final_stats=1 \
	-artifact_prefix=$(BUILD)/fuzz/$$target. $(BUILD)/fuzz/$$target tests/fuzz/corpus/$$target 2>&1 | grep -E 'number_of_executed|ERROR|SUMMARY|DONE' || true; \
	! ls $(BUILD)/fuzz/$$target.crash-* $(BUILD)/fuzz/$$target.leak-* $(BUILD)/fuzz/$$target.oom-* $(BUILD)/fuzz/$$target.timeout-* 2>/dev/null; done
fuzz-programs: $(FUZZ_TARGETS:%=$(BUILD)/fuzz-%)
$(BUILD)/fuzz-%: $(BUILD)/tests/fuzz/%.o $(OBJECTS) $(FORKPOOL_LIB)
	$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined -fopenmp $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PHONY: fuzz fuzz-programs
