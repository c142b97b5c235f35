// SPDX-License-Identifier: GPL-2.0
/* Symbols of vmlinux and of modules: see lookup.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "lookup.h"

/*
 * What to do with each symbol of the wanted name, in the order in which the kernel counts: by
 * address in vmlinux, by place in the symbol table in a module. Not 0 ends the walk.
 */
typedef int (*visit_t)(void *data, unsigned long address);

/*
 * A module that is coming has its whole symbol table, one that is live only what stays in memory.
 * The first is freed after a grace period when the module's init has returned.
 */
static void visit_module(struct module *mod, const char *name, visit_t visit, void *data)
{
	const struct mod_kallsyms *kallsyms;
	unsigned int i;

	rcu_read_lock();
	kallsyms = rcu_dereference(mod->kallsyms);
	for (i = 0; i < kallsyms->num_symtab; i++) {
		const Elf_Sym *sym = &kallsyms->symtab[i];

		if (sym->st_shndx == SHN_UNDEF || strcmp(kallsyms->strtab + sym->st_name, name))
			continue;
		if (visit(data, sym->st_value))
			break;
	}
	rcu_read_unlock();
}

static void visit_symbols(struct module *mod, const char *name, visit_t visit, void *data)
{
	if (mod)
		visit_module(mod, name, visit, data);
	else
		kallsyms_on_each_match_symbol(visit, name, data);
}

struct find {
	unsigned long sympos;
	unsigned long count;
	unsigned long address;
};

static int find_position(void *data, unsigned long address)
{
	struct find *find = data;

	find->address = address;
	find->count++;
	/* The wanted one; or a second where there may be only one. */
	return find->sympos ? find->count == find->sympos : find->count > 1;
}

int kp_lookup_symbol(struct module *mod, const char *name, unsigned long sympos,
		     unsigned long *address)
{
	const char *objname = mod ? mod->name : "vmlinux";
	struct find find = { .sympos = sympos };

	visit_symbols(mod, name, find_position, &find);
	if (!find.address) {
		pr_err("symbol '%s' not found in symbol table\n", name);
	} else if (!sympos && find.count > 1) {
		pr_err("unresolvable ambiguity for symbol '%s' in object '%s'\n", name, objname);
	} else if (sympos && find.count != sympos) {
		pr_err("symbol position %lu for symbol '%s' in object '%s' not found\n", sympos,
		       name, objname);
	} else {
		*address = find.address;
		return 0;
	}
	*address = 0;
	return -EINVAL;
}

unsigned long kp_lookup_size(unsigned long address)
{
	unsigned long size, offset;

	if (!kallsyms_lookup_size_offset(address, &size, &offset) || offset)
		return 0;
	return size;
}

struct collect {
	unsigned long *addresses;
	unsigned int max;
	unsigned int count;
};

static int collect_address(void *data, unsigned long address)
{
	struct collect *collect = data;

	if (collect->count < collect->max)
		collect->addresses[collect->count] = address;
	collect->count++;
	return 0;
}

unsigned int kp_lookup_each(struct module *mod, const char *name, unsigned long *addresses,
			    unsigned int max)
{
	struct collect collect = { .addresses = addresses, .max = max };

	visit_symbols(mod, name, collect_address, &collect);
	return collect.count;
}

struct module *kp_find_module(const char *name, enum module_state *state)
{
	struct module *mod;

	/* Not rcu_read_lock(): that is what find_module() wants to see. */
	rcu_read_lock_sched();
	mod = find_module(name);
	if (mod)
		*state = READ_ONCE(mod->state);
	rcu_read_unlock_sched();
	return mod;
}
