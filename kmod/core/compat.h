/* SPDX-License-Identifier: GPL-2.0 */
/* The differences between the kernels that the core is built for, 6.1 to 6.12, in one place. */
#ifndef KP_COMPAT_H
#define KP_COMPAT_H

#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/moduleloader.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <linux/execmem.h>
#endif

#ifdef CONFIG_PREEMPT_RT
#error "PREEMPT_RT is not supported: the core takes spinlocks where they must not sleep (tracepoints)"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
/* Direct calls of one ops at many places were an interface of their own. */
#define kp_register_direct(ops, addr)	register_ftrace_direct_multi(ops, addr)
#define kp_unregister_direct(ops, addr) unregister_ftrace_direct_multi(ops, addr)
#else
#define kp_register_direct(ops, addr)	register_ftrace_direct(ops, addr)
/* Filters are freed after a grace period (see redirect.c). */
#define kp_unregister_direct(ops, addr) unregister_ftrace_direct(ops, addr, false)
#endif

/** kp_set_ip() - where the function goes on that an ftrace handler was called for. */
#ifdef ftrace_regs_set_instruction_pointer
#define kp_set_ip(fregs, ip) ftrace_regs_set_instruction_pointer(fregs, ip)
#else
#define kp_set_ip(fregs, ip) ftrace_instruction_pointer_set(fregs, ip)
#endif

/* Mitigations were renamed in 6.9. */
#if defined(CONFIG_RETHUNK) || defined(CONFIG_MITIGATION_RETHUNK)
#define KP_HAVE_RETURN_THUNK
#endif
#if defined(CONFIG_CPU_SRSO) || defined(CONFIG_MITIGATION_SRSO)
#define KP_HAVE_SRSO
#endif

/** kp_module_text() - where the code of @mod lies, without its init part. */
static inline void kp_module_text(const struct module *mod, unsigned long *start,
				  unsigned long *end)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	*start = (unsigned long)mod->core_layout.base;
	*end = *start + mod->core_layout.text_size;
#else
	*start = (unsigned long)mod->mem[MOD_TEXT].base;
	*end = *start + mod->mem[MOD_TEXT].size;
#endif
}

/** kp_module_rodata() - where the read-only data of @mod lies, without its init part. */
static inline void kp_module_rodata(const struct module *mod, unsigned long *start,
				    unsigned long *end)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	*start = (unsigned long)mod->core_layout.base + mod->core_layout.text_size;
	*end = (unsigned long)mod->core_layout.base + mod->core_layout.ro_size;
#else
	*start = (unsigned long)mod->mem[MOD_RODATA].base;
	*end = *start + mod->mem[MOD_RODATA].size;
#endif
}

/** kp_module_data() - where the data of @mod lies that stays writable. */
static inline void kp_module_data(const struct module *mod, unsigned long *start,
				  unsigned long *end)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	*start = (unsigned long)mod->core_layout.base + mod->core_layout.ro_after_init_size;
	*end = (unsigned long)mod->core_layout.base + mod->core_layout.size;
#else
	*start = (unsigned long)mod->mem[MOD_DATA].base;
	*end = *start + mod->mem[MOD_DATA].size;
#endif
}

/**
 * kp_alloc_near() - memory for data that the code of modules refers to, not zeroed.
 * @size:	in bytes
 *
 * Where modules are: 32 bits reach it. It begins with a page, is never executable, and to KASAN and
 * kmemleak it is like data of modules. May sleep. Return: NULL when there is none.
 */
static inline void *kp_alloc_near(size_t size)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	return module_alloc(size);
#else
	return execmem_alloc(EXECMEM_MODULE_DATA, size);
#endif
}

/** kp_free_near() - free what kp_alloc_near() gave. Not in an interrupt. */
static inline void kp_free_near(void *data)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	module_memfree(data);
#else
	execmem_free(data);
#endif
}

#endif
