#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What vmlinux exports is left to the module loader. Exports in a namespace need an import that the
# patch does not have, and those of modules would pin the module: both become references of the
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
.text.changed PLT32 late.of_module..other_module.0
.text.changed PLT32 internal
.text.changed PLT32 of_patch
.text.changed 32S weak_one
.text.changed PLT32 weak_one
END
undefined <<'END'
in_namespace vmlinux in_namespace 0
internal vmlinux internal 0
late.of_module..other_module.0 other_module of_module 0
END

# the patched function is in a module: the kernel's symbols are looked up in the kernel
kernel others.o
module
differ --vmlinux vmlinux
relocations .text.changed <<'END'
.text.changed PLT32 __fentry__
.text.changed PLT32 plain
.text.changed PLT32 in_namespace
.text.changed PLT32 late.of_module..other_module.0
.text.changed PLT32 internal
.text.changed PLT32 of_patch
.text.changed 32S weak_one
.text.changed PLT32 weak_one
END
undefined <<'END'
in_namespace vmlinux in_namespace 0
internal vmlinux internal 0
late.of_module..other_module.0 other_module of_module 0
END
