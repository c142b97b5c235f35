/* SPDX-License-Identifier: GPL-2.0 */
/* The end of what stubs.S began; linked last of its parts. */
#include <linux/linkage.h>
#include <linux/objtool.h>

	.section .kpatch.chooser, "ax"
SYM_CODE_START_NOALIGN(kp_stubs_end)
	ANNOTATE_NOENDBR
	int3
SYM_CODE_END(kp_stubs_end)
