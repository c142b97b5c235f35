#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A tracepoint of a module: its jump label is left out, and the place becomes a NOP (the compiler
# writes a jump there for objtool, which now does not see it), so that the tracepoint stays silent.
# The jump may be a short one or, into a cold part, one with a relocation.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct tracepoint { char *name; struct { int enabled; long entries; } key; } __tracepoint_event;
#define branch(key) ({ asm goto("1: jmp %l[yes]\n.pushsection __jump_table, \"aw\"\n" \
	".balign 8\n.long 1b - .\n.long %l[yes] - .\n.quad %c0 + 2 - .\n.popsection" : : "i" (&key) : : yes); })
int changed(int a)
{
	branch(__tracepoint_event.key);
#ifdef PATCHED
	a++;
#endif
	return a;
yes:
	return _printk("event");
}
void __attribute__((cold)) complain(int n);
int changed_cold(int a)
{
	branch(__tracepoint_event.key);
#ifdef PATCHED
	a++;
#endif
	return a;
yes:
	complain(a);
	return 0;
}
END
module
differ
changed <<'END'
changed target 0 changed
changed_cold target 0 changed_cold
END
relocations <<'END'
.text.changed PLT32 __fentry__
.text.changed 32S .rodata.changed.str1.1"event"
.text.changed PLT32 _printk
__mcount_loc 64 .text.changed
__mcount_loc 64 .text.changed_cold
.text.unlikely.changed_cold PLT32 complain
.text.changed_cold PLT32 __fentry__
END
bytes .text.changed <<'END'
e8000000004883ec0866908d47014883c408c30f1f44000048c7c70000000031c04883c408e900000000
END
bytes .text.changed_cold <<'END'
e8000000000f1f4400008d4701c3
END
says "warning: test.orig.o: changed: the tracepoint event of target is silent in the patched function"
