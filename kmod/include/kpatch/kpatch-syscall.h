/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KPATCH_SYSCALL_DEFINEn: SYSCALL_DEFINEn for a system call whose change cannot be
 * patched otherwise.
 *
 * SYSCALL_DEFINEn(foo) makes __x64_sys_foo and __ia32_sys_foo, which call __se_sys_foo, which calls
 * the inline __do_sys_foo with the body. `inline` implies notrace in the kernel. Most of the time
 * the body is inlined into functions that can be traced, and a change in it can be patched
 * with the plain macro. Where the compiler kept __do_sys_foo as a function of its own, it
 * cannot. The macros here give the body another name: for the differ it is a new function, and
 * __se_sys_foo, which calls it, has changed and can be patched.
 *
 * Usage: in the patched source, replace SYSCALL_DEFINEn by KPATCH_SYSCALL_DEFINEn and leave the
 * arguments as they are.
 *
 * The tracing metadata of the system call comes from the kernel's own macro, so that
 * it is the same before and after.
 */
#ifndef KPATCH_SYSCALL_H
#define KPATCH_SYSCALL_H

#include <linux/syscalls.h>

#include "kpatch-macros.h"

/* The handler itself is an ordinary function. */
#define KPATCH_SYSCALL_DEFINE0(name) SYSCALL_DEFINE0(name)

#define KPATCH_SYSCALL_DEFINE1(name, ...) KPATCH_SYSCALL_DEFINEx(1, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE2(name, ...) KPATCH_SYSCALL_DEFINEx(2, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE3(name, ...) KPATCH_SYSCALL_DEFINEx(3, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE4(name, ...) KPATCH_SYSCALL_DEFINEx(4, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE5(name, ...) KPATCH_SYSCALL_DEFINEx(5, _##name, __VA_ARGS__)
#define KPATCH_SYSCALL_DEFINE6(name, ...) KPATCH_SYSCALL_DEFINEx(6, _##name, __VA_ARGS__)

/* For patches that use it directly. */
#define KPATCH_SYSCALL_METADATA(sname, nb, ...) SYSCALL_METADATA(sname, nb, ##__VA_ARGS__)

#define KPATCH_SYSCALL_DEFINEx(x, sname, ...)				\
	KPATCH_SYSCALL_METADATA(sname, x, __VA_ARGS__)			\
	__KPATCH_SYSCALL_DEFINEx(x, sname, __VA_ARGS__)

#ifdef CONFIG_X86_64

/*
 * x86-64 since 5.7, arch/x86/include/asm/syscall_wrapper.h: the wrappers take a struct pt_regs.
 * The kernel's macros for the wrappers are used as they are.
 */
#define __KPATCH_SYSCALL_DEFINEx(x, name, ...)				\
	static long __se_sys##name(__MAP(x, __SC_LONG, __VA_ARGS__));	\
	static inline long __kpatch_do_sys##name(__MAP(x, __SC_DECL, __VA_ARGS__)); \
	__X64_SYS_STUBx(x, name, __VA_ARGS__)				\
	__IA32_SYS_STUBx(x, name, __VA_ARGS__)				\
	static long __se_sys##name(__MAP(x, __SC_LONG, __VA_ARGS__))	\
	{								\
		long ret = __kpatch_do_sys##name(__MAP(x, __SC_CAST, __VA_ARGS__)); \
									\
		__MAP(x, __SC_TEST, __VA_ARGS__);			\
		__PROTECT(x, ret, __MAP(x, __SC_ARGS, __VA_ARGS__));	\
		return ret;						\
	}								\
	static inline long __kpatch_do_sys##name(__MAP(x, __SC_DECL, __VA_ARGS__))

#else
#error "KPATCH_SYSCALL_DEFINEn is not implemented for this architecture"
#endif

#endif
