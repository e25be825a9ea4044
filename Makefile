# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven: when does parallelism pay?   `make help` lists the targets.

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc
CFLAGS ?= -O2 -g
# An enumeration constant is an int (C11 6.7.2.2), so arithmetic of one with a double is exact: clang 19 warns of it, gcc
# and C do not mind.
WARN   := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes \
          $(if $(findstring clang,$(CC)),-Wno-enum-float-conversion)
VERSION := 0.2.0

PKGS     := hwloc gsl jansson
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))
ALL_CFLAGS = -std=c11 -iquote . -D_GNU_SOURCE $(CPPFLAGS) $(WARN) $(CFLAGS) $(PKG_CFLAGS) $(EXTRA_CFLAGS) -MMD -MP
LDLIBS     = $(PKG_LIBS) -lm -ldl -lpthread

KERNELS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard kernels/*.c))
RUNNERS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard runners/*.c runners/cpus/*.c)) $(BUILD)/runners/python_script.o
RESULTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard results/*.c results/*/*.c))

PLOTS   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard plots/*.c plots/page/*.c)) $(patsubst %.S,$(BUILD)/%.o,$(wildcard plots/*.S))
BENCH   := $(patsubst %.c,$(BUILD)/%.o,$(filter-out bench/main.c,$(wildcard bench/*.c bench/*/*.c bench/*/*/*.c))) \
           $(BUILD)/bench/plan/studies_files.o $(BUILD)/bench/lessons/lesson_files.o $(BUILD)/bench/lessons/lesson_pages.o \
           $(BUILD)/bench/lessons/lesson_figures.o
RANK_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard runners/rank/*.c))
OBJECTS := $(KERNELS) $(RUNNERS) $(RESULTS) $(PLOTS) $(BENCH)

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.PHONY: help build bench bench-tune bench-report bench-pairs test plots install uninstall install-forkpool uninstall-forkpool asan ubsan deb lint clean deps deps-mpi

# What is missing is installed once, before the first object is compiled; `make deps` looks again.
deps-mpi: ## install an MPI (Open MPI) for the mpi runner
	@./deps.sh mpi

deps: ## install what is missing to build and to test
	@./deps.sh test

$(BUILD)/.deps-%: deps.sh
	@./deps.sh $*
	@mkdir -p $(@D) && touch $@

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(filter %akefile %.mk,$(MAKEFILE_LIST)) | expand -t 22

build: ## build build/breakeven and the forkpool library
build: $(BUILD)/breakeven $(BUILD)/libkernels.so

include forkpool/forkpool.mk
include tests/tests.mk

# Each object of the program waits for what is being installed; the library alone needs a compiler, and installs nothing.
LIBRARY_GOALS := install-forkpool uninstall-forkpool $(FORKPOOL_LIB) $(FORKPOOL_SO)
AFTER_DEPS     = $(OBJECTS) $(BUILD)/bench/main.o $(RANK_OBJECTS) \
                 $(if $(filter-out $(LIBRARY_GOALS),$(or $(MAKECMDGOALS),build)),$(FORKPOOL_OBJECTS))
$(AFTER_DEPS): | $(BUILD)/.deps-build

$(BUILD)/breakeven: $(BUILD)/bench/main.o $(OBJECTS) $(FORKPOOL_LIB)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -fopenmp $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The python runner calls the same kernels, from a shared object.
$(BUILD)/libkernels.so: $(KERNELS)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -shared $(LDFLAGS) -o $@ $^ -lm

# The mpi runner's program, where there is an MPI to build it with.
MPICC ?= $(shell command -v mpicc)
ifneq ($(MPICC),)
build: $(BUILD)/breakeven-rank
endif
# Another MPI has other headers: what was built with the last one does not link with it.
MPI_STAMP := $(BUILD)/mpi-$(notdir $(realpath $(MPICC))).stamp
$(MPI_STAMP):
	@mkdir -p $(@D) && rm -f $(BUILD)/mpi-*.stamp && touch $@
RANK_SHARED  := $(addprefix $(BUILD)/,runners/team.o runners/worker.o runners/cpus/cpulist.o runners/scratch.o results/record/latency.o \
                bench/base/clock.o bench/plan/inject.o bench/measure/instruments.o)
$(BUILD)/runners/rank/%.o: runners/rank/%.c $(MPI_STAMP)
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) -fopenmp -c -o $@ $<

$(BUILD)/breakeven-rank: $(RANK_OBJECTS) $(RANK_SHARED)
	$(MPICC) $(CFLAGS) $(EXTRA_CFLAGS) -fopenmp $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/ranks_floor: tests/runners/ranks_floor.c $(MPI_STAMP)
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) -o $@ $<

.PHONY: bench-ranks
bench-ranks: build $(if $(MPICC),$(BUILD)/tests/ranks_floor) ## ranks beside forkpool, libgomp and bare MPI: tasks, calls, barriers, start and stop, a byte, METG
	@[ -n "$(MPICC)" ] || { echo "bench-ranks: no mpicc: make deps-mpi"; exit 2; }
	@python3 tests/bench_ranks.py $(BUILD)/breakeven $(BUILD)/tests/ranks_floor $(REPS)

# Kernels are compiled once, without OpenMP: all runners time the same code.
$(BUILD)/kernels/%.o: kernels/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -c -o $@ $<

$(BUILD)/runners/%.o: runners/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fopenmp -c -o $@ $<

$(BUILD)/bench/machine/openmp_constructs.o: ALL_CFLAGS += -fopenmp

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DBREAKEVEN_VERSION='"$(VERSION)"' -c -o $@ $<

# What this build is made of; compiled again when the commit or the flags change.
# A copy inside of another repository is not of that one's commit; root may install from a user's clone.
GIT        := git -c safe.directory=$(CURDIR)
BUILT_FROM := $(shell $(GIT) ls-files --error-unmatch Makefile >/dev/null 2>&1 && echo \
              $$($(GIT) rev-parse HEAD)$$([ -z "$$($(GIT) status --porcelain -uno)" ] || echo +changes) || echo unknown)
BUILT_WITH  = $(CC) -std=c11 $(CFLAGS) $(EXTRA_CFLAGS)
$(BUILD)/bench/cli/version.o: ALL_CFLAGS += -DBREAKEVEN_COMMIT='"$(BUILT_FROM)"' -DBREAKEVEN_FLAGS='"$(BUILT_WITH)"'
$(BUILD)/bench/cli/version.o: $(BUILD)/.built-from
$(BUILD)/.built-from: FORCE
	@mkdir -p $(@D)
	@echo '$(BUILT_FROM) $(BUILT_WITH)' | cmp -s - $@ || echo '$(BUILT_FROM) $(BUILT_WITH)' > $@
FORCE:

$(BUILD)/runners/python_script.o: runners/python.py

# The figures' scripts and the page are inside the program.
$(BUILD)/plots/assets.o: plots/assets.h $(wildcard plots/assets/*.gp plots/assets/*.html plots/assets/*.css plots/assets/*.js)

# So are the default experiment, the lessons, and the pages that were recorded of them.
LESSON_FILES := $(sort $(wildcard bench/lessons/assets/*.ini))
LESSON_PAGES := $(sort $(wildcard docs/lessons/*.md))
LESSON_FIGURES := $(sort $(wildcard docs/lessons/*.svg))
STUDIES_FILES := $(sort $(wildcard bench/plan/assets/*.ini))
$(BUILD)/.embedded: FORCE # which there are: one that is taken away leaves the program, too
	@mkdir -p $(@D)
	@echo '$(STUDIES_FILES) $(LESSON_FILES) $(LESSON_PAGES) $(LESSON_FIGURES)' | cmp -s - $@ || \
	echo '$(STUDIES_FILES) $(LESSON_FILES) $(LESSON_PAGES) $(LESSON_FIGURES)' > $@
$(BUILD)/bench/plan/studies_files.S: bench/base/embedded.sh $(BUILD)/.embedded $(STUDIES_FILES)
	@mkdir -p $(@D)
	@bench/base/embedded.sh studies_files $(STUDIES_FILES) > $@
$(BUILD)/bench/lessons/lesson_files.S: bench/base/embedded.sh $(BUILD)/.embedded $(LESSON_FILES)
	@mkdir -p $(@D)
	@bench/base/embedded.sh lesson_files $(LESSON_FILES) > $@
$(BUILD)/bench/lessons/lesson_pages.S: bench/base/embedded.sh $(BUILD)/.embedded $(LESSON_PAGES)
	@mkdir -p $(@D)
	@bench/base/embedded.sh lesson_pages $(LESSON_PAGES) > $@
$(BUILD)/bench/lessons/lesson_figures.S: bench/base/embedded.sh $(BUILD)/.embedded $(LESSON_FIGURES)
	@mkdir -p $(@D)
	@bench/base/embedded.sh lesson_figures $(LESSON_FIGURES) > $@

$(BUILD)/%.o: $(BUILD)/%.S
	$(CC) -iquote . -c -o $@ $<

$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) -iquote . -c -o $@ $<

bench: ## run the default experiment, print what it found, draw it (ARGS=... for more options)
	@echo "building ..." && $(MAKE) --no-print-directory -s -j$$(nproc) build
	@$(BUILD)/breakeven run $(ARGS)

bench-tune: build $(BUILD)/tests/judge-tune ## how good is tune? Beside an exhaustive grid and rules of thumb; eight minutes (ARGS="quick --kernel K ...")
	@$(BUILD)/tests/judge-tune $(ARGS)

bench-report: build $(BUILD)/tests/simulate ## how long a report takes beside Python reading the same samples (BLOCKS="100 1000")
	@python3 tests/report_speed.py $(BUILD)/breakeven $(BUILD)/tests/simulate $(BLOCKS)

bench-pairs: build ## the default experiment beside an older build's, whole runs in turn (OLD=path/to/breakeven PAIRS=3)
	@python3 tests/bench_pairs.py $(OLD) $(BUILD)/breakeven $(PAIRS)

plots: build ## draw the newest run again
	@$(BUILD)/breakeven report results/latest

lessons: build ## measure every lesson and renew docs/lessons (two minutes, on an idle machine)
	@docs/lessons.sh $(CURDIR)/$(BUILD)/breakeven

# Where things are installed (the path may have blanks), and how what is printed there stays readable whatever the umask.
ROOT  = $(DESTDIR)$(PREFIX)
WRITE = umask 022 &&
# What the program prints of itself, under share/.
GENERATED := man/man1/breakeven.1 man/man3/forkpool.3 bash-completion/completions/breakeven zsh/site-functions/_breakeven \
             fish/vendor_completions.d/breakeven.fish

install: build install-forkpool ## install breakeven, forkpool and the manuals under PREFIX (DESTDIR respected)
	install -D -m 755 $(BUILD)/breakeven "$(ROOT)/bin/breakeven"
	[ ! -x $(BUILD)/breakeven-rank ] || install -D -m 755 $(BUILD)/breakeven-rank "$(ROOT)/lib/breakeven/breakeven-rank"
	install -D -m 755 $(BUILD)/libkernels.so "$(ROOT)/lib/breakeven/libkernels.so"
	install -D -m 644 kernels/kernel.h "$(ROOT)/include/breakeven/kernel.h"
	install -d $(foreach file,$(GENERATED),"$(ROOT)/share/$(dir $(file))")
	$(WRITE) $(BUILD)/breakeven manual > "$(ROOT)/share/man/man1/breakeven.1"
	$(WRITE) awk -f forkpool/manual.awk forkpool/forkpool.h > "$(ROOT)/share/man/man3/forkpool.3"
	$(WRITE) awk -v folder="$(ROOT)/share/man/man3" -f forkpool/pages.awk forkpool/forkpool.h
	$(WRITE) $(BUILD)/breakeven completion bash > "$(ROOT)/share/bash-completion/completions/breakeven"
	$(WRITE) $(BUILD)/breakeven completion zsh > "$(ROOT)/share/zsh/site-functions/_breakeven"
	$(WRITE) $(BUILD)/breakeven completion fish > "$(ROOT)/share/fish/vendor_completions.d/breakeven.fish"

uninstall: uninstall-forkpool ## remove what install put there
	rm -f "$(ROOT)/bin/breakeven" $(foreach file,$(GENERATED),"$(ROOT)/share/$(file)")
	rm -f "$(ROOT)/share/man/man3/"forkpool_*.3
	rm -rf "$(ROOT)/lib/breakeven" "$(ROOT)/include/breakeven"

# Built from a copy of what git knows here, so that nothing lands beside the tree.
deb: ## Debian packages in build/deb: breakeven, libforkpool0, libforkpool-dev (needs build-essential, debhelper)
	@dpkg -s build-essential debhelper >/dev/null 2>&1 || { echo "make deb: apt-get install build-essential debhelper" >&2; exit 2; }
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb/breakeven-$(VERSION)
	git ls-files -z | xargs -0 cp --parents -t $(BUILD)/deb/breakeven-$(VERSION)
	cd $(BUILD)/deb/breakeven-$(VERSION) && env -u MAKEFLAGS -u MFLAGS -u BUILD dpkg-buildpackage -b -us -uc
	rm -rf $(BUILD)/deb/breakeven-$(VERSION)
	@ls $(BUILD)/deb/*.deb

lint: ## clang-format, clang's warnings, cppcheck and shellcheck, where installed
	@tests/lint

clean: ## remove everything that was built
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
