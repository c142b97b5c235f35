#!/bin/bash
# On a kernel with indirect branch tracking new code must not take the address of a function that has
# no ENDBR, or whose ENDBR the boot code removes. Calling it is fine.
. "$(dirname "$0")/lib.sh"

compile -DFUNCTION=good <<'END'
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
for function in good sealed without; do
	gcc "${kernel_flags[@]}" -DFUNCTION=$function -DPATCHED -ffunction-sections -fdata-sections -c \
		-o test.patched.o test.c
	kernel test.plain.o ibt.o
	if [ $function = good ]; then
		differ
	else
		refused "test.orig.o: changed: takes the address of $function, which must not be called indirectly"
	fi
done
