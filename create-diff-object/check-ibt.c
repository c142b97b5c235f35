// SPDX-License-Identifier: GPL-2.0
/*
 * Kernels with indirect branch tracking (CONFIG_X86_KERNEL_IBT): a function whose address new code
 * takes must begin with ENDBR. Many do not: the compiler leaves it out of static functions whose
 * address nobody took, and the boot code overwrites it in those that .ibt_endbr_seal lists
 * (arch/x86/kernel/alternative.c, apply_seal_endbr), as the module loader does in a module's. An
 * indirect call there is a #CP fault, on hardware only: no test in an emulator would see it.
 */
#include "diff.h"

#include <elf.h>
#include <string.h>

static uint64_t symbol_address(const struct kp_image *image, const char *name)
{
	size_t count = 0;
	const struct kp_sym *const *syms = kp_symtab_find(kp_image_symtab(image), name, &count);

	return count == 1 ? syms[0]->addr : 0;
}

/* Code, and the list of functions in it that are sealed: [start, end). */
struct sealed {
	const struct kp_image *image;
	uint64_t start, end;
};

static struct sealed sealed_in_vmlinux(const struct kp_image *image)
{
	return (struct sealed){ .image = image,
				.start = symbol_address(image, "__ibt_endbr_seal"),
				.end = symbol_address(image, "__ibt_endbr_seal_end") };
}

static struct sealed sealed_in_module(const struct kp_image *image)
{
	const struct kp_image_section *sec = kp_image_section(image, ".ibt_endbr_seal");

	return (struct sealed){ .image = image,
				.start = sec ? sec->addr : 0,
				.end = sec ? sec->addr + sec->size : 0 };
}

static bool is_sealed(const struct sealed *code, uint64_t addr)
{
	for (uint64_t entry = code->start; entry + 4 <= code->end; entry += 4) {
		struct kp_ref ref;

		if (kp_image_ref(code->image, entry, R_X86_64_PC32, &ref) && ref.defined &&
		    ref.addr == addr)
			return true;
	}
	return false;
}

static bool begins_with_endbr(const struct kp_image *image, uint64_t addr)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const uint8_t *bytes = kp_image_bytes(image, addr, sizeof(endbr64));

	return bytes && !memcmp(bytes, endbr64, sizeof(endbr64));
}

static bool is_code(const struct kp_image *image, uint64_t addr)
{
	const struct kp_image_section *sec = kp_image_section_at(image, addr);

	return sec && sec->flags & SHF_EXECINSTR;
}

static void check_atom(struct diff *diff, struct atom *atom, const struct sealed *vmlinux,
		       const struct sealed *module)
{
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);
		const struct external *ext;
		const struct sealed *code;

		if (ref->branch || ref_is_internal(atom, ref))
			continue;
		ext = find_external(diff, ref);
		if (!ext)
			continue;
		code = ext->late ? module : vmlinux;
		/* In a module's image, which is not linked, 0 is an address like others. */
		if (!code->image || (!ext->late && !ext->addr) || ref->at + ext->shift ||
		    !is_code(code->image, ext->addr))
			continue;
		if (!begins_with_endbr(code->image, ext->addr) || is_sealed(code, ext->addr))
			diff_error(
				diff, atom,
				"call it from a small new function and take that one's address",
				"takes the address of %s, which must not be called indirectly on a "
				"kernel with IBT: it has no ENDBR instruction",
				ext->name);
	}
}

void check_ibt(struct diff *diff)
{
	const struct kp_image *image = diff_is_module(diff) ? diff->vmlinux : diff->image;
	struct sealed vmlinux, module = { 0 };

	if (!image)
		return;
	vmlinux = sealed_in_vmlinux(image);
	if (!vmlinux.start || vmlinux.end < vmlinux.start)
		return; /* built without IBT */
	if (diff_is_module(diff) && diff->image)
		module = sealed_in_module(diff->image);
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		if (atom->kind == ATOM_FUNC || atom->kind == ATOM_DATA || atom->kind == ATOM_BLOCK)
			check_atom(diff, atom, &vmlinux, &module);
	}
}
