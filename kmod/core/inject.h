/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failure injection, in test builds (KP_TEST) only: every step of the core that can fail asks
 * kp_inject() first.
 */
#ifndef KP_INJECT_H
#define KP_INJECT_H

#ifdef KP_TEST
/**
 * kp_inject() - whether this step has to fail now.
 *
 * Module parameters of kpatch.ko: inject_at=N makes the N-th step from now fail (once; 0: none),
 * inject_count counts the steps passed since it was last written. Any context.
 */
bool kp_inject(void);
#else
static inline bool kp_inject(void)
{
	return false;
}
#endif

#endif
