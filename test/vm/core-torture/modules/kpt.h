/* SPDX-License-Identifier: GPL-2.0 */
/* What the target modules and the patches of the torture test share. */
#ifndef KPT_H
#define KPT_H

#include <linux/compiler.h>
#include <linux/types.h>

/*
 * One call, from one system call: entry() calls first() and then second(), each by the address of the
 * original, and each says which version it is. Since entry is replaced as well and is on the
 * stack all the time, the three must belong together: see kpt_mixed().
 */
struct kpt_call {
	int (*first)(struct kpt_call *call);
	int (*second)(struct kpt_call *call);
	void (*pause)(struct kpt_call *call); /* gives others an opportunity; never patched */
	unsigned int how;
	int version[3];
};

/*
 * When the leaf function ends: when it is told to, or at this time. Nobody else runs on that CPU
 * meanwhile, so a failing test must not wait for an order that cannot come.
 */
struct kpt_leave {
	bool now;
	unsigned long long tsc;
};

/* How to pause, in bits 0-3; bits 8-31: how often, or how long. */
enum { KPT_ON, KPT_SPIN, KPT_YIELD, KPT_SLEEP_US, KPT_WAIT_MS };

/*
 * Version 0 is the original. Version 3 is always a replacing patch and leaves second() alone, which
 * must be the original one then.
 */
static inline bool kpt_mixed(const int version[3])
{
	return version[1] != version[0] || version[2] != (version[0] == 3 ? 0 : version[0]);
}

#define KPT_DEFINE(linkage, prefix, n)						\
	linkage int prefix##second(struct kpt_call *call)			\
	{									\
		call->pause(call);						\
		return n;							\
	}									\
	linkage int prefix##first(struct kpt_call *call)			\
	{									\
		call->pause(call);						\
		return n;							\
	}									\
	linkage void prefix##entry(struct kpt_call *call)			\
	{									\
		call->version[0] = n;						\
		call->version[1] = call->first(call);				\
		call->pause(call);						\
		call->version[2] = call->second(call);				\
		barrier();							\
	}									\
	/* Stays here, in a function that calls nothing, until it is told to leave. */ \
	linkage int prefix##leaf(const struct kpt_leave *leave)			\
	{									\
		while (!READ_ONCE(leave->now) && __builtin_ia32_rdtsc() < leave->tsc) \
			asm volatile("pause");					\
		return n;							\
	}

#endif
