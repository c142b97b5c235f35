#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A function brings its cold part along although that is the same; the two refer to each other.
. "$(dirname "$0")/lib.sh"

compile <<'END'
void __attribute__((cold)) complain(int n);
int changed(int a)
{
#ifdef PATCHED
	a += 100;
#endif
	if (__builtin_expect(a < 0, 0))
		complain(8);
	return a * 3;
}
int same(int a)
{
	if (__builtin_expect(a < 0, 0))
		complain(9);
	return a * 3;
}
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.unlikely.changed PLT32 complain
.text.unlikely.changed PC32 .text.changed+17
.text.changed PLT32 __fentry__
.text.changed PC32 .text.unlikely.changed
__mcount_loc 64 .text.changed
END
sections <<'END'
.text.unlikely.changed AX
.text.changed AX
__mcount_loc A
END
