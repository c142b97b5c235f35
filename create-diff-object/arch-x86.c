// SPDX-License-Identifier: GPL-2.0
/* x86-64: relocation types (System V psABI) and the few things to know about instructions. */
#include "arch.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <string.h>

static size_t rela_width(uint32_t type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
	case R_X86_64_32:
	case R_X86_64_32S:
		return 4;
	default:
		return 0;
	}
}

static bool rela_is_pcrel(uint32_t type)
{
	return type == R_X86_64_PC32 || type == R_X86_64_PLT32 || type == R_X86_64_PC64;
}

/*
 * The byte before a PC-relative operand is the opcode of a branch (E8, E9, 0F 80..8F) or the ModRM
 * byte of a RIP-relative access, which is 00xxx101: the two cannot be confused.
 */
static bool is_branch(const uint8_t *code, size_t off, uint32_t type)
{
	if ((type != R_X86_64_PC32 && type != R_X86_64_PLT32) || off < 1)
		return false;
	if (code[off - 1] == 0xe8 || code[off - 1] == 0xe9)
		return true;
	return off >= 2 && code[off - 2] == 0x0f && (code[off - 1] & 0xf0) == 0x80;
}

/*
 * RIP-relative (ModRM 00xxx101), but not LEA (8D); or absolute without base and index, as is used
 * with %gs (ModRM 00xxx100, SIB xx100101). Before an immediate operand are neither.
 */
static bool is_access(const uint8_t *code, size_t off, uint32_t type)
{
	if (off < 3 || is_branch(code, off, type))
		return false;
	if (rela_is_pcrel(type))
		return (code[off - 1] & 0xc7) == 0x05 && code[off - 2] != 0x8d;
	return type == R_X86_64_32S && (code[off - 2] & 0xc7) == 0x04 &&
	       (code[off - 1] & 0x3f) == 0x25 && code[off - 3] != 0x8d;
}

/* capstone 4 does not know endbr64; it is the only such instruction that GCC emits in C code. */
static size_t known_insn(const uint8_t *code, size_t size)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	return size >= 4 && !memcmp(code, endbr64, 4) ? 4 : 0;
}

/** struct walk - decoding a range one instruction after the other. */
struct walk {
	csh handle;
	cs_insn *insn;
	const uint8_t *code;
	size_t size, pos, len; /* the current instruction is [pos, pos + len) */
};

static bool walk_start(struct walk *walk, const uint8_t *code, size_t start, size_t size)
{
	memset(walk, 0, sizeof(*walk));
	walk->code = code;
	walk->pos = start;
	walk->size = size;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &walk->handle) != CS_ERR_OK)
		return false;
	cs_option(walk->handle, CS_OPT_DETAIL, CS_OPT_ON);
	walk->insn = cs_malloc(walk->handle);
	return true;
}

static bool walk_next(struct walk *walk)
{
	walk->pos += walk->len;
	const uint8_t *code = walk->code + walk->pos;
	size_t left = walk->size - walk->pos;
	uint64_t addr = walk->pos;

	walk->insn->id = X86_INS_INVALID;
	walk->len = known_insn(code, left);
	if (walk->len)
		return true;
	if (!cs_disasm_iter(walk->handle, &code, &left, &addr, walk->insn))
		return false;
	walk->len = walk->insn->size;
	return true;
}

static void walk_end(struct walk *walk)
{
	cs_free(walk->insn, 1);
	cs_close(&walk->handle);
}

static size_t insn_end(const uint8_t *code, size_t start, size_t size, size_t off)
{
	struct walk walk;
	size_t end = 0;

	if (!walk_start(&walk, code, start, size))
		return 0;
	while (walk.pos + walk.len <= off && walk_next(&walk))
		end = walk.pos + walk.len;
	walk_end(&walk);
	return end > off ? end : 0;
}

static bool each_local_branch(const uint8_t *code, size_t size,
			      void (*fn)(void *ctx, size_t insn, size_t operand, size_t width,
					 int64_t target),
			      void *ctx)
{
	struct walk walk;
	bool ok = true;

	if (!walk_start(&walk, code, 0, size))
		return false;
	while (walk.pos + walk.len < size) {
		ok = walk_next(&walk);
		if (!ok)
			break;
		if (walk.insn->id == X86_INS_INVALID || !walk.insn->detail ||
		    (!cs_insn_group(walk.handle, walk.insn, X86_GRP_JUMP) &&
		     !cs_insn_group(walk.handle, walk.insn, X86_GRP_CALL)))
			continue;
		const cs_x86 *x86 = &walk.insn->detail->x86;

		if (x86->op_count != 1 || x86->operands[0].type != X86_OP_IMM)
			continue;
		size_t width = walk.len >= 5 ? 4 : 1;

		fn(ctx, walk.pos, walk.pos + walk.len - width, width, x86->operands[0].imm);
	}
	walk_end(&walk);
	return ok;
}

static size_t branch_len(const uint8_t *code, size_t size)
{
	if (size >= 2 && code[0] == 0xeb)
		return 2;
	return size >= 5 && code[0] == 0xe9 ? 5 : 0;
}

/* The NOPs that the kernel itself uses for 2 and 5 bytes (Intel SDM, table of multi-byte NOPs). */
static bool write_nop(uint8_t *code, size_t len)
{
	static const uint8_t nop2[] = { 0x66, 0x90 };
	static const uint8_t nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	if (len != 2 && len != 5)
		return false;
	memcpy(code, len == 2 ? nop2 : nop5, len);
	return true;
}

const struct arch arch = {
	.name = "x86-64",
	.machine = EM_X86_64,
	.rela_none = R_X86_64_NONE,
	.rela_abs64 = R_X86_64_64,
	.rela_branch = R_X86_64_PLT32,
	.rela_width = rela_width,
	.rela_is_pcrel = rela_is_pcrel,
	.is_branch = is_branch,
	.is_access = is_access,
	.insn_end = insn_end,
	.each_local_branch = each_local_branch,
	.write_nop = write_nop,
	.branch_len = branch_len,
};
