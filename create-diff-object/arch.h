/* SPDX-License-Identifier: GPL-2.0 */
/* What depends on the architecture. Everything else asks here. */
#ifndef ARCH_H
#define ARCH_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct atom;
struct section;

/** struct arch - one architecture. */
struct arch {
	const char *name;
	unsigned int machine; /* EM_* */
	uint32_t rela_none;
	uint32_t rela_abs64; /* a pointer */

	/** rela_width() - bytes of the field of relocation type @type, 0 if the type is unknown. */
	size_t (*rela_width)(uint32_t type);

	/** rela_is_pcrel() - whether the field is relative to its own place. */
	bool (*rela_is_pcrel)(uint32_t type);

	/** is_branch() - whether the field at @off of @code is the operand of a call or jump. */
	bool (*is_branch)(const uint8_t *code, size_t off, uint32_t type);

	/**
	 * is_access() - whether the field at @off of @code is the whole address of what an
	 * instruction reads or writes: no register is added, and it does not just take the address.
	 */
	bool (*is_access)(const uint8_t *code, size_t off, uint32_t type);

	/**
	 * insn_end() - end of the instruction whose operand is at @off, decoding from @start.
	 * Return: offset after it; 0 when the bytes cannot be decoded.
	 */
	size_t (*insn_end)(const uint8_t *code, size_t start, size_t size, size_t off);

	/**
	 * each_local_branch() - call @fn for each branch in @code without a relocation.
	 * @fn: gets the instruction's offset and length, the operand's offset and width, and the
	 * target Return: false when the bytes cannot be decoded.
	 */
	bool (*each_local_branch)(const uint8_t *code, size_t size,
				  void (*fn)(void *ctx, size_t insn, size_t operand, size_t width,
					     int64_t target),
				  void *ctx);

	/** write_nop() - overwrite the @len bytes long branch at @code by a NOP; false: no such
	 * length. */
	bool (*write_nop)(uint8_t *code, size_t len);

	/** branch_len() - length of the unconditional jump at @code, 0 if it is something else. */
	size_t (*branch_len)(const uint8_t *code, size_t size);

	/** rela_branch - relocation type for a branch operand. */
	uint32_t rela_branch;
};

extern const struct arch arch;

#endif
