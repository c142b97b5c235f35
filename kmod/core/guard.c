// SPDX-License-Identifier: GPL-2.0
/*
 * Build-ids: see guard.h.
 *
 * A build-id is a SHA-1, so nothing is parsed: a module is the expected one if the whole note
 * with the expected id is in its read-only data. No other build has these 36 bytes, and the one
 * that has them may lie anywhere in between. This works alike for modules that are coming (no sysfs
 * yet, and the section headers are the loader's own) and for live ones, and for the kernel itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/elf.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <kpatch/kpatch-core.h>

#include "compat.h"
#include "guard.h"
#include "inject.h"
#include "lookup.h"

/* A note as the linker writes it; the section is aligned to 4 bytes. */
struct build_id_note {
	u32 name_size, id_size, type;
	char name[4];
	u8 id[KP_BUILD_ID_SIZE];
};

#define NOTE_HEAD_SIZE offsetof(struct build_id_note, id)

/* In elf.h of user space; the kernel's lib/buildid.c has a name of its own for it. */
#define NOTE_TYPE_BUILD_ID 3

/* Filled in by kpatch-post-link. */
const struct kp_ident __kpatch_ident __section(".kpatch.ident") = {};

/* The limits of the running kernel's notes; kpatch-post-link makes these references. */
extern const u8 __start_notes[], __stop_notes[];

/* As it is in the file that was loaded: the compiler thinks that it is all zero. */
static const struct kp_ident *own_ident(void)
{
	const struct kp_ident *ident = &__kpatch_ident;

	OPTIMIZER_HIDE_VAR(ident);
	return ident;
}

/*
 * find_note() - a build-id note in @size bytes from @start
 * @id: the id that it must have; NULL: any
 */
static const struct build_id_note *find_note(const void *start, size_t size, const u8 *id)
{
	const struct build_id_note head = {
		.name_size = 4,
		.id_size = KP_BUILD_ID_SIZE,
		.type = NOTE_TYPE_BUILD_ID,
		.name = "GNU",
	};
	const void *at;

	for (at = PTR_ALIGN(start, 4); at + sizeof(head) <= start + size; at += 4) {
		const struct build_id_note *note = at;

		if (!memcmp(note, &head, NOTE_HEAD_SIZE) &&
		    (!id || !memcmp(note->id, id, KP_BUILD_ID_SIZE)))
			return note;
	}
	return NULL;
}

int kp_guard_module(struct module *mod, const u8 *build_id)
{
	const struct build_id_note *note;
	unsigned long start, end;

	kp_module_rodata(mod, &start, &end);
	if (find_note((const void *)start, end - start, build_id))
		return 0;
	note = find_note((const void *)start, end - start, NULL);
	if (note)
		pr_err("module '%s' has build-id %*phN, but the patch was made for %*phN; build the patch for this module or install the one it was made for\n",
		       mod->name, KP_BUILD_ID_SIZE, note->id, KP_BUILD_ID_SIZE, build_id);
	else
		pr_err("module '%s' has no build-id, but the patch was made for %*phN; install the module it was made for\n",
		       mod->name, KP_BUILD_ID_SIZE, build_id);
	return -ENOEXEC;
}

static int check_patch_ident(const struct module *mod, const struct kp_ident *ident)
{
	if (ident->magic != KP_IDENT_MAGIC) {
		pr_err("module '%s' was not finished by kpatch-build\n", mod->name);
		return -ENOEXEC;
	}
	if (ident->version != KP_IDENT_VERSION) {
		pr_err("module '%s' is in format %u, this core knows %u; build the patch with the kpatch-build that belongs to this core\n",
		       mod->name, ident->version, KP_IDENT_VERSION);
		return -ENOEXEC;
	}
	if (!memcmp(ident->build_id, own_ident()->build_id, KP_BUILD_ID_SIZE))
		return 0;
	pr_err("module '%s' was made for the kernel with build-id %*phN, but this one has %*phN; build the patch for this kernel\n",
	       mod->name, KP_BUILD_ID_SIZE, ident->build_id, KP_BUILD_ID_SIZE,
	       own_ident()->build_id);
	return -ENOEXEC;
}

/* Nothing has been written through the module's references yet: this notifier is the first. */
static int module_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct module *mod = data;
	unsigned long address;

	if (event != MODULE_STATE_COMING)
		return NOTIFY_DONE;
	if (!kp_lookup_each(mod, "__kpatch_ident", &address, 1))
		return NOTIFY_DONE;
	if (!within_module(address, mod) ||
	    !within_module(address + sizeof(struct kp_ident) - 1, mod)) {
		pr_err("module '%s': __kpatch_ident is not in the module\n", mod->name);
		return notifier_from_errno(-ENOEXEC);
	}
	return notifier_from_errno(check_patch_ident(mod, (const struct kp_ident *)address));
}

static struct notifier_block notifier = {
	.notifier_call = module_event,
	.priority = INT_MAX,
};

/* On another build the notes may be anything, or nothing at all. */
static int check_kernel(const struct kp_ident *ident)
{
	size_t size = __stop_notes - __start_notes;
	int ret = -ENOEXEC;
	u8 *notes;

	if (size > SZ_64K)
		goto refuse;
	notes = kp_inject() ? NULL : kmalloc(size, GFP_KERNEL);
	if (!notes)
		return -ENOMEM;
	if (!copy_from_kernel_nofault(notes, __start_notes, size) &&
	    find_note(notes, size, ident->build_id))
		ret = 0;
	kfree(notes);
	if (!ret)
		return 0;
refuse:
	pr_err("kpatch.ko was made for the kernel with build-id %*phN, which is not the running one; build it for this kernel\n",
	       KP_BUILD_ID_SIZE, ident->build_id);
	return -ENOEXEC;
}

int kp_guard_init(void)
{
	const struct kp_ident *ident = own_ident();
	int ret;

	if (ident->magic != KP_IDENT_MAGIC || ident->version != KP_IDENT_VERSION) {
		pr_err("kpatch.ko was not finished with kpatch-post-link\n");
		return -ENOEXEC;
	}
	ret = check_kernel(ident);
	if (ret)
		return ret;
	if (kp_inject())
		return -ENOMEM;
	return register_module_notifier(&notifier);
}

void kp_guard_exit(void)
{
	unregister_module_notifier(&notifier);
}
