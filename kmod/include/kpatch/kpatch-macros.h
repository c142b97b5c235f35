/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a patch author can say in the patched source. Include it as
 * "kpatch-macros.h"; the directory is on the include path of every patched
 * object. Names and section layouts are those of existing kpatch patches.
 */
#ifndef KPATCH_MACROS_H
#define KPATCH_MACROS_H

#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/livepatch.h>
#include <linux/printk.h>
#include <linux/static_call.h>
#include <linux/types.h>

#include "kpatch-core.h"
#include "kpatch-hash.h"
#include "kpatch-how.h"

/**
 * KPATCH_IGNORE_SECTION() - changes in one section are not looked at.
 * @_sec: its name, a string literal such as ".data.foo"
 *
 * Only for changes known to be harmless: what is ignored is not in the patch.
 */
#define KPATCH_IGNORE_SECTION(_sec)					\
	static char *__UNIQUE_ID(kpatch_ignore_section_) __used		\
		__section(".kpatch.ignore.sections") = _sec

/**
 * KPATCH_IGNORE_FUNCTION() - changes in one function are not looked at.
 * @_fn: the function, not a string
 */
#define KPATCH_IGNORE_FUNCTION(_fn)					\
	static void *__kpatch_ignore_func_##_fn __used			\
		__section(".kpatch.ignore.functions") = _fn

/* The object that a callback is called for; obj->name is NULL for vmlinux. */
typedef struct klp_object patch_object;

/* Entries stay in the order of the source: GCC turns it round otherwise. */
#if __has_attribute(__no_reorder__)
#define __kpatch_in_order __attribute__((__no_reorder__))
#else
#define __kpatch_in_order
#endif

/*
 * Between entries there must be no padding, which GCC likes to put between larger variables, but not
 * where the source says how they are aligned.
 */
#define __kpatch_entry(_section)					\
	__used __section(_section) __aligned(8) __kpatch_in_order

/* See struct kpatch_patch_place in patch/kpatch-patch.h. */
struct kpatch_place_entry {
	const void *callback;
	const char *file;
	unsigned int line;
};

/*
 * Callbacks: at most one of each kind per object (vmlinux or a module); which
 * object is known from where the macro stands, and create-diff-object fills it in.
 * The entry is laid out as kpatch has it, so where it stands is told beside it.
 */
#define KPATCH_CALLBACK_ENTRY(_kind, _ret, _fn)				\
	static struct {							\
		_ret (*fn)(patch_object *obj);				\
		char *objname;						\
	} kpatch_##_kind##_data __used					\
		__section(".kpatch.callbacks." #_kind) = {		\
		.fn = _fn,						\
	};								\
	static struct kpatch_place_entry kpatch_##_kind##_place		\
		__kpatch_entry(".kpatch.places") = {			\
		.callback = &kpatch_##_kind##_data,			\
		.file = __FILE__,					\
		.line = __LINE__,					\
	}

/**
 * KPATCH_PRE_PATCH_CALLBACK() - called before the object is patched.
 * @_fn: int (*)(patch_object *); an error refuses the patch, or the loading of the module
 */
#define KPATCH_PRE_PATCH_CALLBACK(_fn) KPATCH_CALLBACK_ENTRY(pre_patch, int, _fn)

/** KPATCH_POST_PATCH_CALLBACK() - void (*)(patch_object *), called once all tasks run new code. */
#define KPATCH_POST_PATCH_CALLBACK(_fn) KPATCH_CALLBACK_ENTRY(post_patch, void, _fn)

/** KPATCH_PRE_UNPATCH_CALLBACK() - void (*)(patch_object *), called before the patch is taken back. */
#define KPATCH_PRE_UNPATCH_CALLBACK(_fn) KPATCH_CALLBACK_ENTRY(pre_unpatch, void, _fn)

/** KPATCH_POST_UNPATCH_CALLBACK() - void (*)(patch_object *), called once no task runs new code. */
#define KPATCH_POST_UNPATCH_CALLBACK(_fn) KPATCH_CALLBACK_ENTRY(post_unpatch, void, _fn)

/* See struct kpatch_patch_state in patch/kpatch-patch.h. */
struct kpatch_state_entry {
	const char *name;
	unsigned long id;
	int (*setup)(struct kp_patch *patch, struct kp_state *state);
	void (*enable)(struct kp_patch *patch, struct kp_state *state);
	void (*disable)(struct kp_patch *patch, struct kp_state *state);
	void (*release)(struct kp_patch *patch, struct kp_state *state);
	const char *file;
	const char *objname;
	unsigned int version;
	unsigned int line;
	bool block_disable;
};

/**
 * KPATCH_STATE() - a change of the system that is more than code, and that later patches know by name.
 * @_name: an identifier; the number of the state is derived from it (kpatch_state_id())
 *
 * What follows is any of: .setup, .enable, .disable, .release (functions as in struct
 * kp_state_callbacks), .version = NUMBER, .block_disable = true. For --core=livepatch only .version.
 *
 *	KPATCH_STATE(my_fix, .setup = my_setup, .release = my_release, .version = 2);
 *
 * A state belongs to the patch as a whole. In the source of a module its functions must not use
 * anything of the module, which need not be there when they are called.
 */
#define KPATCH_STATE(_name, ...)					\
	static struct kpatch_state_entry kpatch_state_##_name		\
		__kpatch_entry(".kpatch.states") = {			\
		.name = #_name,						\
		.file = __FILE__,					\
		.line = __LINE__,					\
		##__VA_ARGS__						\
	}

/* See struct kpatch_patch_shadow in patch/kpatch-patch.h. */
struct kpatch_shadow_entry {
	void *site;
	unsigned long id;
	kp_shadow_ctor_t ctor;
	kp_shadow_dtor_t dtor;
	const char *name;
	const char *file;
	const char *objname;
	const char *state;
	unsigned long size;
	unsigned int line;
	unsigned int how;
};

/**
 * KPATCH_SHADOW_TYPE() - a kind of shadow variable that the code of this object uses.
 * @_id: a constant, as in klp_shadow_alloc()
 * @_ctor, @_dtor: kp_shadow_ctor_t and kp_shadow_dtor_t, or NULL
 *
 * What follows is any of: .state = "NAME" (of a KPATCH_STATE() of this patch, in any of its sources, that owns the
 * variables: a patch that takes the state over must have the type as well, and they are freed after the state's
 * release), .size = BYTES (of every variable; a patch with another size is refused). .state is for --core=kpatch.
 *
 * When no patch with this type is left, kpatch.ko frees the variables, with @_dtor. That must not touch the
 * object, which may be gone: those of a module go before the patch is told that the module does. Every source that uses
 * the type may declare it, in the same way. Plain calls of klp_shadow_*() with constant arguments do so by
 * themselves.
 */
#define KPATCH_SHADOW_TYPE(_id, _ctor, _dtor, ...)			\
	static struct kpatch_shadow_entry __UNIQUE_ID(kpatch_shadow_type_) \
		__kpatch_entry(".kpatch.shadow_types") = {		\
		.id = _id,						\
		.ctor = _ctor,						\
		.dtor = _dtor,						\
		.name = #_id,						\
		.file = __FILE__,					\
		.line = __LINE__,					\
		##__VA_ARGS__						\
	}

/**
 * KPATCH_SHADOW_NAMED() - the same for variables with a name, as in kpatch_shadow_alloc().
 * @_name: a string literal; such variables have neither ctor nor dtor
 */
#define KPATCH_SHADOW_NAMED(_name, ...)					\
	static struct kpatch_shadow_entry __UNIQUE_ID(kpatch_shadow_type_) \
		__kpatch_entry(".kpatch.shadow_types") = {		\
		.name = _name,						\
		.file = __FILE__,					\
		.line = __LINE__,					\
		.how = KPATCH_HOW_NAMED,				\
		##__VA_ARGS__						\
	}

/**
 * KPATCH_KEEP() - a new variable of the patch that a cumulative patch after it goes on using.
 * @_var: static or global, not const, not per-CPU, the only one of its name in the source file; its
 * definition comes before
 *
 * A patch module brings its data along, and a cumulative patch that replaces it starts with fresh data. A kept variable
 * is the core's: all patches that have it (the same name, source file, size and type) use one and the same, also side
 * by side during a transition. The first patch's initial value counts. It is gone with the last patch that has it.
 * What it points to must outlive the patch, too: of other variables of the patch, only those that are kept by all patches
 * that keep this one. For --core=kpatch.
 */
#define KPATCH_KEEP(_var)						\
	static struct kp_keep __UNIQUE_ID(kpatch_keep_)			\
		__kpatch_entry(".kpatch.keep") = {			\
		.init = (void *)&(_var),				\
		.size = sizeof(_var),					\
		.align = __alignof__(_var),				\
		.name = #_var,						\
		.file = __FILE__,					\
		.line = __LINE__,					\
	}

/**
 * KPATCH_FORCE_UNSAFE() - accepted for old patches, does nothing.
 *
 * It skipped a check of the core that stopped all CPUs. Consistency is kept per
 * task now, and no function is exempt.
 */
#define KPATCH_FORCE_UNSAFE(_fn)					\
	_Pragma("message(\"KPATCH_FORCE_UNSAFE has no effect: it can be removed\")") \
	_Static_assert(1, "")

/**
 * KPATCH_PRINTK() - printk() for patched functions.
 *
 * A plain printk() makes gcc think of its branch as unlikely and move code
 * around. The test, always true, keeps the function's layout as it was.
 */
#define KPATCH_PRINTK(_fmt, ...)					\
({									\
	if (jiffies)							\
		printk(_fmt, ##__VA_ARGS__);				\
})

/** KPATCH_PRINTK_DEFERRED() - the same with printk_deferred(), for code that holds scheduler locks. */
#define KPATCH_PRINTK_DEFERRED(_fmt, ...)				\
({									\
	if (jiffies)							\
		printk_deferred(_fmt, ##__VA_ARGS__);			\
})

/**
 * KPATCH_STATIC_CALL() - static_call() where the key belongs to a module.
 * @name: as for static_call()
 *
 * The site of a static call in a patch is set up when the patch is loaded, and the
 * key's module may not be there. This calls through the key, like a function pointer.
 */
#define KPATCH_STATIC_CALL(name)					\
	((typeof(STATIC_CALL_TRAMP(name)) *)READ_ONCE(STATIC_CALL_KEY(name).func))

#endif
