# SPDX-License-Identifier: GPL-2.0
#
# `make check`: unit tests (tests/test_*.c), golden-output scripts
# (tests/test_*.sh) and fuzz targets (tests/fuzz_*.c), all built by clang with
# ASan and UBSan, with -DVZ_TESTING, which alone lets VZ_TEST_ROOT move the
# root of the files that the tools read.

FUZZ_TIME ?= 3
A	:= $(O)/asan
SAN	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_CFLAGS := -std=gnu11 $(WARN) $(DEFS) -DVZ_TESTING $(INCS) -O1 -g $(SAN)

TESTS	:= $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))
SH_TESTS := $(patsubst tests/%.sh,%,$(wildcard tests/test_*.sh))
FUZZERS	:= $(patsubst tests/%.c,%,$(wildcard tests/fuzz_*.c))
ASAN_LIB_OBJ := $(LIB_SRC:%.c=$(A)/%.o)

$(A)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(CLANG) $(ASAN_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(A)/lib/seccomp.o: $(FILTER)

$(A)/libvz.a: $(ASAN_LIB_OBJ)
	@rm -f $@; $(AR) rcs $@ $^

# Readers of the programs are tested and fuzzed as they are, without main().
ASAN_VZLIST := $(filter-out $(A)/vzlist/vzlist.o,$(call objs_of,vzlist,$(A)))
ASAN_VZTMPL := $(filter-out $(A)/vztmpl/vztmpl.o,$(call objs_of,vztmpl,$(A)))

$(A)/test_vztmpl $(A)/fuzz_vztmpl: ASAN_PROG_OBJ = $(ASAN_VZTMPL)
$(A)/fuzz_proc: ASAN_PROG_OBJ = $(ASAN_VZLIST)
$(A)/test_vztmpl $(A)/fuzz_vztmpl: $(ASAN_VZTMPL)
$(A)/fuzz_proc: $(ASAN_VZLIST)

$(TESTS:%=$(A)/%): $(A)/%: $(A)/tests/%.o $(A)/libvz.a
	$(call say,LD,$@)
	$(Q)$(CLANG) $(SAN) -pthread -o $@ $< $(ASAN_PROG_OBJ) $(A)/libvz.a -lpopt -lnl-genl-3 -lnl-3 -lm

$(FUZZERS:%=$(A)/%): $(A)/%: $(A)/tests/%.o $(A)/libvz.a
	$(call say,LD,$@)
	$(Q)$(CLANG) $(SAN) -fsanitize=fuzzer -o $@ $< $(ASAN_PROG_OBJ) $(A)/libvz.a -lpopt -lnl-genl-3 -lnl-3

define asan_prog
$(A)/$(1)/$(1): $(call objs_of,$(1),$(A)) $(A)/libvz.a
	$$(call say,LD,$$@)
	$$(Q)$$(CLANG) $$(SAN) -o $$@ $$^ $$(LDLIBS_$(1))
endef
$(foreach p,$(PROGS),$(eval $(call asan_prog,$(p))))

headers:
	$(Q)for h in $(wildcard lib/*.h vzctl/*.h vzlist/*.h vztmpl/*.h); do \
		for cc in $(CC) $(CLANG); do \
			$$cc $(ASAN_CFLAGS:-fsanitize%=) -Wno-unused-function -fsyntax-only -x c $$h || exit 1; \
		done; done

check: all headers $(TESTS:%=$(A)/%) $(FUZZERS:%=$(A)/%) $(foreach p,$(PROGS),$(A)/$(p)/$(p))
	$(Q)FUZZ_TIME=$(FUZZ_TIME) BUILD=$(BUILD) tests/run $(A) \
		$(TESTS) $(SH_TESTS:%=%.sh) $(FUZZERS)
