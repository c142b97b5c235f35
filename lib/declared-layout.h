/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the fields of declarations are, in objects and in the patch: struct kpatch_patch_state and
 * struct kpatch_patch_shadow of kmod/patch/kpatch-patch.h.
 */
#ifndef KP_DECLARED_LAYOUT_H
#define KP_DECLARED_LAYOUT_H

/* .kpatch.states */
enum {
	STATE_NAME = 0,
	STATE_ID = 8,
	STATE_SETUP = 16, /* the first of four callbacks */
	STATE_FILE = 48,
	STATE_OBJNAME = 56,
	STATE_VERSION = 64,
	STATE_LINE = 68,
	STATE_BLOCK_DISABLE = 72,
	STATE_SIZE = 80,
};

/* .kpatch.shadow_types, .kpatch.shadow */
enum {
	SHADOW_ID = 8,
	SHADOW_CTOR = 16,
	SHADOW_DTOR = 24,
	SHADOW_NAME = 32,
	SHADOW_FILE = 40,
	SHADOW_OBJNAME = 48,
	SHADOW_LINE = 56,
	SHADOW_HOW = 60,
	SHADOW_SIZE = 64,
};

/* SHADOW_HOW, as in kmod/include/record/linux/livepatch.h. */
enum {
	HOW_FREE_ALL = 3,
	HOW_CALL = 0xff, /* mask: which call */
	HOW_UNKNOWN = 0x100,
	HOW_NAMED = 0x200,
};

#endif
