# SPDX-License-Identifier: GPL-2.0-only
#
# What people type.  The kernel modules' own rules are in Kbuild.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
TEST_KERNELS ?= 6.12 6.1 7.3
JOBS ?= 2
FUZZ_SECONDS ?= 60
BENCH_OUT ?= Documentation/performance
LONG_OUT ?= Documentation/process
MAKEFLAGS += --no-print-directory
# Others may be working on this machine.
NICE ?= nice

help:
	@echo 'Try it and test it (nothing special needed; installs what is missing):'
	@echo '  demo            build everything, show the main job end to end in a machine'
	@echo '  check           build everything, run every test; TESTS="dm cli" selects'
	@echo '  check-debug     every test that needs a machine, on a kernel that looks for mistakes'
	@echo '  check-long      1,000 power cuts, mutants, fuzzing, suites: hours; LONG="mutants" selects;'
	@echo '                  tables into LONG_OUT=$(LONG_OUT)'
	@echo '  check-unit      only what needs no virtual machine'
	@echo '  fuzz            the parsers of mktmesetup, for FUZZ_SECONDS=$(FUZZ_SECONDS) in all'
	@echo '  bench           what dm-mktme costs beside raw pmem, dm-linear and dm-crypt;'
	@echo '                  tables and plots into BENCH_OUT=$(BENCH_OUT)'
	@echo '  style           only the style checks'
	@echo '  html            the documents as HTML, in build/html'
	@echo '  shell           a machine with a pmem namespace to try commands in'
	@echo '  setup           only install what building and testing needs'
	@echo 'For a machine that has the hardware:'
	@echo '  modules         kernel modules for KDIR=$(KDIR)'
	@echo '  tools           mktmesetup'
	@echo '  install         both (DESTDIR= in front, for packages); modules_install,'
	@echo '                  tools_install: one of them'
	@echo '  dkms            the modules by DKMS, for each kernel that comes, instead of'
	@echo '                  modules and modules_install'
	@echo '  deb             Debian packages of both, in build/deb'
	@echo '  kernel-tree     the drivers into the source tree KERNEL=DIRECTORY'
	@echo 'Clean up:'
	@echo '  clean           what was built; what check-long, check-debug and fuzz found stays'
	@echo '  distclean       all of build/'
	@echo '  distclean-cache kernels, emulator and file systems in the cache directory'

setup:
	@scripts/setup

# The test kernels, their modules, the emulator, the machine's file systems.
test-parts: setup
	@$(NICE) tests/qemu/build >/dev/null
	@tests/vm/rootfs >/dev/null
	@for kernel in $(TEST_KERNELS); do \
		tests/vm/initrd $$kernel >/dev/null && \
		$(NICE) tests/vm/payload $$kernel >/dev/null || exit 1; \
	done

check: test-parts
	@tests/check -j $(JOBS) $(TESTS)

# KASAN, lockdep, UBSAN and kmemleak; see tests/vm/debug.config.  Takes hours, so
# it goes on where it was ended as long as nothing has changed.
check-debug: setup
	@$(NICE) tests/qemu/build >/dev/null
	@tests/vm/kernel debug >/dev/null
	@tests/check -j $(JOBS) -k debug --go-on build/debug-passed $(or $(TESTS),@debug)

# Parts that were run before keep their figures; see tests/long.
check-long: test-parts
	@JOBS=$(JOBS) tests/long --out "$(LONG_OUT)" $(LONG)

check-unit: setup
	@tests/check -j $(JOBS) unit/ style/

# What it finds new places with is kept in build/tools/fuzz/corpus.
fuzz: setup
	@$(NICE) $(MAKE) -C tools/mktmesetup fuzz-run FUZZ_SECONDS=$(FUZZ_SECONDS)

# At least a quarter of an hour, on a machine that does nothing else.
bench: test-parts
	@tests/bench/run "$(BENCH_OUT)"

style: setup
	@tests/check -j $(JOBS) style/

html: setup
	@scripts/build-html build/html

demo: test-parts
	@tests/demo

shell: test-parts
	@tests/vm/shell

# Built in a tree of links, as for the tests, so that the sources stay clean.
modules:
	@KVER="$(KVER)" KDIR="$(KDIR)" scripts/build-modules host

tools:
	@$(MAKE) -C tools/mktmesetup all

kernel-tree:
	@scripts/kernel-tree "$(KERNEL)"

modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR)/build/modules/$(KVER) \
		$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	@# Debian's headers have no System.map, and then kbuild leaves this out.
	$(if $(DESTDIR),,depmod -a $(KVER))

tools_install: tools
	@$(MAKE) -C tools/mktmesetup install DESTDIR=$(DESTDIR)

install: modules_install tools_install

DKMS_VERSION = $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_SOURCES = $(DESTDIR)/usr/src/mktme-$(DKMS_VERSION)

# DKMS takes a version that it knows for unchanged: it has to forget it.
dkms:
	$(if $(DESTDIR),,! dkms status mktme/$(DKMS_VERSION) | grep -q . || \
		dkms remove mktme/$(DKMS_VERSION) --all)
	rm -rf $(DKMS_SOURCES)
	mkdir -p $(DKMS_SOURCES)
	cp -r dkms.conf Kbuild compat drivers include $(DKMS_SOURCES)
	$(if $(DESTDIR),,dkms install mktme/$(DKMS_VERSION) -k $(KVER))

deb: setup
	@$(NICE) scripts/build-deb

clean:
	rm -rf build/check build/deb build/html build/install build/kmod build/modules build/payload build/suites build/tests
	@$(MAKE) -C tools/mktmesetup clean

distclean:
	rm -rf build

distclean-cache:
	rm -rf "$$(bash -c '. scripts/lib.sh && echo "$$MKTME_CACHE"')"

.PHONY: help setup test-parts check check-debug check-long check-unit fuzz bench style html demo shell modules tools \
	kernel-tree modules_install tools_install install dkms deb clean distclean distclean-cache
