// SPDX-License-Identifier: GPL-2.0
/* Late references: see late.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/elf.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <asm/text-patching.h>

#include "inject.h"
#include "keep.h"
#include "late.h"
#include "lookup.h"

/* How a type of relocation is written: psABI for x86-64, "Relocation Types". */
struct late_type {
	unsigned long type;
	unsigned int size;
	bool pc_relative;
	bool is_signed;
};

static const struct late_type types[] = {
	{ R_X86_64_64, 8, false, false },
	{ R_X86_64_32, 4, false, false },
	{ R_X86_64_32S, 4, false, true },
	{ R_X86_64_PC32, 4, true, true },
	{ R_X86_64_PLT32, 4, true, true },
};

static const struct late_type *find_type(unsigned long type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return &types[i];
	return NULL;
}

static bool refers_to(const struct kp_late *row, const char *objname)
{
	return !strcmp(row->objname, objname);
}

bool kp_late_is_valid(const struct kp_patch *patch, const struct kp_late *row)
{
	const struct late_type *type = find_type(row->type);
	unsigned long place = (unsigned long)row->place;

	/* What text_poke() may be given. */
	return type && within_module_core(place, patch->mod) &&
	       within_module_core(place + type->size - 1, patch->mod);
}

static bool fits(const struct late_type *type, u64 value)
{
	if (type->size == 8)
		return true;
	return type->is_signed ? (s64)value == (s32)value : value == (u32)value;
}

/* Of a kept variable when @mod is NULL. */
static int find_address(const struct kp_patch *patch, struct module *mod,
			const struct kp_late *row, unsigned long *address)
{
	if (mod)
		return kp_lookup_symbol(mod, row->name, row->sympos, address);
	*address = kp_keep_address(patch, row->sympos);
	return 0;
}

/* What belongs at @row's place. */
static int resolve(const struct kp_patch *patch, struct module *mod, const struct kp_late *row,
		   u64 *value)
{
	const struct late_type *type = find_type(row->type);
	unsigned long address;
	int ret;

	if (!kp_late_is_valid(patch, row)) {
		pr_err("patch '%s': bad reference to symbol '%s' in module '%s' (type %lu)\n",
		       patch->mod->name, row->name, row->objname, row->type);
		return -ENOEXEC;
	}
	ret = find_address(patch, mod, row, &address);
	if (ret)
		return ret;
	*value = address + row->addend;
	if (type->pc_relative)
		*value -= (unsigned long)row->place;
	if (fits(type, *value))
		return 0;
	pr_err("patch '%s': symbol '%s' %s%s is out of reach (type %lu)\n", patch->mod->name,
	       row->name, mod ? "in module " : "that is kept", mod ? mod->name : "", row->type);
	return -ENOEXEC;
}

static void write_place(const struct kp_late *row, u64 value)
{
	const struct late_type *type = find_type(row->type);

	/* Read-only by now, be it code or data. */
	if (memcmp(row->place, &value, type->size))
		text_poke(row->place, &value, type->size);
}

/* @mod is NULL for kept variables. */
static int apply(const struct kp_patch *patch, const char *objname, struct module *mod)
{
	const struct kp_late *row;
	size_t count = 0, i = 0;
	u64 *values;
	int ret = 0;

	kp_for_each_late(patch, row)
		count += refers_to(row, objname);
	if (!count)
		return 0;
	values = kp_inject() ? NULL : kvmalloc_array(count, sizeof(*values), GFP_KERNEL);
	if (!values)
		return -ENOMEM;

	kp_for_each_late(patch, row) {
		if (!refers_to(row, objname))
			continue;
		ret = resolve(patch, mod, row, &values[i++]);
		if (ret)
			goto out;
	}

	i = 0;
	mutex_lock(&text_mutex);
	kp_for_each_late(patch, row)
		if (refers_to(row, objname))
			write_place(row, values[i++]);
	/* Other CPUs may have fetched the bytes that were there. */
	text_poke_sync();
	mutex_unlock(&text_mutex);
out:
	kvfree(values);
	return ret;
}

int kp_late_apply(const struct kp_patch *patch, struct module *mod)
{
	return apply(patch, mod->name, mod);
}

int kp_late_apply_kept(const struct kp_patch *patch)
{
	return apply(patch, KP_LATE_KEPT, NULL);
}

void kp_late_clear(const struct kp_patch *patch, const char *objname)
{
	const struct kp_late *row;

	if (!kp_late_refers(patch, objname))
		return;
	mutex_lock(&text_mutex);
	kp_for_each_late(patch, row) {
		/* A bad row was never applied. */
		if (refers_to(row, objname) && kp_late_is_valid(patch, row))
			write_place(row, 0);
	}
	text_poke_sync();
	mutex_unlock(&text_mutex);
}

bool kp_late_refers(const struct kp_patch *patch, const char *objname)
{
	const struct kp_late *row;

	kp_for_each_late(patch, row)
		if (refers_to(row, objname))
			return true;
	return false;
}
