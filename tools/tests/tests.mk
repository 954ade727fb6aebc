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

# test_NAME and fuzz_NAME of a program NAME have all of it but the file with main().
parts_of = $(filter-out $(A)/$(1)/$(1).o,$(call objs_of,$(1),$(A)))
$(foreach p,$(PROGS),$(foreach t,$(filter test_$(p) fuzz_$(p),$(TESTS) $(FUZZERS)),\
	$(eval $(A)/$(t): PARTS = $(call parts_of,$(p)))\
	$(eval $(A)/$(t): LIBS = $(call libs_of,$(p)))\
	$(eval $(A)/$(t): $(call parts_of,$(p)))))

$(TESTS:%=$(A)/%): $(A)/%: $(A)/tests/%.o $(A)/libvz.a
	$(call say,LD,$@)
	$(Q)$(CLANG) $(SAN) -pthread -o $@ $< $(PARTS) $(A)/libvz.a $(or $(LIBS),$(LDLIBS))

$(FUZZERS:%=$(A)/%): $(A)/%: $(A)/tests/%.o $(A)/libvz.a
	$(call say,LD,$@)
	$(Q)$(CLANG) $(SAN) -fsanitize=fuzzer -o $@ $< $(PARTS) $(A)/libvz.a $(or $(LIBS),$(LDLIBS))

define asan_prog
$(A)/$(1)/$(1): $(call objs_of,$(1),$(A)) $(A)/libvz.a
	$$(call say,LD,$$@)
	$$(Q)$$(CLANG) $$(SAN) -o $$@ $$^ $$(call libs_of,$(1))
endef
$(foreach p,$(PROGS),$(eval $(call asan_prog,$(p))))

headers:
	$(Q)for h in $(wildcard lib/*.h vz*/*.h); do \
		for cc in $(CC) $(CLANG); do \
			$$cc $(ASAN_CFLAGS:-fsanitize%=) -Wno-unused-function -fsyntax-only -x c $$h || exit 1; \
		done; done

check: all headers $(TESTS:%=$(A)/%) $(FUZZERS:%=$(A)/%) $(foreach p,$(PROGS),$(A)/$(p)/$(p))
	$(Q)FUZZ_TIME=$(FUZZ_TIME) BUILD=$(BUILD) tests/run $(A) \
		$(TESTS) $(SH_TESTS:%=%.sh) $(FUZZERS)
