/* SPDX-License-Identifier: GPL-2.0 */
/* Symbols of vmlinux and of modules, by name and position, as the kernel's livepatch counts. */
#ifndef KP_LOOKUP_H
#define KP_LOOKUP_H

#include <linux/module.h>
#include <linux/types.h>

/**
 * kp_lookup_symbol() - the address of a symbol.
 * @mod:	the module; NULL: vmlinux. It must not go away meanwhile.
 * @name, @sympos: sympos 0: must be the only one of that name, else the n-th, from 1
 * @address:	the result
 *
 * Works on a module that is coming as well as on a live one. May sleep. Prints what is wrong.
 * Return: 0, -EINVAL (not found, ambiguous), with the messages of klp_find_object_symbol().
 */
int kp_lookup_symbol(struct module *mod, const char *name, unsigned long sympos,
		     unsigned long *address);

/** kp_lookup_size() - the size of the symbol at exactly @address, 0 if it is not known. */
unsigned long kp_lookup_size(unsigned long address);

/**
 * kp_lookup_each() - all addresses of symbols called @name in @mod (NULL: vmlinux).
 * Return: how many there are; at most @max are stored in @addresses.
 */
unsigned int kp_lookup_each(struct module *mod, const char *name, unsigned long *addresses,
			    unsigned int max);

/**
 * kp_find_module() - the module called @name; NULL if there is none, or it is not complete yet.
 * @state: gets its state at a moment when it was there
 *
 * A module may go away as soon as this returns, unless it is live, or coming and known to notify.c,
 * and kp_mutex is held: then its end has to wait for our notifier.
 */
struct module *kp_find_module(const char *name, enum module_state *state);

#endif
