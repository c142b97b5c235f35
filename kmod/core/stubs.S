/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stubs and choosers, one of each for every slot. choose.c and stubs-end.S go on in this section:
 * a task with an address between kp_stubs_start and kp_stubs_end on its stack is on the way.
 *
 * A stub is entered by the call at the entry of the patched function, or from ftrace_regs_caller
 * when somebody traces the function. On the stack lie the address behind the entry call and the
 * address that the function will return to. The first is replaced by what is in the slot and
 * "returned" to, so that calls and returns stay paired for the return predictor. r11 is free at the
 * entry of a function.
 *
 * Nothing here is reached by an indirect jump or call, so nothing begins with ENDBR.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

#include "redirect.h"

	.section .kpatch.chooser, "ax"
	.balign KP_STUB_SIZE, 0xcc
SYM_CODE_START_NOALIGN(kp_stubs_start)
	.set slot, 0
	.rept KP_NR_SLOTS
	.balign KP_STUB_SIZE, 0xcc
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	movq	kp_slots + slot * KP_SLOT_SIZE(%rip), %r11
	movq	%r11, (%rsp)
	/* The return address is one word up now: this one is where nobody has called from. */
	UNWIND_HINT type=UNWIND_HINT_TYPE_CALL sp_reg=ORC_REG_SP sp_offset=16
	RET

	/* What a slot points to during a transition; the stack is as at the function's entry. */
	.balign KP_CHOOSER_OFFSET, 0xcc
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	leaq	kp_slots + slot * KP_SLOT_SIZE(%rip), %r11
	jmp	.Lchooser
	.set slot, slot + 1
	.endr

/*
 * Asks kp_choose(r11) and goes there. All registers that can carry arguments are kept, also rax (of
 * variadic calls) and r10.
 */
	.balign 16, 0xcc
.Lchooser:
	UNWIND_HINT_FUNC
	pushq	%r11			/* room for the answer */
	pushq	%rax
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	pushq	%r10			/* the stack is aligned to 16 again */
	movq	%r11, %rdi
	call	kp_choose
	movq	%rax, 64(%rsp)
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	popq	%rax
	RET
SYM_CODE_END(kp_stubs_start)
_ASM_NOKPROBE(kp_stubs_start)
