/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes the place of the kernel's <linux/livepatch.h>: a livepatch that was written by hand for the
 * in-kernel core builds unchanged against kpatch.ko. CONFIG_LIVEPATCH is not needed. The module's
 * Kbuild file puts it before the kernel's own headers:
 *
 *	LINUXINCLUDE := -I$(KPATCH)/compat -I$(KPATCH) $(LINUXINCLUDE)
 *
 * (ccflags-y comes too late), and KBUILD_EXTRA_SYMBOLS names kpatch.ko's Module.symvers.
 * States do without callbacks and shadow variables without types, as in the kernel.
 */
#ifndef _LINUX_LIVEPATCH_H_
#define _LINUX_LIVEPATCH_H_ /* the kernel's name, so that its header stays out */

#include <linux/module.h>
#include <linux/ftrace.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <kpatch/kpatch-core.h>

/*
 * MODULE_INFO(livepatch, "Y") becomes "kpatch.livepatch=Y". With the kernel's tag, a kernel without
 * CONFIG_LIVEPATCH would not load the module, and one with it would keep a copy of its sections for
 * a core that never uses them. The taint is kpatch.ko's to set.
 * KP_INFO_TAG_livepatch is two arguments, KP_INFO_TAG_ and any other tag is one.
 */
#define KP_INFO_TAG_livepatch		     ~, kpatch.livepatch, kpatch_livepatch
#define KP_INFO_PICK(skip, tag, name, ...)   tag, name
#define KP_INFO_ARGS(...)		     KP_INFO_PICK(__VA_ARGS__)
#define KP_INFO_DEFINE(args, info)	     KP_INFO_EXPAND(args, info)
#define KP_INFO_EXPAND(...)		     __MODULE_INFO(__VA_ARGS__)
#undef MODULE_INFO
#define MODULE_INFO(tag, info) \
	KP_INFO_DEFINE(KP_INFO_ARGS(KP_INFO_TAG_##tag, tag, tag, ~), info)

#define klp_func      kp_func
#define klp_callbacks kp_callbacks
#define klp_object    kp_object
#define klp_state     kp_state
#define klp_patch     kp_patch

#define klp_enable_patch kp_enable_patch

#define klp_shadow_ctor_t	kp_shadow_ctor_t
#define klp_shadow_dtor_t	kp_shadow_dtor_t
#define klp_shadow_get		kp_shadow_get
#define klp_shadow_alloc	kp_klp_shadow_alloc
#define klp_shadow_get_or_alloc kp_klp_shadow_get_or_alloc
#define klp_shadow_free		kp_klp_shadow_free
#define klp_shadow_free_all	kp_klp_shadow_free_all

#define klp_get_state	   kp_get_state
#define klp_get_prev_state kp_get_prev_state

#endif
