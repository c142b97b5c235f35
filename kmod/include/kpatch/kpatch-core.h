/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface of kpatch.ko, the bundled core: what a patch module hands over, and shadow
 * variables and states for its code.
 *
 * Names and meaning follow the kernel's own livepatch (include/linux/livepatch.h). The leading
 * fields of struct kp_object are laid out like those of struct klp_object, since callbacks in a patch
 * are compiled against the kernel's header. kmod/include/compat lets a livepatch that was
 * written by hand for the in-kernel core build against this one.
 */
#ifndef KPATCH_CORE_H
#define KPATCH_CORE_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct kp_kept;
struct kp_patch;
struct kp_redirect;

/** Bytes of a build-id, as the linker makes it by default (SHA-1). */
#define KP_BUILD_ID_SIZE 20

/**
 * struct kp_func - one function to be replaced
 * @old_name:	name of the original
 * @new_func:	the replacement, in the patch module
 * @old_sympos:	which of the symbols of that name, as kallsyms counts: 0 the only one, else from 1
 * @old_func:	the original's address where the toolchain knows it (vmlinux); else NULL, and the
 *		core looks the name up when the object is there
 * @old_size:	bytes; 0: asked from kallsyms
 * @new_size:	bytes; 0: asked from kallsyms
 *
 * The other fields belong to the core.
 */
struct kp_func {
	const char *old_name;
	void *new_func;
	unsigned long old_sympos;

	void *old_func;
	unsigned long old_size, new_size;

	struct kobject kobj;
	struct list_head node;		/* kp_object.func_list */
	struct list_head stack_node;	/* kp_redirect.func_stack, while @patched */
	struct kp_redirect *redirect;	/* while @patched */
	bool nop;			/* back to the original: only older patches changed it */
	bool looked_up;			/* @old_func is the core's own finding, not the toolchain's */
	bool patched;			/* on the redirect's stack */
};

struct kp_object;

/**
 * struct kp_callbacks - what an object's patch wants to do at certain points
 * @pre_patch:	before the object is patched; an error refuses the patch or the module
 * @post_patch:	all tasks run the new code
 * @pre_unpatch: before it is unpatched, or replaced
 * @post_unpatch: no task runs the new code any more; only if pre_patch succeeded
 * @post_unpatch_enabled: the core's
 *
 * All in process context, under the core's mutex: they may sleep, but neither load a module, by
 * request_module() say, nor register a module notifier. Both wait for what waits for this mutex.
 */
struct kp_callbacks {
	int (*pre_patch)(struct kp_object *obj);
	void (*post_patch)(struct kp_object *obj);
	void (*pre_unpatch)(struct kp_object *obj);
	void (*post_unpatch)(struct kp_object *obj);
	bool post_unpatch_enabled;
};

/**
 * typedef kp_shadow_ctor_t - initialise a new shadow variable
 * @obj, @shadow_data: the object, the variable's (zeroed) memory
 * @ctor_data:	from the caller
 *
 * Called with the shadow lock held and interrupts off. An error frees the variable.
 */
typedef int (*kp_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);

/** typedef kp_shadow_dtor_t - before a variable is freed. May be called in atomic context. */
typedef void (*kp_shadow_dtor_t)(void *obj, void *shadow_data);

/**
 * struct kp_shadow_type - a kind of shadow variable that a patch uses
 * @id:		identifies it in all patches
 * @ctor, @dtor: or NULL
 * @name:	for people; or NULL
 * @state:	id of the state of the patch that owns the variables; 0: none
 * @size:	bytes of a variable; 0: not known, or not always the same
 *
 * Declared once per patch and object. The core registers it before the first callback of the object
 * and unregisters it after the last; with its last user the variables go.
 */
struct kp_shadow_type {
	unsigned long id;
	kp_shadow_ctor_t ctor;
	kp_shadow_dtor_t dtor;
	const char *name;
	unsigned long state;
	size_t size;

	bool registered; /* the core's */
};

/**
 * struct kp_object - vmlinux or a module, and what is replaced in it
 * @name:	NULL for vmlinux
 * @funcs:	ends with a zeroed one
 * @callbacks:	see there
 * @shadow_types: pointers to types, ends with NULL; or NULL
 * @build_id:	KP_BUILD_ID_SIZE bytes that the module must have; or NULL
 *
 * The first part is laid out as in struct klp_object (6.1 to 6.12).
 */
struct kp_object {
	const char *name;
	struct kp_func *funcs;
	struct kp_callbacks callbacks;

	struct kobject kobj;
	struct list_head func_list;	/* kp_func.node */
	struct list_head node;		/* kp_patch.obj_list */
	struct module *mod;		/* the module while it is there; NULL for vmlinux */
	bool dynamic;			/* made by the core, for nops */
	bool patched;

	struct kp_shadow_type **shadow_types;
	const u8 *build_id;
	bool shadow_registered;		/* the core's: types are registered */
};

/**
 * struct kp_state_callbacks - how a change of system state comes and goes
 * @setup:	before the patch is applied, only when no older patch has this state; an error
 *		refuses the patch
 * @enable:	the patch is applied: start using the state
 * @disable:	before the patch is removed, or replaced by one without this state
 * @release:	after that; not called when setup was not
 *
 * All in process context, under the core's mutex.
 */
struct kp_state;
struct kp_state_callbacks {
	int (*setup)(struct kp_patch *patch, struct kp_state *state);
	void (*enable)(struct kp_patch *patch, struct kp_state *state);
	void (*disable)(struct kp_patch *patch, struct kp_state *state);
	void (*release)(struct kp_patch *patch, struct kp_state *state);
};

/**
 * struct kp_state - a change of the system that is more than code
 * @id:		non-zero, the same in every patch that knows this state
 * @version:	a patch may only replace one with a lower or equal version of its states
 * @data:	the patch's own. One that takes the state over gets it, before its enable, unless it has set
 *		another; one to which it falls back gets it in any case. It must not point into the patch.
 * @callbacks:	or all NULL
 * @name:	for people; or NULL
 * @block_disable: the state cannot be taken back: the patch cannot be disabled, nor replaced by
 *		one without this state
 */
struct kp_state {
	unsigned long id;
	unsigned int version;
	void *data;

	struct kp_state_callbacks callbacks;
	const char *name;
	bool block_disable;

	/* The core's: what was called and not undone. */
	bool set_up, enabled;
};

/**
 * struct kp_late - a place in the patch module that refers to a symbol of another module
 * @place:	where
 * @type:	R_X86_64_*
 * @sympos:	as in struct kp_func
 * @addend:	as in Elf64_Rela
 * @name:	of the symbol
 * @objname:	the module; NULL ends the table
 *
 * Part of the module format (section .kpatch.late): filled in when the module comes, and
 * zeroed again when it goes.
 */
struct kp_late {
	void *place;
	unsigned long type;
	unsigned long sympos;
	long addend;
	const char *name;
	const char *objname;
};

/** The objname of late references to kept variables; sympos is the row in kp_patch.keep then. */
#define KP_LATE_KEPT ".kept"

/**
 * struct kp_keep - a variable that outlives the patch: the core has its storage
 * @init:	initial value, in the patch module; NULL ends the table
 * @size, @align: of the variable, in bytes
 * @type:	hash of its type
 * @name, @file, @objname: which one it is: the variable, the source, "vmlinux" or a module
 * @line:	where KPATCH_KEEP() stands
 *
 * Part of the module format (section .kpatch.keep). All references to the variable are rows of
 * kp_patch.late with KP_LATE_KEPT. Patches with the same @name, @file and @objname use one storage. When another patch
 * has it already @size, @align and @type must be the same, or the patch is refused.
 */
struct kp_keep {
	void *init;
	unsigned long size, align;
	u64 type;
	const char *name;
	const char *file;
	const char *objname;
	unsigned int line;
};

/**
 * struct kp_patch - a patch module's description of itself
 * @mod:	THIS_MODULE
 * @objs:	ends with one whose funcs is NULL
 * @states:	ends with id 0; or NULL
 * @replace:	cumulative: all patches before are replaced
 * @late:	late references; or NULL
 * @keep:	kept variables; or NULL
 */
struct kp_patch {
	struct module *mod;
	struct kp_object *objs;
	struct kp_state *states;
	bool replace;
	const struct kp_late *late;
	const struct kp_keep *keep;

	/* The core's. */
	struct list_head list;		/* kp_patches, in order of loading */
	struct kobject kobj;
	struct list_head obj_list;	/* kp_object.node, dynamic ones included */
	bool enabled;			/* or on the way to it */
	bool forced;			/* a transition away from it was forced: never freed */
	struct kp_kept **kept;		/* storage for each row of @keep, while it may be used */
	struct work_struct free_work;
	struct completion finish;	/* the kobject is gone */
};

/**
 * struct kp_ident - what a patch module was made for; the symbol __kpatch_ident
 *
 * Part of the module format. The core compares it before the module loader writes through any reference of
 * the module.
 */
struct kp_ident {
	u32 magic;   /* KP_IDENT_MAGIC */
	u32 version; /* KP_IDENT_VERSION: of the structures in this file */
	u8 build_id[KP_BUILD_ID_SIZE]; /* of the kernel */
};

#define KP_IDENT_MAGIC	 0x6b706964
#define KP_IDENT_VERSION 2

/**
 * kp_enable_patch() - put a patch in force; called by the init function of its module.
 *
 * Returns when the transition is under way: the tasks switch one by one after that. May sleep.
 * Return: 0; -EINVAL bad or incompatible, -EBUSY another transition is under way or another
 * user has one of the functions, -ENOENT a symbol was not found, -ENOSPC no slot left ...
 */
int kp_enable_patch(struct kp_patch *patch);

/* Shadow variables: memory attached to an object, found by (object, id). */

/** kp_shadow_get() - the variable @id of @obj, NULL if there is none. Any context but NMI. */
void *kp_shadow_get(void *obj, unsigned long id);

/**
 * kp_shadow_alloc() - attach a new variable to @obj; the type's ctor is called with @ctor_data.
 * Return: its memory, zeroed before the ctor; NULL when there is none to be had, the id is not
 * registered, the variable exists already (warns), or the ctor failed.
 */
void *kp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, void *ctor_data);

/** kp_shadow_get_or_alloc() - the same, but an existing variable is returned. */
void *kp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, void *ctor_data);

/** kp_shadow_free() - detach, call the type's dtor, and free after RCU readers are done. */
void kp_shadow_free(void *obj, unsigned long id);

/** kp_shadow_free_all() - the same for all variables of a type. May sleep. */
void kp_shadow_free_all(unsigned long id);

/*
 * The same with the kernel's signatures: ctor and dtor come from the caller. Ids that no
 * patch has registered are accepted, and left alone when patches go, as in the kernel. When a patch
 * registers the id later they are its own: freed with it, unless another patch is still in force then.
 */
void *kp_klp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp,
			  kp_shadow_ctor_t ctor, void *ctor_data);
void *kp_klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp,
				 kp_shadow_ctor_t ctor, void *ctor_data);
void kp_klp_shadow_free(void *obj, unsigned long id, kp_shadow_dtor_t dtor);
void kp_klp_shadow_free_all(unsigned long id, kp_shadow_dtor_t dtor);

/** kp_get_state() - the state @id of @patch, NULL if it has none. From callbacks only. */
struct kp_state *kp_get_state(struct kp_patch *patch, unsigned long id);

/** kp_get_prev_state() - the state @id of the newest patch before the one in transition, or NULL. */
struct kp_state *kp_get_prev_state(unsigned long id);

#endif
