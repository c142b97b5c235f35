#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A name that the target has several times is told apart by run-pre matching; its position is counted
# as the kernel counts it: in a module every symbol of that name in the order of the symbol table, in
# vmlinux by address.
. "$(dirname "$0")/lib.sh"

another a <<'END'
static noinline int helper(int a) { return a + 3; }
static int state = 4;
int user_a(int a) { state++; return helper(a) + state; }
END
another b <<'END'
static noinline int helper(int a) { return a - 3; }
static int state = 9;
int user_b(int a) { state--; return helper(a) * 5 + state; }
END
compile <<'END'
static noinline int helper(int a)
{
#ifdef PATCHED
	a |= 1;
#endif
	return a * 9;
}
static int state = 1;
static noinline int still(int a) { return state += a; }
int user(int a)
{
#ifdef PATCHED
	state = 0;
#endif
	return helper(a) + still(a);
}
END
another c <<'END'
static noinline int still(int a) { return a * a; }
int user_c(int a) { return still(a); }
END
module a.o test.plain.o b.o c.o
differ
changed <<'END'
helper target 2 helper
user target 0 user
END
undefined <<'END'
late.state..target.2 target state 2
late.still..target.1 target still 1
END
relocations .text.user <<'END'
.text.user PLT32 __fentry__
.text.user PC32 late.state..target.2-4
.text.user PC32 .text.helper
.text.user PC32 late.still..target.1
END

# in vmlinux, after two others; a global name keeps its own
kernel c.o a.o b.o test.plain.o
differ
changed <<'END'
helper vmlinux 3 helper
user vmlinux 0 user
END
undefined <<'END'
state..vmlinux.3 vmlinux state 3
still..vmlinux.2 vmlinux still 2
END
# address and size of the third in vmlinux, size of the new one
nm -S vmlinux | grep ' helper$' | sort >places
addresses <<END
helper $(sed -n '3s/ t helper//p' places) $(nm -S test.patched.o | sed -n 's/^[^ ]* \([^ ]*\) t helper$/\1/p')
user $(nm -S vmlinux | sed -n 's/ T user$//p') $(nm -S test.patched.o | sed -n 's/^[^ ]* \([^ ]*\) T user$/\1/p')
END
