/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the fields of declarations and tables are, in objects and in the patch: structs of
 * kmod/patch/kpatch-patch.h, struct kp_keep and struct kp_late of
 * kmod/include/kpatch/kpatch-core.h.
 */
#ifndef KP_DECLARED_LAYOUT_H
#define KP_DECLARED_LAYOUT_H

#include "../kmod/include/kpatch/kpatch-how.h"

/* .kpatch.funcs */
enum {
	FUNC_NEW = 0,
	FUNC_NEW_BYTES = 8,
	FUNC_OLD = 16,
	FUNC_OLD_BYTES = 24,
	FUNC_SYMPOS = 32,
	FUNC_NAME = 40,
	FUNC_OBJNAME = 48,
	FUNC_SIZE = 56,
};

/* .kpatch.callbacks.* */
enum {
	CALLBACK_FN = 0,
	CALLBACK_OBJNAME = 8,
	CALLBACK_SIZE = 16,
};

/* .kpatch.places */
enum {
	PLACE_OF = 0, /* what is there */
	PLACE_FILE = 8,
	PLACE_LINE = 16,
	PLACE_SIZE = 24,
};

/* .kpatch.modules */
enum {
	MODULE_OBJNAME = 0,
	MODULE_BUILD_ID = 8,
	MODULE_BUILD_ID_BYTES = 20,
	MODULE_SIZE = 32,
};

/* .kpatch.late */
enum {
	LATE_PLACE = 0,
	LATE_TYPE = 8, /* and then: sympos, addend */
	LATE_NAME = 32,
	LATE_OBJNAME = 40,
	LATE_SIZE = 48,
};

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
	SHADOW_STATE = 56,
	SHADOW_BYTES = 64, /* of a variable */
	SHADOW_LINE = 72,
	SHADOW_HOW = 76,
	SHADOW_SIZE = 80,
};

/* Each kept variable is in a section of its own: this, and 16 digits. */
#define KEPT_SECTION ".data..kept."

/* .kpatch.keep */
enum {
	KEEP_INIT = 0,
	KEEP_BYTES = 8, /* of the variable */
	KEEP_ALIGN = 16,
	KEEP_TYPE = 24,
	KEEP_NAME = 32,
	KEEP_FILE = 40,
	KEEP_OBJNAME = 48,
	KEEP_LINE = 56,
	KEEP_SIZE = 64,
};

/* SHADOW_HOW */
enum {
	HOW_ALLOC = KPATCH_HOW_ALLOC,
	HOW_GET = KPATCH_HOW_GET,
	HOW_CALL = KPATCH_HOW_CALL,
	HOW_UNKNOWN = KPATCH_HOW_UNKNOWN,
	HOW_NAMED = KPATCH_HOW_NAMED,
	HOW_ANY_SIZE = KPATCH_HOW_ANY_SIZE,
};

#endif
