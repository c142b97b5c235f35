#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The compiler emits a static call as "call __SCT__name"; objtool makes a site of it when the patch is
# linked, and needs the key next to it. A key in a module cannot be set up before the module is there:
# its call goes by the trampoline, under an alias that objtool does not take for a static call.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int __SCT__hook(int a);
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return __SCT__hook(a) + 1;
}
END
another hook <<'END'
struct { void *func, *sites; } __SCK__hook, __SCK__exported;
int __SCT__hook(int a) { return a; }
END
kernel test.plain.o hook.o
differ
relocations <<'END'
.text.changed PLT32 __fentry__
.text.changed PLT32 __SCT__hook
__mcount_loc 64 .text.changed
END
undefined <<'END'
__SCK__hook vmlinux __SCK__hook 0
__SCT__hook vmlinux __SCT__hook 0
END

module test.plain.o hook.o
differ
relocations <<'END'
.text.changed PLT32 __fentry__
.text.changed PLT32 late.__SCT__hook..target.0
__mcount_loc 64 .text.changed
END
undefined <<'END'
late.__SCT__hook..target.0 target __SCT__hook 0
END

# an exported trampoline is left to the module loader, with the key still named
exports vmlinux __SCT__hook
kernel test.plain.o hook.o
differ
undefined <<'END'
__SCK__hook vmlinux __SCK__hook 0
END

# the same from a module's code, where the key is found in the kernel's exports
exports vmlinux __SCK__hook
module test.plain.o
differ
undefined <<'END'
END
imports=$(readelf -sW output.o | awk '$7 == "UND" && $8 ~ /^__SC/ { print $8 }' | sort | tr '\n' ' ')
[ "$imports" = "__SCK__hook __SCT__hook " ] || fail "imported: $imports"
