# SPDX-License-Identifier: MIT
# The process-pool library: stands alone, includes nothing else of the project.
FORKPOOL_LIB     := $(BUILD)/libforkpool.a
FORKPOOL_SO      := $(BUILD)/libforkpool.so.0
FORKPOOL_SOURCES := $(wildcard forkpool/*.c forkpool/machine/*.c forkpool/server/*.c)
FORKPOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(FORKPOOL_SOURCES))
# -fno-plt: names are bound once, when the program starts, and not anew in each worker, which would double its page faults.
# -fexceptions: a callback that throws, or whose thread ends in it, leaves the pool sound.
FORKPOOL_CFLAGS   = -std=c11 -iquote forkpool -fno-plt -fexceptions -D_GNU_SOURCE $(CPPFLAGS) $(WARN) $(if $(findstring i686,$(CC)),-Wno-psabi) $(CFLAGS) $(EXTRA_CFLAGS) -MMD -MP
# The compiler's own, so that a cross compiler brings its own.
OBJCOPY          ?= $(shell $(CC) -print-prog-name=objcopy)
# The partial link ends in machine code, not in the compiler's, and without gcov, which --coverage would put into it once more; i386 has groups of sections that only the last link joins.
FORKPOOL_PARTIAL  = $(CFLAGS) $(filter-out -fsanitize=% --coverage,$(EXTRA_CFLAGS)) $(if $(findstring -flto,$(CFLAGS) $(EXTRA_CFLAGS)),-flinker-output=nolto-rel) \
                    $(if $(findstring i686,$(CC))$(findstring -m32,$(CC) $(CFLAGS)),-Xlinker --force-group-allocation)
LIBDIR           ?= $(PREFIX)/lib

$(BUILD)/forkpool/%.o: forkpool/%.c
	@mkdir -p $(@D)
	$(CC) $(FORKPOOL_CFLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

# One object whose hidden symbols are local: only forkpool_* is left to collide with.
$(FORKPOOL_LIB): $(FORKPOOL_OBJECTS)
	$(CC) $(FORKPOOL_PARTIAL) -r -nostdlib -o $(BUILD)/forkpool/all.o $^
	$(OBJCOPY) --localize-hidden $(BUILD)/forkpool/all.o
	rm -f $@
	$(AR) rcs $@ $(BUILD)/forkpool/all.o

$(FORKPOOL_SO): $(FORKPOOL_OBJECTS)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -shared $(LDFLAGS) -Wl,-soname,$(@F) -o $@ $^ -lpthread -ldl

build: $(FORKPOOL_LIB) $(FORKPOOL_SO)

# ---- installing ----
# Paths may have blanks, which pkg-config's files mark with a backslash.
FORKPOOL_LIBDIR = $(DESTDIR)$(LIBDIR)
FORKPOOL_DOC    = $(DESTDIR)$(PREFIX)/share/doc/forkpool
FORKPOOL_PC     = $(FORKPOOL_LIBDIR)/pkgconfig/forkpool.pc

install-forkpool: $(FORKPOOL_LIB) $(FORKPOOL_SO)
	install -D -m 644 forkpool/forkpool.h "$(DESTDIR)$(PREFIX)/include/forkpool.h"
	install -D -m 644 $(FORKPOOL_LIB) "$(FORKPOOL_LIBDIR)/libforkpool.a"
	install -D -m 755 $(FORKPOOL_SO) "$(FORKPOOL_LIBDIR)/libforkpool.so.0"
	ln -sf libforkpool.so.0 "$(FORKPOOL_LIBDIR)/libforkpool.so"
	install -D -m 644 forkpool/README.md "$(FORKPOOL_DOC)/README.md"
	install -d "$(FORKPOOL_DOC)/examples" "$(FORKPOOL_LIBDIR)/pkgconfig"
	install -m 644 forkpool/LICENSE "$(FORKPOOL_DOC)/LICENSE"
	install -m 644 forkpool/examples/*.c "$(FORKPOOL_DOC)/examples/"
	sed '/@PREFIX@\|@LIBDIR@/{s|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s/ /\\&/g}; s|@VERSION@|$(VERSION)|' \
	    forkpool/forkpool.pc.in >"$(FORKPOOL_PC)"
	chmod 644 "$(FORKPOOL_PC)"

uninstall-forkpool:
	rm -f "$(DESTDIR)$(PREFIX)/include/forkpool.h" "$(FORKPOOL_PC)"
	rm -f "$(FORKPOOL_LIBDIR)/libforkpool.a" "$(FORKPOOL_LIBDIR)/libforkpool.so" "$(FORKPOOL_LIBDIR)/libforkpool.so.0"
	rm -rf "$(FORKPOOL_DOC)"

# ---- proving ----
# The pool with a hook between any two accesses to shared memory.
$(BUILD)/forkpool-steps/%.o: forkpool/%.c
	@mkdir -p $(@D)
	$(CC) $(FORKPOOL_CFLAGS) -DFORKPOOL_STEPS -c -o $@ $<
# What looks inside links these objects: the library shows forkpool_* alone.
FORKPOOL_INSIDE := $(addprefix $(BUILD)/tests/test_forkpool_,steps spread quota inside)
$(FORKPOOL_INSIDE): $(BUILD)/tests/test_%: tests/forkpool/%.c $(FORKPOOL_SOURCES:forkpool/%.c=$(BUILD)/forkpool-steps/%.o)
	@mkdir -p $(@D)
	$(CC) $(FORKPOOL_CFLAGS) -iquote . -o $@ $(filter %.c %.o,$^) $$(pkg-config --cflags --libs check) -lm
tests: $(FORKPOOL_INSIDE)

.PHONY: model tsan soak burst fill-pool bench-pool
model: ## check the pool's protocol with spin: every interleaving, workers dying at every step
	forkpool/model/check.sh $(BUILD)/model

# The protocol's own files, with threads for workers.
FORKPOOL_TSAN := $(addprefix forkpool/,range.c queue.c park.c mapper.c task.c children.c spread.c machine/cpus.c machine/openmp.c machine/quota.c)
tsan: ## the pool's protocol over threads under ThreadSanitizer
	@mkdir -p $(BUILD)/tests
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -g -fsanitize=thread -iquote . -iquote forkpool -o $(BUILD)/tests/forkpool-threads tests/forkpool/forkpool_threads.c $(FORKPOOL_TSAN)
	TSAN_OPTIONS=halt_on_error=1 timeout -s KILL 300 $(BUILD)/tests/forkpool-threads

.PHONY: portable
portable: ## cross-compile forkpool for other machines and musl, and run its tests for arm64 under qemu-user
	BUILD=$(BUILD) tests/portable

SECONDS ?= 600
soak: $(BUILD)/tests/test_forkpool_soak ## kill a worker every 10 ms for SECONDS=600; every task ends exactly once
	FORKPOOL_SOAK_SECONDS=$(SECONDS) timeout -s KILL $$(($(SECONDS) + 120)) $<

SEED ?= $(shell date +%s)
.PHONY: fuzz-pool
fuzz-pool: $(BUILD)/tests/test_forkpool_fuzz ## random programs of the pool for SECONDS=600 against serial ones; SEED=N SECONDS=1 repeats one
	FORKPOOL_FUZZ_SECONDS=$(SECONDS) FORKPOOL_FUZZ_SEED=$(SEED) $<

PAIRS ?= 10000000
burst: $(BUILD)/tests/test_forkpool_burst ## PAIRS=10000000 pairs of tasks that need each other, submitted back to back: no wake-up is lost
	FORKPOOL_BURST_PAIRS=$(PAIRS) $<

RUNS ?= 10
fill-pool: $(BUILD)/tests/test_forkpool_fill ## a task writes over every shared page, 10 patterns, RUNS=10 times, in a process namespace
	FORKPOOL_FILL_RUNS=$(RUNS) $<

FORKPOOL_BENCH := $(patsubst %.c,$(BUILD)/%.o,$(wildcard forkpool/bench/*.c))
$(BUILD)/forkpool/bench/%.o: forkpool/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(FORKPOOL_CFLAGS) -Iforkpool -c -o $@ $<
$(BUILD)/forkpool-bench: $(FORKPOOL_BENCH) $(FORKPOOL_LIB)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -o $@ $^ -lm

# What it is set beside.
PEERS := $(BUILD)/forkpool-peers
$(PEERS): $(wildcard forkpool/bench/peers/*) forkpool/bench/tools.c forkpool/bench/bench.h
	forkpool/bench/peers/build.sh $@

.PHONY: deps-bench
deps-bench: ## install what bench-pool sets the pool beside: libomp, oneTBB, Python
	@./deps.sh bench
	@rm -rf $(PEERS)

ROUNDS ?= 11
bench-pool: $(BUILD)/forkpool-bench $(PEERS) ## the pool's wanted figures beside libgomp, libomp, oneTBB, a fork loop, Python's Pool and MPI (ROUNDS=11)
	FORKPOOL_BENCH_PEERS=$(CURDIR)/$(PEERS) $(BUILD)/forkpool-bench $(ROUNDS)
