// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/kpatch: names, meaning and errors are those of /sys/kernel/livepatch
 * (Documentation/ABI/testing/sysfs-kernel-livepatch). More than there: blockers, states,
 * shadow_types, kept.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kobject.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "inject.h"
#include "keep.h"
#include "patch.h"
#include "shadow.h"
#include "state.h"
#include "transition.h"

static struct kobject *root;

static struct kp_patch *to_patch(struct kobject *kobj)
{
	return container_of(kobj, struct kp_patch, kobj);
}

/* ---- a patch ---- */

static int set_enabled(struct kp_patch *patch, bool enabled)
{
	if (patch->enabled == enabled)
		return -EINVAL;
	if (patch == kp_transition_patch)
		return kp_reverse_patch();
	/* Once disabled, a patch goes: its module has to be loaded again. */
	return enabled ? -EINVAL : kp_disable_patch(patch);
}

static ssize_t enabled_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			     size_t count)
{
	bool enabled;
	int ret = kstrtobool(buf, &enabled);

	if (ret)
		return ret;
	mutex_lock(&kp_mutex);
	ret = set_enabled(to_patch(kobj), enabled);
	mutex_unlock(&kp_mutex);
	return ret ? ret : (ssize_t)count;
}

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_patch(kobj)->enabled);
}

static ssize_t transition_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_patch(kobj) == READ_ONCE(kp_transition_patch));
}

static ssize_t force_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t count)
{
	bool force;
	int ret = kstrtobool(buf, &force);

	if (ret)
		return ret;
	if (!force)
		return (ssize_t)count;
	mutex_lock(&kp_mutex);
	if (to_patch(kobj) == kp_transition_patch)
		kp_force_patch();
	else
		ret = -EINVAL;
	mutex_unlock(&kp_mutex);
	return ret ? ret : (ssize_t)count;
}

static ssize_t replace_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_patch(kobj)->replace);
}

static ssize_t stack_order_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct kp_patch *patch;
	int order = 0;

	mutex_lock(&kp_mutex);
	kp_for_each_patch(patch) {
		order++;
		if (patch == to_patch(kobj))
			break;
	}
	mutex_unlock(&kp_mutex);
	return sysfs_emit(buf, "%d\n", order);
}

/* What did not fit in the page is left out in whole lines. */
static ssize_t cut_to_lines(char *buf, ssize_t len)
{
	while (len > 0 && buf[len - 1] != '\n')
		len--;
	return len;
}

static ssize_t show_locked(struct kobject *kobj, char *buf,
			   ssize_t (*show)(struct kp_patch *patch, char *buf))
{
	ssize_t len;

	mutex_lock(&kp_mutex);
	len = show(to_patch(kobj), buf);
	mutex_unlock(&kp_mutex);
	return cut_to_lines(buf, len);
}

static ssize_t show_blockers(struct kp_patch *patch, char *buf)
{
	return patch == kp_transition_patch ? kp_transition_blockers(buf) : 0;
}

static ssize_t blockers_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return show_locked(kobj, buf, show_blockers);
}

static ssize_t states_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return show_locked(kobj, buf, kp_states_show);
}

static ssize_t shadow_types_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return show_locked(kobj, buf, kp_shadow_show);
}

/* The table is the patch's and never changes. */
static ssize_t kept_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return cut_to_lines(buf, kp_keep_show(to_patch(kobj), buf));
}

static struct kobj_attribute enabled_attr = __ATTR_RW(enabled);
static struct kobj_attribute transition_attr = __ATTR_RO(transition);
static struct kobj_attribute force_attr = __ATTR_WO(force);
static struct kobj_attribute replace_attr = __ATTR_RO(replace);
static struct kobj_attribute stack_order_attr = __ATTR_RO(stack_order);
static struct kobj_attribute blockers_attr = __ATTR_RO(blockers);
static struct kobj_attribute states_attr = __ATTR_RO(states);
static struct kobj_attribute shadow_types_attr = __ATTR_RO(shadow_types);
static struct kobj_attribute kept_attr = __ATTR_RO(kept);

static struct attribute *patch_attrs[] = {
	&enabled_attr.attr,
	&transition_attr.attr,
	&force_attr.attr,
	&replace_attr.attr,
	&stack_order_attr.attr,
	&blockers_attr.attr,
	&states_attr.attr,
	&shadow_types_attr.attr,
	&kept_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(patch);

static void release_patch(struct kobject *kobj)
{
	complete(&to_patch(kobj)->finish);
}

static const struct kobj_type patch_type = {
	.release = release_patch,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = patch_groups,
};

/* ---- an object ---- */

static ssize_t patched_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", container_of(kobj, struct kp_object, kobj)->patched);
}

static struct kobj_attribute patched_attr = __ATTR_RO(patched);

static struct attribute *object_attrs[] = {
	&patched_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(object);

static void release_object(struct kobject *kobj)
{
	struct kp_object *obj = container_of(kobj, struct kp_object, kobj);

	if (obj->dynamic)
		kp_free_dynamic_object(obj);
}

static const struct kobj_type object_type = {
	.release = release_object,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = object_groups,
};

/* ---- a function: a directory without attributes ---- */

static void release_func(struct kobject *kobj)
{
	struct kp_func *func = container_of(kobj, struct kp_func, kobj);

	if (func->nop)
		kp_free_nop(func);
}

static const struct kobj_type func_type = {
	.release = release_func,
	.sysfs_ops = &kobj_sysfs_ops,
};

/* ---- making them ---- */

void kp_kobject_init_patch(struct kp_patch *patch)
{
	kobject_init(&patch->kobj, &patch_type);
}

void kp_kobject_init_object(struct kp_patch *patch, struct kp_object *obj)
{
	INIT_LIST_HEAD(&obj->func_list);
	kobject_init(&obj->kobj, &object_type);
	list_add_tail(&obj->node, &patch->obj_list);
}

void kp_kobject_init_func(struct kp_object *obj, struct kp_func *func)
{
	INIT_LIST_HEAD(&func->stack_node);
	kobject_init(&func->kobj, &func_type);
	list_add_tail(&func->node, &obj->func_list);
}

int kp_kobject_add_patch(struct kp_patch *patch)
{
	return kp_inject() ? -ENOMEM : kobject_add(&patch->kobj, root, "%s", patch->mod->name);
}

int kp_kobject_add_object(struct kp_patch *patch, struct kp_object *obj)
{
	return kp_inject() ? -ENOMEM :
			     kobject_add(&obj->kobj, &patch->kobj, "%s", kp_objname(obj));
}

int kp_kobject_add_func(struct kp_object *obj, struct kp_func *func)
{
	/* The only symbol of its name is also the first one. */
	return kp_inject() ? -ENOMEM :
			     kobject_add(&func->kobj, &obj->kobj, "%s,%lu", func->old_name,
					 func->old_sympos ? func->old_sympos : 1);
}

int kp_sysfs_init(void)
{
	root = kobject_create_and_add("kpatch", kernel_kobj);
	return root ? 0 : -ENOMEM;
}

void kp_sysfs_exit(void)
{
	kobject_put(root);
}
