// SPDX-License-Identifier: GPL-2.0
/* Kept variables: see keep.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "core.h"
#include "inject.h"
#include "keep.h"
#include "late.h"

#define for_each_row(patch, row) for (row = (patch)->keep; row && row->init; row++)

static size_t count_rows(const struct kp_patch *patch)
{
	const struct kp_keep *row;
	size_t n = 0;

	for_each_row(patch, row)
		n++;
	return n;
}

static bool is_same(const struct kp_keep *a, const struct kp_keep *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->file, b->file) &&
	       !strcmp(a->objname, b->objname);
}

/* ---- checks ---- */

/* The initial value is data of the patch, all of it. */
static bool is_init_valid(const struct kp_patch *patch, const struct kp_keep *row)
{
	unsigned long at = (unsigned long)row->init, start, end;

	kp_module_data(patch->mod, &start, &end);
	return at >= start && at < end && row->size <= end - at;
}

static int check_row(const struct kp_patch *patch, const struct kp_keep *row)
{
	const struct kp_keep *other;

	if (!row->name || !row->file || !row->objname) {
		pr_err("'%s': a kept variable without name\n", patch->mod->name);
		return -EINVAL;
	}
	if (!row->size || !is_init_valid(patch, row)) {
		pr_err("'%s': kept variable '%s' of %s: %lu bytes of initial value are not in the patch\n",
		       patch->mod->name, row->name, row->file, row->size);
		return -EINVAL;
	}
	/* Storage begins with a page. */
	if (!is_power_of_2(row->align) || row->align > PAGE_SIZE) {
		pr_err("'%s': kept variable '%s' of %s: alignment %lu is not possible\n",
		       patch->mod->name, row->name, row->file, row->align);
		return -EINVAL;
	}
	for (other = patch->keep; other != row; other++) {
		if (!is_same(other, row))
			continue;
		pr_err("'%s': two kept variables '%s' of %s\n", patch->mod->name, row->name,
		       row->file);
		return -EINVAL;
	}
	return 0;
}

int kp_keep_check(const struct kp_patch *patch)
{
	size_t nr_rows = count_rows(patch);
	const struct kp_keep *row;
	const struct kp_late *ref;
	int ret;

	for_each_row(patch, row) {
		ret = check_row(patch, row);
		if (ret)
			return ret;
	}
	kp_for_each_late(patch, ref) {
		if (!kp_late_is_kept(ref) ||
		    (ref->sympos < nr_rows && kp_late_is_valid(patch, ref)))
			continue;
		pr_err("'%s': bad reference to kept variable '%s' (%lu of %zu, type %lu)\n",
		       patch->mod->name, ref->name, ref->sympos, nr_rows, ref->type);
		return -EINVAL;
	}
	return 0;
}

/* The storage of @theirs, which patch @other has, will do for @row of @patch. */
static bool is_compatible(const struct kp_patch *patch, const struct kp_keep *row,
			  const struct kp_patch *other, const struct kp_keep *theirs)
{
	if (row->size != theirs->size)
		pr_err("'%s': kept variable '%s' of %s has %lu bytes, but %lu in patch '%s'; a changed variable needs a new name\n",
		       patch->mod->name, row->name, row->file, row->size, theirs->size,
		       other->mod->name);
	else if (row->align != theirs->align)
		pr_err("'%s': kept variable '%s' of %s is aligned to %lu bytes, but to %lu in patch '%s'; a changed variable needs a new name\n",
		       patch->mod->name, row->name, row->file, row->align, theirs->align,
		       other->mod->name);
	else if (row->type != theirs->type)
		pr_err("'%s': kept variable '%s' of %s has not the type (%016llx) that it has in patch '%s' (%016llx); a changed variable needs a new name\n",
		       patch->mod->name, row->name, row->file, row->type, other->mod->name,
		       theirs->type);
	else
		return true;
	return false;
}

/* ---- storage ---- */

static struct kp_kept *new_kept(size_t size)
{
	struct kp_kept *kept = kp_inject() ? NULL : kzalloc(sizeof(*kept), GFP_KERNEL);

	if (!kept)
		return NULL;
	kept->data = kp_inject() ? NULL : kp_alloc_near(size);
	if (!kept->data) {
		kfree(kept);
		return NULL;
	}
	kref_init(&kept->users);
	return kept;
}

static void free_kept(struct kref *users)
{
	struct kp_kept *kept = container_of(users, struct kp_kept, users);

	kp_free_near(kept->data);
	kfree(kept);
}

static const struct kp_keep *find_row(const struct kp_patch *patch, const struct kp_keep *wanted)
{
	const struct kp_keep *row;

	for_each_row(patch, row)
		if (is_same(row, wanted))
			return row;
	return NULL;
}

/*
 * All patches in force that have a variable have the same storage, since it is new only when none
 * has it: so the first one will do.
 */
static int bind_row(struct kp_patch *patch, const struct kp_keep *row)
{
	struct kp_kept **kept = &patch->kept[row - patch->keep];
	const struct kp_keep *theirs;
	struct kp_patch *other;

	kp_for_each_patch(other) {
		theirs = find_row(other, row);
		if (!theirs)
			continue;
		if (!is_compatible(patch, row, other, theirs))
			return -EINVAL;
		*kept = other->kept[theirs - other->keep];
		kref_get(&(*kept)->users);
		return 0;
	}
	*kept = new_kept(row->size);
	return *kept ? 0 : -ENOMEM;
}

/* From the patch's own copy, which has its references by now: a list head points to the storage. */
static void fill(struct kp_patch *patch)
{
	const struct kp_keep *row;
	struct kp_kept *kept;

	for_each_row(patch, row) {
		kept = patch->kept[row - patch->keep];
		if (!kept->filled)
			memcpy(kept->data, row->init, row->size);
		kept->filled = true;
	}
}

int kp_keep_bind(struct kp_patch *patch)
{
	size_t nr_rows = count_rows(patch);
	const struct kp_keep *row;
	int ret;

	if (!nr_rows)
		return 0;
	patch->kept = kp_inject() ? NULL : kcalloc(nr_rows, sizeof(*patch->kept), GFP_KERNEL);
	if (!patch->kept)
		return -ENOMEM;
	for_each_row(patch, row) {
		ret = bind_row(patch, row);
		if (ret)
			return ret;
	}
	ret = kp_late_apply_kept(patch);
	if (!ret)
		fill(patch);
	return ret;
}

void kp_keep_release(struct kp_patch *patch)
{
	size_t nr_rows = patch->kept ? count_rows(patch) : 0, i;

	for (i = 0; i < nr_rows; i++)
		if (patch->kept[i])
			kref_put(&patch->kept[i]->users, free_kept);
	kfree(patch->kept);
	patch->kept = NULL;
}

ssize_t kp_keep_show(const struct kp_patch *patch, char *buf)
{
	const struct kp_keep *row;
	ssize_t len = 0;

	for_each_row(patch, row)
		len += sysfs_emit_at(buf, (int)len, "%s %s %s %lu\n", row->objname, row->file,
				     row->name, row->size);
	return len;
}
