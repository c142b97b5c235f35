#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The callers of a function that cannot be traced cannot be traced either: theirs are replaced.
. "$(dirname "$0")/lib.sh"

compile <<'END'
static notrace noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 7;
}
static notrace noinline int between(int a) { return changed(a) + 1; }
int outer(int a) { return between(a) * 2; }
END
module
differ
changed <<'END'
outer target 0 outer
END
relocations <<'END'
.text.between PC32 .text.changed
.text.outer PLT32 __fentry__
.text.outer PC32 .text.between
__mcount_loc 64 .text.outer
END
symbols <<'END'
local func changed .text.changed+0
local func between .text.between+0
local func outer .text.outer+0
END
