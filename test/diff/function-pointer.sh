#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The address of a changed function stays that of the original, in code and in new data: it is
# compared, and may outlive the patch. Direct calls go to the new version at once.
. "$(dirname "$0")/lib.sh"

compile <<'END'
void set_handler(int (*fn)(int));
static noinline int changed(int a)
{
#ifdef PATCHED
	a *= 5;
#endif
	return a + 1;
}
#ifdef PATCHED
static int (*handlers[2])(int) = { changed, 0 };
static noinline int new_function(int a) { return a - 4; }
static int (*new_handler)(int) = new_function;
#endif
int user(int a)
{
#ifdef PATCHED
	set_handler(handlers[a]);
	set_handler(new_handler);
	set_handler(new_function);
	handlers[1] = new_handler = 0;
#endif
	set_handler(changed);
	return changed(a);
}
END
module
differ
changed <<'END'
changed target 0 changed
user target 0 user
END
relocations <<'END'
.text.changed PLT32 __fentry__
__mcount_loc 64 .text.changed
__mcount_loc 64 .text.new_function
__mcount_loc 64 .text.user
.text.new_function PLT32 __fentry__
.text.user PLT32 __fentry__
.text.user 32S .data.handlers
.text.user PLT32 set_handler
.text.user PC32 .data.new_handler
.text.user PLT32 set_handler
.text.user 32S .text.new_function
.text.user PLT32 set_handler
.text.user 32S late.changed..target.0
.text.user PC32 .data.new_handler-4
.text.user PC32 .data.handlers+4
.text.user PLT32 set_handler
.text.user PC32 .text.changed
.data.new_handler 64 .text.new_function
.data.handlers 64 late.changed..target.0
END
undefined <<'END'
late.changed..target.0 target changed 0
END

# in the kernel, where a global name stays what it is: the pointer is to the kernel's symbol, the call
# to the local one of the same name
sed -i 's/^static noinline int changed/noinline int changed/' test.c
compile <<<"$(sed '1,/^#line/d' test.c)"
kernel
differ
relocations .text.user <<'END'
.text.user PLT32 __fentry__
.text.user 32S .data.handlers
.text.user PLT32 set_handler
.text.user PC32 .data.new_handler
.text.user PLT32 set_handler
.text.user 32S .text.new_function
.text.user PLT32 set_handler
.text.user 32S changed
.text.user PC32 .data.new_handler-4
.text.user PC32 .data.handlers+4
.text.user PLT32 set_handler
.text.user PLT32 changed@.text.changed
END
undefined <<'END'
changed vmlinux changed 0
END
symbols <<'END'
local func changed .text.changed+0
local func new_function .text.new_function+0
local func user .text.user+0
local object new_handler .data.new_handler+0
local object handlers .data.handlers+0
END
