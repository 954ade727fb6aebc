# SPDX-License-Identifier: GPL-2.0
#
# Only dispatches: each folder has its own Makefile and builds alone.

KVER	?=
KDIR	?=
PREFIX	?= /usr
DESTDIR	?=
BUILD	?= build
override BUILD := $(abspath $(BUILD))
export BEANPOD_BUILD := $(BUILD)
MAKEFLAGS += --no-print-directory
SUB	:= BUILD=$(BUILD) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' kernel/dkms.conf)
DKMS_DIR := $(DESTDIR)/usr/src/beanpod-$(VERSION)

help:
	@echo 'Beanpod: OpenVZ-style containers for stock Linux kernels'
	@echo
	@echo '  make demo         show it, in a virtual machine (installs what is missing)'
	@echo '  make check        build, unit tests, checkers, self tests on 6.1 and 6.12'
	@echo '  make check-debug  self tests on the debug kernel, and is it awake'
	@echo
	@echo '  make all          kernel, tools and docs'
	@echo '  make kernel       the modules: KVER=6.12 (series or release), KDIR=dir, or'
	@echo '                    the running kernel'
	@echo '  make tools        vzctl, vzlist and the others of tools/'
	@echo '  make docs         HTML of the documents'
	@echo '  make install      tools, manual pages, sample configuration, module sources'
	@echo '                    for DKMS: DESTDIR= PREFIX=$(PREFIX)'
	@echo '  make uninstall    all of that but configuration'
	@echo '  make clean        removes $(BUILD)'
	@echo
	@echo '  scripts/setup     installs what building and testing need, on Debian 12'
	@echo '  scripts/vm        runs a command under another kernel'

all: kernel tools docs

kernel:
	@scripts/build-kernel $(or $(KDIR),$(KVER))

tools:
	@$(MAKE) -C tools all $(SUB)

docs:
	@$(MAKE) -C Documentation all $(SUB)

check:
	@scripts/run-checks check

check-debug:
	@scripts/run-checks check-debug

demo:
	@scripts/demo

# Kernel modules go in as source: DKMS builds them for each kernel that comes.
# With DESTDIR (packaging) DKMS is not asked.
install: tools docs
	$(MAKE) -C tools install $(SUB)
	$(MAKE) -C Documentation install $(SUB)
	install -d $(DKMS_DIR)
	cd kernel && find . -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
		! -name 'Module.symvers' ! -name 'modules.order' \
		-exec install -D -m 644 -T {} $(DKMS_DIR)/{} \;
ifeq ($(DESTDIR),)
	@if command -v dkms >/dev/null; then \
		if [ -n "$$(dkms status -m beanpod -v $(VERSION))" ]; then \
			dkms remove -m beanpod -v $(VERSION) --all || exit; \
		fi; \
		dkms add -m beanpod -v $(VERSION) && dkms install -m beanpod -v $(VERSION); \
	else \
		echo 'DKMS is not installed (Debian package dkms): the sources are in $(DKMS_DIR);'; \
		echo 'build them for the running kernel with: make -C $(DKMS_DIR) install'; \
	fi
endif

uninstall:
ifeq ($(DESTDIR),)
	-@if command -v dkms >/dev/null; then dkms remove -m beanpod -v $(VERSION) --all; fi
endif
	rm -rf $(DKMS_DIR)
	$(MAKE) -C tools uninstall $(SUB)
	$(MAKE) -C Documentation uninstall $(SUB)

clean:
	rm -rf $(BUILD)

.DEFAULT_GOAL := help
.PHONY: help all kernel tools docs check check-debug demo install uninstall clean
