#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An unchanged static function is called where it is, under an alias that names object and position,
# in a call, a tail call and from a new function.
. "$(dirname "$0")/lib.sh"

compile <<'END'
static noinline int helper(int a) { static int n; return n += a; }
static noinline int tail(int a) { static int m; return m -= a; }
#ifdef PATCHED
static noinline int new_function(int a) { return tail(a + 1); }
#endif
int changed(int a)
{
#ifdef PATCHED
	a = new_function(a);
#endif
	return helper(a) + tail(a) + 1;
}
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
__mcount_loc 64 .text.new_function
__mcount_loc 64 .text.changed
.text.new_function PLT32 __fentry__
.text.new_function PC32 late.tail..target.0
.text.changed PLT32 __fentry__
.text.changed PC32 .text.new_function
.text.changed PC32 late.helper..target.0
.text.changed PC32 late.tail..target.0
END
undefined <<'END'
late.helper..target.0 target helper 0
late.tail..target.0 target tail 0
END
