#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The command line of old scripts is understood, and mistakes in it are said, not guessed at.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
END
module
differ -d -a
says "test.orig.o: changed function: changed" "test.orig.o: included: changed in .text.changed"
differ --debug --klp-arch
differ --object fs/some.o
says "some.o: changed function: changed"

run() {
	create-diff-object "$@" >out 2>&1
}
all=(test.orig.o test.patched.o target target.ko Module.symvers patch output.o)
status 64 run
status 64 run "${all[@]:0:6}"
status 64 run "${all[@]}" one-more
status 64 run --no-such-option "${all[@]}"
status 0 run --usage
says "[--object=NAME]"
status 0 run --help
says "ORIGINAL.o PATCHED.o OBJNAME SYMTAB Module.symvers MODNAME"
rm -f output.o

# the symbols of something else
kernel
mv vmlinux kernel.elf
status 1 run test.orig.o test.patched.o target kernel.elf Module.symvers patch output.o
says "kernel.elf is a kernel, but the object belongs to target"
status 1 run test.orig.o test.patched.o vmlinux target.ko Module.symvers patch output.o
says "target.ko is a module, but the object belongs to vmlinux"

# files that are not there, or not what they should be
status 1 run missing.o test.patched.o target target.ko Module.symvers patch output.o
says "missing.o"
status 1 run test.orig.o test.patched.o target missing.ko Module.symvers patch output.o
says "missing.ko"
status 1 run test.orig.o test.patched.o target target.ko missing.symvers patch output.o
says "missing.symvers"
status 1 run Module.symvers test.patched.o target target.ko Module.symvers patch output.o
says "Module.symvers: not an ELF object"
status 1 run kernel.elf test.patched.o target target.ko Module.symvers patch output.o
says "kernel.elf: not a relocatable object"
status 1 run test.orig.o test.patched.o target Module.symvers Module.symvers patch output.o
says "Module.symvers"

# output or report that cannot be written
status 1 run test.orig.o test.patched.o target target.ko Module.symvers patch no/such/directory/output.o
says "no/such/directory/output.o"
status 1 run --report no/such/report.json "${all[@]}"
says "no/such/report.json"
rm -f output.o
[ -z "$(ls ./*output.o* 2>/dev/null)" ] || fail "something was left behind"
