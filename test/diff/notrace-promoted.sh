#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A changed function without fentry call cannot be redirected. It is static and all its callers are
# visible: they are replaced instead and bring the new version along.
. "$(dirname "$0")/lib.sh"

compile <<'END'
static notrace noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 7;
}
int user(int a) { return changed(a) + 1; }
static noinline int user2(int a) { return changed(a) - 1; }
int outer(int a) { return user2(a) * 2; }
END
module
differ
changed <<'END'
user2 target 0 user2
user target 0 user
END
relocations <<'END'
.text.user2 PLT32 __fentry__
.text.user2 PC32 .text.changed
__mcount_loc 64 .text.user2
__mcount_loc 64 .text.user
.text.user PLT32 __fentry__
.text.user PC32 .text.changed
END
undefined <<'END'
END
symbols <<'END'
local func changed .text.changed+0
local func user2 .text.user2+0
local func user .text.user+0
END
says "changed function: user (calls a function that cannot be traced)"
