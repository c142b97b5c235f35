# SPDX-License-Identifier: GPL-2.0
# kpatch: build, test, install. `make help` lists the targets.

PREFIX  ?= /usr/local
BUILD   ?= build
VERSION := 0.1.0

CC      ?= gcc
PKGS    := glib-2.0 jansson libelf libdw liblzma libzstd zlib capstone libkmod
WARN    := -Wall -Wextra -Wconversion -Wsign-compare -Wstrict-prototypes -Wmissing-prototypes
CFLAGS  ?= -O2 -g
comma   := ,
SAN     ?=
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
KP_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SANFLAGS) -D_GNU_SOURCE -DKP_VERSION='"$(VERSION)"' \
	    -DKP_PREFIX='"$(PREFIX)"' -Ilib $(shell pkg-config --cflags $(PKGS))
KP_LIBS   = $(shell pkg-config --libs $(PKGS)) $(SANFLAGS)

PROGRAMS := kpatch-build create-diff-object kpatch

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/*.c))
LIBKP := $(BUILD)/libkp.a
# Everything of create-diff-object but its main is a library that unit tests link.
LIBCDO_OBJS := $(filter-out %/main.o,$(call objs,create-diff-object))
LIBBUILD_OBJS := $(filter-out %/main.o,$(call objs,kpatch-build))

all: $(addprefix $(BUILD)/bin/,$(PROGRAMS))

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(KP_CFLAGS) -I$(dir $<) -MMD -MP -c -o $@ $<

$(LIBKP): $(call objs,lib)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libcdo.a: $(LIBCDO_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libbuild.a: $(LIBBUILD_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

define program
$(BUILD)/bin/$(1): $$(call objs,$(1)) $$(LIBKP)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(KP_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
.DELETE_ON_ERROR:
