# The process-pool library: stands alone, includes nothing else of the project.
FORKPOOL_LIB     := $(BUILD)/libforkpool.a
FORKPOOL_SO      := $(BUILD)/libforkpool.so.0
FORKPOOL_SOURCES := $(wildcard forkpool/*.c)
FORKPOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(FORKPOOL_SOURCES))
FORKPOOL_CFLAGS   = -std=c11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(EXTRA_CFLAGS) -MMD -MP
LIBDIR           ?= $(PREFIX)/lib

$(BUILD)/forkpool/%.o: forkpool/%.c
	@mkdir -p $(@D)
	$(CC) $(FORKPOOL_CFLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

# One object whose hidden symbols are local: only forkpool_* is left to collide with.
$(FORKPOOL_LIB): $(FORKPOOL_OBJECTS)
	$(CC) -r -nostdlib -o $(BUILD)/forkpool/all.o $^
	objcopy --localize-hidden $(BUILD)/forkpool/all.o
	rm -f $@
	$(AR) rcs $@ $(BUILD)/forkpool/all.o

$(FORKPOOL_SO): $(FORKPOOL_OBJECTS)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -shared -Wl,-soname,$(@F) -o $@ $^ -lpthread -ldl

build: $(FORKPOOL_LIB) $(FORKPOOL_SO)
