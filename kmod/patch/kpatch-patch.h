/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a patch module says about itself: the tables that create-diff-object
 * writes and that the glue of either core reads. The layout is part of the
 * module format; the toolchain writes it field by field with relocations.
 *
 * kmod/patch/patch.lds collects the tables of all objects, names their starts
 * and ends each with an entry of zeroes.
 */
#ifndef KPATCH_PATCH_H
#define KPATCH_PATCH_H

#include <linux/types.h>

#include "kpatch-how.h"

/**
 * struct kpatch_patch_func - one replaced function (.kpatch.funcs)
 * @new_addr:	the replacement; 0 ends the table
 * @new_size:	its size in bytes
 * @old_addr:	link-time address of the original, 0 if not known. For core=kpatch
 *		kpatch-post-link makes it the run-time address, 0 in modules.
 * @old_size:	size of the original in bytes
 * @sympos:	position among the symbols of that name in the object, as the
 *		kernel counts: 0 for a unique name, else from 1
 * @name:	name of the original
 * @objname:	"vmlinux" or the name of a module
 */
struct kpatch_patch_func {
	unsigned long new_addr;
	unsigned long new_size;
	unsigned long old_addr;
	unsigned long old_size;
	unsigned long sympos;
	const char *name;
	const char *objname;
};

/**
 * struct kpatch_patch_callback - one callback (.kpatch.callbacks.*)
 * @fn:		the function; its type depends on the kind of callback and the
 *		core. NULL ends the table.
 * @objname:	as in struct kpatch_patch_func; filled in by create-diff-object
 */
struct kpatch_patch_callback {
	void *fn;
	const char *objname;
};

/**
 * struct kpatch_patch_place - where a callback is declared (.kpatch.places)
 * @callback:	in .kpatch.callbacks.*
 * @file, @line: there
 *
 * For people. The macros of existing kpatch patches do not make it.
 */
struct kpatch_patch_place {
	const struct kpatch_patch_callback *callback;
	const char *file;
	unsigned int line;
};

/**
 * struct kpatch_patch_state - one state (.kpatch.states)
 * @name:	what KPATCH_STATE() calls it; NULL ends the table
 * @id:		derived from the name, by create-diff-object
 * @setup, @enable, @disable, @release: as in struct kp_state_callbacks, or NULL
 * @file, @line: where it is declared
 * @objname:	in which object; filled in by create-diff-object
 * @version, @block_disable: as in struct kp_state
 */
struct kpatch_patch_state {
	const char *name;
	unsigned long id;
	void *setup, *enable, *disable, *release;
	const char *file;
	const char *objname;
	unsigned int version;
	unsigned int line;
	bool block_disable;
};

/**
 * struct kpatch_patch_shadow - one type of shadow variable (.kpatch.shadow_types)
 * @site:	the code of the call, for create-diff-object; 0 in a patch
 * @id, @ctor, @dtor: as in struct kp_shadow_type
 * @name:	how the source spells the id
 * @file, @line: where it is declared; @file is NULL in the entry that ends the table
 * @objname:	the object that has the type; filled in by create-diff-object
 * @state:	the state that owns it, by name; NULL: none
 * @size:	bytes of a variable; 0: not known, or not always the same
 * @how:	KPATCH_HOW_*
 *
 * A call that only looks for a variable (KPATCH_HOW_GET) declares no type.
 * Several entries of an object with one id mean one type. Where they do not have the same ctor or dtor one
 * of them has none. @state and @size are the same in all entries of the patch with one id.
 */
struct kpatch_patch_shadow {
	void *site;
	unsigned long id;
	void *ctor, *dtor;
	const char *name;
	const char *file;
	const char *objname;
	const char *state;
	unsigned long size;
	unsigned int line;
	unsigned int how;
};

static inline bool kpatch_declares_type(const struct kpatch_patch_shadow *entry)
{
	return (entry->how & KPATCH_HOW_CALL) != KPATCH_HOW_GET;
}

/* Defined by patch.lds. */
extern const struct kpatch_patch_func __kpatch_funcs[];
extern const struct kpatch_patch_callback __kpatch_callbacks_pre_patch[];
extern const struct kpatch_patch_callback __kpatch_callbacks_post_patch[];
extern const struct kpatch_patch_callback __kpatch_callbacks_pre_unpatch[];
extern const struct kpatch_patch_callback __kpatch_callbacks_post_unpatch[];
extern const struct kpatch_patch_state __kpatch_states[];
extern const struct kpatch_patch_shadow __kpatch_shadow_types[];

#endif
