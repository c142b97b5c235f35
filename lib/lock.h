/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lock files (flock): the kernel lets go of them when their owner dies, however
 * it dies. Locks are per open file, so they exclude threads as well.
 */
#ifndef KP_LOCK_H
#define KP_LOCK_H

#include <glib.h>
#include <stdbool.h>

struct kp_lock;

enum kp_lock_mode { KP_LOCK_SHARED, KP_LOCK_EXCLUSIVE };

/**
 * kp_lock_take() - wait for a lock; the file @path is made when it does not exist.
 *
 * Return: the lock, NULL with @err on errors and interrupts.
 */
struct kp_lock *kp_lock_take(const char *path, enum kp_lock_mode mode, GError **err);

/**
 * kp_lock_try() - like kp_lock_take() without waiting.
 * @busy: set when it is NULL because somebody else has the lock; @err is not set then
 */
struct kp_lock *kp_lock_try(const char *path, enum kp_lock_mode mode, bool *busy, GError **err);

/** kp_lock_drop() - let go; NULL is fine. The file stays. */
void kp_lock_drop(struct kp_lock *lock);

typedef struct kp_lock kp_lock;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kp_lock, kp_lock_drop)

#endif
