#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What vmlinux or another module exports is left to the module loader, which keeps the module. Exports
# of vmlinux in a namespace need an import that the patch does not have: they become references of the
# patch's own, and so does what nobody exports.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int plain(int a), in_namespace(int a), of_module(int a), internal(int a), of_patch(int a);
int weak_one(int a) __attribute__((weak));
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return plain(a) + in_namespace(a) + of_module(a) + internal(a) + of_patch(a) +
		(weak_one ? weak_one(a) : 0);
}
END
another others <<'END'
int plain(int a) { return a * 2; }
int in_namespace(int a) { return a * 3; }
int internal(int a) { return a * 4; }
END
exports vmlinux plain
printf '0x12345678\tin_namespace\tvmlinux\tEXPORT_SYMBOL_GPL\tDMA_BUF\n' >>Module.symvers
exports drivers/misc/other-module of_module
kernel test.plain.o others.o
differ
relocations .text.changed <<'END'
.text.changed PLT32 __fentry__
.text.changed PLT32 plain
.text.changed PLT32 in_namespace
.text.changed PLT32 of_module
.text.changed PLT32 internal
.text.changed PLT32 of_patch
.text.changed 32S weak_one
.text.changed PLT32 weak_one
END
undefined <<'END'
in_namespace vmlinux in_namespace 0
internal vmlinux internal 0
END

# the patched function is in a module: the kernel's symbols are looked up in the kernel
kernel others.o
module
differ --vmlinux vmlinux
relocations .text.changed <<'END'
.text.changed PLT32 __fentry__
.text.changed PLT32 plain
.text.changed PLT32 in_namespace
.text.changed PLT32 of_module
.text.changed PLT32 internal
.text.changed PLT32 of_patch
.text.changed 32S weak_one
.text.changed PLT32 weak_one
END
undefined <<'END'
in_namespace vmlinux in_namespace 0
internal vmlinux internal 0
END

# a module cannot mean what the kernel does not export, whatever its name
another hidden <<'END'
int of_module(int a) { return a * 6; }
END
kernel others.o hidden.o
module
differ --vmlinux vmlinux
undefined <<'END'
in_namespace vmlinux in_namespace 0
internal vmlinux internal 0
END

# what the patched module exports itself is not imported: that would pin it
compile <<'END'
int of_target(int a), of_module(int a);
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return of_target(a) + of_module(a);
}
END
another own <<'END'
int of_target(int a) { return a * 7; }
END
exports drivers/misc/target of_target
module test.plain.o own.o
differ --vmlinux vmlinux
undefined <<'END'
late.of_target..target.0 target of_target 0
END
