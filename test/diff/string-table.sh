#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A changed constant table of strings, looked up by functions only, comes along with them.
. "$(dirname "$0")/lib.sh"

compile <<'END'
static const char *const names[] = {
	"one", "two",
#ifdef PATCHED
	"three",
#else
	"drei",
#endif
};
const char *name(int a) { return names[a]; }
const char *same(int a) { return "two"; }
END
module
differ
changed <<'END'
name target 0 name
END
relocations <<'END'
.text.name PLT32 __fentry__
.text.name 32S .rodata.names
__mcount_loc 64 .text.name
.rodata.names 64 .rodata.str1.1"one"
.rodata.names 64 .rodata.same.str1.1"two"
.rodata.names 64 .rodata.str1.1"three"
END
