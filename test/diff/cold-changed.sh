#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Only the .cold part differs: the function is replaced, with its cold part, which is no function.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
#define CODE 5
#else
#define CODE 4
#endif
void __attribute__((cold)) complain(int n);
int changed(int a)
{
	if (__builtin_expect(a < 0, 0)) {
		complain(CODE);
		complain(8);
	}
	return a * 3;
}
END
for version in orig patched; do
	objcopy -O binary -j .text.changed test.$version.o $version.code
done
cmp orig.code patched.code || fail "more than the cold part differs"
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.unlikely.changed PLT32 complain
.text.unlikely.changed PLT32 complain
.text.unlikely.changed PC32 .text.changed+16
.text.changed PLT32 __fentry__
.text.changed PC32 .text.unlikely.changed
__mcount_loc 64 .text.changed
END
symbols <<'END'
local func changed.cold .text.unlikely.changed+0
local func changed .text.changed+0
END
