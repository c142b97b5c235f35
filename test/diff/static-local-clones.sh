#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Static locals in the clones that GCC makes (.isra, .constprop, .part): the clone's base name counts.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct big { long a, b, c, d; };
static noinline long sra(struct big *p)
{
	static long total;

#ifdef PATCHED
	total++;
#endif
	return total += p->c;
}
static noinline long prop(long a, int mode)
{
	static long total;

#ifdef PATCHED
	a += 3;
#endif
	return total += mode == 3 ? a * mode : a;
}
static long part(long *p)
{
	static long total;

	if (!p)
		return 0;
	for (int i = 0; i < *p; i++) {
#ifdef PATCHED
		_printk("zero");
#endif
		_printk("one");
		_printk("two");
		_printk("three %ld", *p);
		_printk("four");
		_printk("five");
		total += i;
	}
	return total += *p;
}
long user(struct big *p) { return sra(p) + prop(p->a, 3) + part(&p->b); }
long user2(struct big *p, long *q) { return sra(p) + prop(p->b, 3) + part(q) * 3; }
long user3(long *q) { return part(q) * 5; }
END
for clone in sra.isra prop.constprop part.part; do
	nm test.orig.o | grep -q " $clone\\.0$" || fail "GCC made no $clone"
done
module
differ
changed <<'END'
part.part.0 target 0 part.part.0
prop.constprop.0 target 0 prop.constprop.0
sra.isra.0 target 0 sra.isra.0
END
relocations <<'END'
.text.part.part.0 PLT32 __fentry__
.text.part.part.0 32S .rodata.part.part.0.str1.1"zero"
.text.part.part.0 PLT32 _printk
.text.part.part.0 32S .rodata.part.part.0.str1.1"one"
.text.part.part.0 PLT32 _printk
.text.part.part.0 32S .rodata.part.part.0.str1.1"two"
.text.part.part.0 PLT32 _printk
.text.part.part.0 32S .rodata.part.part.0.str1.1"three %ld"
.text.part.part.0 PLT32 _printk
.text.part.part.0 32S .rodata.part.part.0.str1.1"four"
.text.part.part.0 PLT32 _printk
.text.part.part.0 32S .rodata.part.part.0.str1.1"five"
.text.part.part.0 PLT32 _printk
.text.part.part.0 PC32 late.total.0..target.0
.text.part.part.0 PC32 late.total.0..target.0
.text.part.part.0 PC32 late.total.0..target.0
.text.part.part.0 PC32 late.total.0..target.0
.text.part.part.0 PC32 late.total.0..target.0
__mcount_loc 64 .text.part.part.0
__mcount_loc 64 .text.prop.constprop.0
__mcount_loc 64 .text.sra.isra.0
.text.prop.constprop.0 PLT32 __fentry__
.text.prop.constprop.0 PC32 late.total.1..target.0
.text.prop.constprop.0 PC32 late.total.1..target.0
.text.sra.isra.0 PLT32 __fentry__
.text.sra.isra.0 PC32 late.total.2..target.0
.text.sra.isra.0 PC32 late.total.2..target.0
END
undefined <<'END'
late.total.0..target.0 target total.0 0
late.total.1..target.0 target total.1 0
late.total.2..target.0 target total.2 0
END
