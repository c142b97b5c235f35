# SPDX-License-Identifier: GPL-2.0
# kpatch: build, test, install. `make help` lists the targets.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
JOBS    ?= 2
DEPS    ?= yes
VERSION := 0.1.0

# Not make's own default, cc.
ifeq ($(origin CC),default)
CC      := gcc
endif
INSTALL ?= install
PKGS    := glib-2.0 jansson libelf libdw liblzma libzstd zlib capstone libkmod
WARN    := -Wall -Wextra -Wconversion -Wsign-compare -Wstrict-prototypes -Wmissing-prototypes
CFLAGS  ?= -O2 -g
comma   := ,
SAN     ?=
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
# Asked once, and only when something is compiled: `make deps` must work without pkg-config.
PC_CFLAGS = $(eval PC_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PC_CFLAGS)
PC_LIBS   = $(eval PC_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PC_LIBS)
KP_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SANFLAGS) -D_GNU_SOURCE -DKP_VERSION='"$(VERSION)"' \
	    -Ilib $(PC_CFLAGS)
KP_LIBS   = $(PC_LIBS) -lpthread $(SANFLAGS)

PROGRAMS := kpatch-build create-diff-object kpatch

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/*.c))
LIBKP := $(BUILD)/libkp.a
# Everything of a program but its main is a library that unit tests link.
LIBCDO_OBJS := $(filter-out %/main.o,$(call objs,create-diff-object))
LIBBUILD_OBJS := $(filter-out %/main.o %-main.o,$(call objs,kpatch-build))
LIBCMD_OBJS := $(filter-out %/main.o,$(call objs,kpatch))
LIBS := $(addprefix $(BUILD)/,libcdo.a libbuild.a libcmd.a) $(LIBKP)
UNITS := $(patsubst test/unit/%.c,$(BUILD)/unit/%,$(wildcard test/unit/*.c))

## all: build the programs into build/bin (default)
all: programs
programs: $(addprefix $(BUILD)/bin/,$(PROGRAMS) kpatch-post-link) $(BUILD)/share/kpatch

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(KP_CFLAGS) -I$(dir $<) -MMD -MP -c -o $@ $<

# A unit test reaches the headers of every program; where two have one of the same
# name it writes "create-diff-object/NAME.h" or "kpatch-build/NAME.h".
$(BUILD)/obj/test/unit/%.o: test/unit/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(KP_CFLAGS) -Itest/unit -Icreate-diff-object -Ikpatch-build -Ikpatch -I. -MMD -MP -c -o $@ $<

$(LIBKP): $(call objs,lib)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libcdo.a: $(LIBCDO_OBJS)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libbuild.a: $(LIBBUILD_OBJS)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libcmd.a: $(LIBCMD_OBJS)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

define program
$(BUILD)/bin/$(1): $$(filter-out %-main.o,$$(call objs,$(1))) $$(LIBKP)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(KP_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# A part of kpatch-build that kpatch.ko needs as well.
$(BUILD)/bin/kpatch-post-link: $(BUILD)/obj/kpatch-build/post-link-main.o $(BUILD)/libbuild.a $(LIBKP)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(KP_LIBS)

# The build directory has the shape of an installation, so programs find headers and glue alike.
$(BUILD)/share/kpatch:
	@mkdir -p $(@D)
	ln -sfn $(CURDIR)/kmod $@

## core: build kpatch.ko for the installed kernels (or KERNELS="RELEASE ..."; KP_TEST=1: test variant)
KERNELS ?= $(patsubst /lib/modules/%/build,%,$(wildcard /lib/modules/*/build))
CORE_DIR = $(BUILD)/core$(if $(filter 1,$(KP_TEST)),-test)
core: $(foreach r,$(KERNELS),core-$(r))
$(foreach r,$(KERNELS),core-$(r)): core-%: $(BUILD)/bin/kpatch-post-link
	POST_LINK=$< contrib/core-build kmod $* $(CORE_DIR)/$*/kpatch.ko W=1 $(if $(KP_TEST),KP_TEST=$(KP_TEST))

# The programs have modules of the same names: tests of the kpatch command are called kpatch-*.
UNIT_LIBS = $(BUILD)/libcdo.a $(BUILD)/libbuild.a $(LIBKP)
$(BUILD)/unit/kpatch-%: UNIT_LIBS = $(BUILD)/libcmd.a $(LIBKP)
$(BUILD)/unit/%: $(BUILD)/obj/test/unit/%.o $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(UNIT_LIBS) -Wl,--end-group $(KP_LIBS)

units: $(UNITS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

## deps: install what building and testing needs (contrib/install-deps)
deps:
	contrib/install-deps all

## install: programs, headers, glue, core sources (for DKMS), man pages below DESTDIR PREFIX
bindir     = $(DESTDIR)$(PREFIX)/bin
sbindir    = $(DESTDIR)$(PREFIX)/sbin
libexecdir = $(DESTDIR)$(PREFIX)/libexec/kpatch
datadir    = $(DESTDIR)$(PREFIX)/share/kpatch
mandir     = $(DESTDIR)$(PREFIX)/share/man
# What DKMS takes: the sources of kpatch.ko.
srcdir     = $(DESTDIR)$(PREFIX)/src/kpatch-$(VERSION)
# What share/kpatch gets: the same names as in kmod/.
DATA_FILES := $(sort $(shell cd kmod && find include patch -type f \
		\( -name '*.[chS]' -o -name '*.lds*' -o -name 'Kbuild*' -o -name 'Makefile*' \) 2>/dev/null))
SRC_FILES  := $(sort $(shell cd kmod && find include core -type f \( -name '*.[chS]' -o -name Kbuild \) ! -name '*.mod.c'))
MAN_PAGES  := $(notdir $(wildcard man/*.[1-8]))
# systemd's folder, and the shells' for completion; the one file of each shell serves both programs.
UNITDIR    ?= $(PREFIX)/lib/systemd/system
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
bashdir    = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
fishdir    = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
zshdir     = $(DESTDIR)$(ZSHDIR)
COMPLETED  := kpatch kpatch-build
unit       = $(DESTDIR)$(UNITDIR)/kpatch.service

install: all
	$(INSTALL) -d $(bindir) $(sbindir) $(libexecdir)
	$(INSTALL) -m 755 $(BUILD)/bin/kpatch-build $(bindir)/kpatch-build
	$(INSTALL) -m 755 $(BUILD)/bin/create-diff-object $(libexecdir)/create-diff-object
	$(INSTALL) -m 755 $(BUILD)/bin/kpatch $(sbindir)/kpatch
	$(INSTALL) -m 755 $(BUILD)/bin/kpatch-post-link $(sbindir)/kpatch-post-link
	$(foreach f,$(DATA_FILES),$(INSTALL) -D -m 644 kmod/$(f) $(datadir)/$(f) &&) true
	$(foreach f,$(SRC_FILES),$(INSTALL) -D -m 644 kmod/$(f) $(srcdir)/$(f) &&) true
	$(INSTALL) -m 755 contrib/core-build $(srcdir)/core-build
	sed 's/@VERSION@/$(VERSION)/' contrib/dkms.conf >$(srcdir)/dkms.conf
	$(foreach f,$(MAN_PAGES),$(INSTALL) -D -m 644 man/$(f) $(mandir)/man$(subst .,,$(suffix $(f)))/$(f) &&) true
	$(INSTALL) -d $(dir $(unit)) $(bashdir) $(fishdir) $(zshdir)
	sed 's,@sbindir@,$(PREFIX)/sbin,' contrib/systemd/kpatch.service >$(unit)
	$(foreach p,$(COMPLETED),$(INSTALL) -m 644 contrib/completion/kpatch.bash $(bashdir)/$(p) &&) true
	$(foreach p,$(COMPLETED),$(INSTALL) -m 644 contrib/completion/kpatch.fish $(fishdir)/$(p).fish &&) true
	$(foreach p,$(COMPLETED),$(INSTALL) -m 644 contrib/completion/_kpatch $(zshdir)/_$(p) &&) true

## uninstall: remove what install put there
uninstall:
	rm -f $(bindir)/kpatch-build $(sbindir)/kpatch $(sbindir)/kpatch-post-link
	rm -rf $(libexecdir) $(datadir) $(srcdir)
	rm -f $(foreach f,$(MAN_PAGES),$(mandir)/man$(subst .,,$(suffix $(f)))/$(f)) $(unit)
	rm -f $(foreach p,$(COMPLETED),$(bashdir)/$(p) $(fishdir)/$(p).fish $(zshdir)/_$(p))

## deb, rpm: packages of the files that are in git, as they are now, into build/packages
deb rpm:
	JOBS=$(JOBS) contrib/package $@ $(abspath $(BUILD))/packages

## check: everything: lint, unit, diff, build, VM and system tests; unit, diff and fuzz tests under sanitizers
# Each group may be run alone: make check-unit, check-diff, check-build, check-vm, check-san; check-long: all that takes long.
check: $(if $(filter yes,$(DEPS)),deps)
	@BUILD=$(BUILD) JOBS=$(JOBS) MAKE="$(MAKE)" contrib/check all

## check-quick: what needs neither a kernel build nor a VM: lint, unit and diff tests
check-quick:
	@BUILD=$(BUILD) JOBS=$(JOBS) MAKE="$(MAKE)" contrib/check quick

## check-system: a day on Debian with systemd, in a VM: packages, patches at boot, upgrade, roll back, removal
check-lint check-unit check-diff check-build check-vm check-system check-long check-san: check-%:
	@BUILD=$(BUILD) JOBS=$(JOBS) MAKE="$(MAKE)" contrib/check $*

## check-debug: the core's VM tests on a kernel with all checkers, which is built once
check-debug: $(if $(filter yes,$(DEPS)),deps)
	@$(MAKE) --no-print-directory all
	@KP_BUILD=$(abspath $(BUILD)) test/debug/check

san:
	+$(MAKE) SAN=1 BUILD=$(BUILD)/san all units

## format: bring the C files into the form that make check-lint asks for
format:
	clang-format -i $(wildcard $(addsuffix /*.[ch],lib kpatch kpatch-build create-diff-object))

## demo: build a patch from a diff in examples/, load and unload it in a VM, show each step
demo:
	@BUILD=$(BUILD) MAKE="$(MAKE)" contrib/demo

## bench: build times, and the bundled core against livepatch; tables, and build/bench*.json
bench: $(if $(filter yes,$(DEPS)),deps)
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) test/bench/run
	@KP_BUILD=$(abspath $(BUILD)) test/bench/core

## clean: remove the build directory
clean:
	rm -rf $(BUILD)

## help: this list
help:
	@sed -n 's/^## /  make /p' Makefile
	@echo "variables: PREFIX DESTDIR BUILD JOBS KERNELS KP_TEST DEPS=no (do not install packages) SAN=1"

.PHONY: all core $(foreach r,$(KERNELS),core-$(r)) programs units deps install uninstall deb rpm check check-quick check-lint check-unit \
	check-diff check-build check-vm check-system check-long check-san check-debug san format demo bench clean help
.DELETE_ON_ERROR:
.SECONDARY:
