#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# On a kernel with indirect branch tracking new code must not take the address of a function that has
# no ENDBR, or whose ENDBR the boot code removes, as the module loader does in modules. Calling it is fine.
. "$(dirname "$0")/lib.sh"

cat >ibt.S <<'END'
.globl good, sealed, without, handler, __ibt_endbr_seal, __ibt_endbr_seal_end
.type good, @function
good: endbr64; ret
.type sealed, @function
sealed: endbr64; ret
.type without, @function
without: ret
.data
handler: .quad 0
.section .ibt_endbr_seal, "a"
__ibt_endbr_seal: .long sealed - .
__ibt_endbr_seal_end:
END
gcc -c -o ibt.o ibt.S
# takes_address_of FUNCTION
takes_address_of() {
	compile -DFUNCTION="$1" <<'END'
extern void *volatile handler;
int good(int a), sealed(int a), without(int a);
int changed(int a)
{
#ifdef PATCHED
	handler = FUNCTION;
#endif
	return good(a) + sealed(a) + without(a);
}
END
	kernel test.plain.o ibt.o
}
takes_address_of good
differ
relocations .text.changed <<'END'
.text.changed PLT32 __fentry__
.text.changed PC32 handler-4
.text.changed 32S good
.text.changed PLT32 good
.text.changed PLT32 sealed
.text.changed PLT32 without
END
for function in sealed without; do
	takes_address_of $function
	refused "test.orig.o: changed: takes the address of $function, which must not be called indirectly"
done

# The same in the patched module, which has a list of its own: in its file it is relocations. Whether the
# kernel has IBT is seen in vmlinux.
cp vmlinux with-ibt
kernel
cp vmlinux without-ibt
sed -e '/__ibt_endbr_seal:/s/^[^:]*: //' -e '/__ibt_endbr_seal_end:/d' -e '/^.globl/s/, __ibt.*//' \
	-e '$a .section .note.GNU-stack, ""' ibt.S >own.S
gcc -c -o own.o own.S
takes_address_of good
module own.o test.plain.o
differ --vmlinux with-ibt
for function in sealed without; do
	takes_address_of $function
	module own.o test.plain.o
	differ --vmlinux without-ibt
	ends 2 --vmlinux with-ibt
	says "test.orig.o: changed: takes the address of $function, which must not be called indirectly"
done
