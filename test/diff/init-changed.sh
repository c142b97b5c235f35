#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# __init code has run and is gone: a change of it is refused by name, unless the author says that it
# does not matter.
. "$(dirname "$0")/lib.sh"

source='
noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
__section(".init.text") int setup(void)
{
#ifdef PATCHED
	return changed(1) * 5;
#else
	return changed(2) * 5;
#endif
}
#ifdef IGNORE
static void *__kpatch_ignore_func_setup __used __section(".kpatch.ignore.functions") = setup;
#endif'
compile <<<"$source"
module
refused "test.orig.o: setup: changed __init function" "KPATCH_IGNORE_FUNCTION"

compile -DIGNORE <<<"$source"
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.changed PLT32 __fentry__
__mcount_loc 64 .text.changed
END

# new __init code would never run
compile <<'END'
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
#ifdef PATCHED
__section(".init.text") int setup(void) { return changed(3); }
#endif
END
module
differ
symbols <<'END'
local func changed .text.changed+0
END
