#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A changed function replaces the original; what did not change stays out.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int helper(int a);
int other(int a) { return helper(a) + 7; }
int changed(int a)
{
#ifdef PATCHED
	if (a > 100)
		return -1;
#endif
	return helper(a) + 1;
}
END
module
differ
changed <<'END'
changed target 0 changed
END
sections <<'END'
__mcount_loc A
.text.changed AX
END
relocations <<'END'
__mcount_loc 64 .text.changed
.text.changed PLT32 __fentry__
.text.changed PLT32 helper
END
symbols <<'END'
local func changed .text.changed+0
END
undefined <<'END'
END
reported changed changed
reported new
reported status written
says "test.orig.o: changed function: changed"
