// SPDX-License-Identifier: GPL-2.0
/*
 * Linked into a copy of kpatch.ko, drives its lookup.c, guard.c and late.c: write a command to
 * /sys/module/kpatch/parameters/command, read its result there. "coming COMMAND" is done when the
 * module kp_target is coming, before its init; "ignore" ends that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/elf.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <kpatch/kpatch-core.h>

#include "guard.h"
#include "late.h"
#include "lookup.h"

static char result[256] = "nothing done yet";
static char when_coming[256];

static struct module *object(const char *name)
{
	enum module_state state;

	return strcmp(name, "vmlinux") ? kp_find_module(name, &state) : NULL;
}

/* ---- places for late references: in data, in read-only data, in code ---- */

static u64 place_64;
static s32 place_32s;
static const u64 place_rodata;

/* Returns the address that a late reference fills in: four bytes from the fourth one on. */
asm(".pushsection .text\n"
    ".globl code_place\n"
    ".type code_place, @function\n"
    "code_place:\n"
    "	leaq 0(%rip), %rax\n"
    "	" ASM_RET
    ".size code_place, . - code_place\n"
    ".popsection\n");
unsigned long code_place(void);
#define CODE_OPERAND ((void *)code_place + 3)

#define TARGET .objname = "kp_target"
static const struct kp_late good_rows[] = {
	{ .place = &place_64, .type = R_X86_64_64, .name = "target_answer", TARGET },
	{ .place = &place_32s, .type = R_X86_64_32S, .name = "target_answer", .addend = 4, TARGET },
	{ .place = (void *)&place_rodata, .type = R_X86_64_64, .name = "twice_there", .sympos = 2, TARGET },
	{ .place = CODE_OPERAND, .type = R_X86_64_PLT32, .addend = -4, .name = "target_second", TARGET },
	{ .place = NULL, .type = R_X86_64_64, .name = "of_another", .objname = "other" },
	{}
};

/* Each has a good first row: nothing of it may be written. */
#define GOOD_ROW { .place = &place_64, .type = R_X86_64_64, .name = "target_answer", TARGET }
static const struct kp_late range_rows[] = {
	GOOD_ROW,
	{ .place = &place_32s, .type = R_X86_64_32, .name = "target_answer", TARGET },
	{}
};
static const struct kp_late pc_rows[] = {
	GOOD_ROW,
	{ .place = &place_32s, .type = R_X86_64_PC32, .addend = 1L << 32, .name = "target_answer", TARGET },
	{}
};
static const struct kp_late type_rows[] = {
	GOOD_ROW,
	{ .place = &place_32s, .type = R_X86_64_GOTPCREL, .name = "target_answer", TARGET },
	{}
};
static const struct kp_late missing_rows[] = {
	GOOD_ROW,
	{ .place = &place_32s, .type = R_X86_64_32S, .name = "no_such_symbol", TARGET },
	{}
};
static const struct kp_late ambiguous_rows[] = {
	GOOD_ROW,
	{ .place = &place_32s, .type = R_X86_64_32S, .name = "twice_there", TARGET },
	{}
};
static const struct kp_late place_rows[] = {
	GOOD_ROW,
	{ .place = result - (1L << 28), .type = R_X86_64_64, .name = "target_answer", TARGET },
	{}
};

static const struct {
	const char *name;
	const struct kp_late *rows;
} tables[] = {
	{ "good", good_rows },	     { "range", range_rows },
	{ "pc", pc_rows },	     { "type", type_rows },
	{ "missing", missing_rows }, { "ambiguous", ambiguous_rows },
	{ "place", place_rows },
};

static struct kp_patch patch = { .mod = THIS_MODULE };

static void select_rows(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		if (!strcmp(tables[i].name, name))
			patch.late = tables[i].rows;
}

/* ---- commands ---- */

static void do_symbol(char *words[])
{
	unsigned long address = 0, sympos = 0;
	int ret = kstrtoul(words[3], 0, &sympos);

	ret = ret ?: kp_lookup_symbol(object(words[1]), words[2], sympos, &address);
	scnprintf(result, sizeof(result), "%d %016lx size %lu", ret, address,
		  address ? kp_lookup_size(address) : 0);
}

static void do_each(char *words[])
{
	unsigned long address[2] = {};
	unsigned int count = kp_lookup_each(object(words[1]), words[2], address, 2);

	scnprintf(result, sizeof(result), "%u %016lx %016lx", count, address[0], address[1]);
}

static void do_find(char *words[])
{
	enum module_state state = MODULE_STATE_UNFORMED;
	bool found = kp_find_module(words[1], &state);

	scnprintf(result, sizeof(result), found ? "state %d" : "none", state);
}

static void do_guard(char *words[])
{
	u8 id[KP_BUILD_ID_SIZE] = {};
	int ret = hex2bin(id, words[2], sizeof(id));

	ret = ret ?: kp_guard_module(object(words[1]), id);
	scnprintf(result, sizeof(result), "%d", ret);
}

static void do_apply(char *words[])
{
	int ret;

	select_rows(words[2]);
	ret = kp_late_apply(&patch, object(words[1]));
	scnprintf(result, sizeof(result), "%d", ret);
}

static void do_clear(char *words[])
{
	kp_late_clear(&patch, words[1]);
	scnprintf(result, sizeof(result), "cleared, refers %d %d", kp_late_refers(&patch, words[1]),
		  kp_late_refers(&patch, "nobody"));
}

static void do_show(char *words[])
{
	bool filled = memchr_inv(CODE_OPERAND, 0, 4);

	scnprintf(result, sizeof(result), "64 %016llx 32s %08x rodata %016llx code %016lx", place_64,
		  place_32s, READ_ONCE(place_rodata), filled ? code_place() : 0);
}

static const struct {
	const char *name;
	int words;
	void (*run)(char *words[]);
} commands[] = {
	{ "symbol", 4, do_symbol }, { "each", 3, do_each },   { "find", 2, do_find },
	{ "guard", 3, do_guard },   { "apply", 3, do_apply }, { "clear", 2, do_clear },
	{ "show", 1, do_show },
};

static int run(const char *command)
{
	char copy[256], *line = copy, *words[8] = {};
	int count = 0;
	size_t i;

	strscpy(copy, command, sizeof(copy));
	while (line && count < ARRAY_SIZE(words) - 1) {
		words[count] = strsep(&line, " \n");
		count += *words[count] != '\0';
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (count != commands[i].words || strcmp(words[0], commands[i].name))
			continue;
		commands[i].run(words);
		return 0;
	}
	return -EINVAL;
}

static int module_event(struct notifier_block *block, unsigned long event, void *data)
{
	const struct module *mod = data;

	if (event == MODULE_STATE_COMING && !strcmp(mod->name, "kp_target"))
		run(when_coming);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = module_event, .priority = -100 };

/* Not in an init function: that is kpatch.ko's. */
static int watch(const char *command)
{
	if (*when_coming)
		unregister_module_notifier(&notifier);
	strscpy(when_coming, command, sizeof(when_coming));
	return *command ? register_module_notifier(&notifier) : 0;
}

static int set_command(const char *text, const struct kernel_param *param)
{
	if (!strncmp(text, "coming ", 7))
		return watch(text + 7);
	if (!strncmp(text, "ignore", 6))
		return watch("");
	return run(text);
}

static int get_result(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", result);
}

static const struct kernel_param_ops command_ops = { .set = set_command, .get = get_result };
module_param_cb(command, &command_ops, NULL, 0600);
