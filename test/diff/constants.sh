#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Mergeable constants (.rodata.cst16 of the crypto code) are known by their contents, and only those
# that are used come along.
. "$(dirname "$0")/lib.sh"

compile_asm <<'END'
.macro function name
.section .text.\name, "ax"
.globl \name
.type \name, @function
\name: 1: call __fentry__
.pushsection __mcount_loc, "a"
.quad 1b
.popsection
.endm
.section .rodata.cst16, "aM", @progbits, 16
#ifdef PATCHED
added: .octa 5
#endif
one: .octa 1
two: .octa 2
function same
	paddq one(%rip), %xmm0
	paddq two(%rip), %xmm0
	ret
.size same, . - same
function changed
	pshufb two(%rip), %xmm0
	cmpl $5, two+4(%rip)
#ifdef PATCHED
	paddq added(%rip), %xmm0
#endif
	ret
.size changed, . - changed
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
__mcount_loc 64 .text.changed
.text.changed PLT32 __fentry__
.text.changed PC32 .rodata.cst16+16
.text.changed PC32 .rodata.cst16+19
.text.changed PC32 .rodata.cst16
END
sections <<'END'
.rodata.cst16 A
__mcount_loc A
.text.changed AX
END
bytes .rodata.cst16 <<'END'
0500000000000000000000000000000002000000000000000000000000000000
END
