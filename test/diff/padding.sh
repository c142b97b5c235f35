#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What follows a variable or a function in a shared section decides how much padding there is between
# them. That is no change.
. "$(dirname "$0")/lib.sh"

compile_asm <<'END'
.section .data..read_mostly, "aw"
.type small, @object
small: .byte 1
.size small, 1
#ifdef PATCHED
.balign 8
.type added, @object
added: .quad 2
.size added, 8
#endif
.section .sched.text, "ax"
.type same, @function
same: 1: call __fentry__
	mov small(%rip), %al
	ret
.size same, . - same
.pushsection __mcount_loc, "a"
.quad 1b
.popsection
#ifdef PATCHED
.balign 16
.globl new
.type new, @function
new: mov added(%rip), %rax
	ret
.size new, . - new
#endif
END
module
differ
changed <<'END'
END
symbols <<'END'
local object added .data..read_mostly+0
global func new .sched.text+0
END
relocations <<'END'
.sched.text PC32 .data..read_mostly
END
bytes .data..read_mostly <<'END'
0200000000000000
END
