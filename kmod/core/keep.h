/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kept variables: data of patches that outlives each of them.
 *
 * The storage is the core's. Patches that have the same variable refer to the same storage, so
 * there is nothing to copy when one replaces the other, and old and new code may use it side by
 * side. There is no table of variables: what the patches in kp_patches have is found.
 */
#ifndef KP_KEEP_H
#define KP_KEEP_H

#include <linux/kref.h>
#include <kpatch/kpatch-core.h>

/**
 * struct kp_kept - the storage of a kept variable
 * @users:	patches that are bound to it, those that are being freed included
 * @filled:	@data has its initial value
 * @data:	the variable
 */
struct kp_kept {
	struct kref users;
	bool filled;
	void *data;
};

/**
 * kp_keep_check() - whether the rows of kp_patch.keep, and the references to them, make sense.
 *
 * Return: 0; -EINVAL, with a message.
 */
int kp_keep_check(const struct kp_patch *patch);

/**
 * kp_keep_bind() - give the variables of @patch their storage and fill in the references to them.
 *
 * The storage is that of a patch in kp_patches that has the variable, or a new one with the initial
 * value of this patch. Before @patch, which is checked, is in kp_patches. Under kp_mutex; may
 * sleep; takes text_mutex. After an error kp_keep_release() has to be called as well.
 * Return: 0; -EINVAL another patch has the variable in another form, -ENOEXEC a reference out of
 * reach (both with a message), -ENOMEM.
 */
int kp_keep_bind(struct kp_patch *patch);

/**
 * kp_keep_release() - @patch does not use its variables any more; the last user's storage is freed.
 *
 * When no task can be in its code any more, and it is in kp_patches no more. May sleep; kp_mutex
 * is not needed. Harmless when it has none.
 */
void kp_keep_release(struct kp_patch *patch);

/** kp_keep_address() - where the variable in row @row of kp_patch.keep is; when bound. */
static inline unsigned long kp_keep_address(const struct kp_patch *patch, unsigned long row)
{
	return (unsigned long)patch->kept[row]->data;
}

/** kp_keep_show() - a line for each variable: object, source file, name, bytes. Return: length. */
ssize_t kp_keep_show(const struct kp_patch *patch, char *buf);

#endif
