#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A static function is made global, so that another object of the patch can call it. The kernel has no
# global symbol of that name: the patch brings its own.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifndef PATCHED
static
#endif
noinline int shared(int a) { return a * 3; }
int user(int a) { return shared(a) + 1; }
END
module
differ
changed <<'END'
shared target 0 shared
END
symbols <<'END'
global func shared .text.shared+0
END
relocations <<'END'
.text.shared PLT32 __fentry__
__mcount_loc 64 .text.shared
END
