// SPDX-License-Identifier: GPL-2.0
/*
 * lookup.c, guard.c and late.c of kpatch.ko in a module of their own, driven from
 * /sys/module/kp_loading/parameters/command: write a command, read its result. For "coming NAME ..."
 * the rest is done when module NAME is coming, before its init.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/elf.h>
#include <linux/init.h>
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
	return strcmp(name, "vmlinux") ? kp_find_module(name) : NULL;
}

/* ---- places for late references: in data, in read-only data, in code ---- */

static u64 place_64;
static s32 place_32s;
static const u64 place_rodata = 0;

/* The call's operand is a late reference. Before it is filled in, it calls the next instruction. */
asm(".pushsection .text\n"
    ".globl call_target\n"
    ".type call_target, @function\n"
    "call_target:\n"
    "	sub $8, %rsp\n"
    "	xor %eax, %eax\n"
    "	.byte 0xe8\n"
    ".globl call_operand\n"
    "call_operand: .long 0\n"
    "	add $8, %rsp\n"
    "	" ASM_RET
    ".size call_target, . - call_target\n"
    ".popsection\n");
int call_target(void);
extern u8 call_operand[];

#define TARGET .objname = "kp_target"
static const struct kp_late good_rows[] = {
	{ .place = &place_64, .type = R_X86_64_64, .name = "target_answer", TARGET },
	{ .place = &place_32s, .type = R_X86_64_32S, .name = "target_answer", .addend = 4, TARGET },
	{ .place = (void *)&place_rodata, .type = R_X86_64_64, .name = "twice_there", .sympos = 2, TARGET },
	{ .place = call_operand, .type = R_X86_64_PLT32, .addend = -4, .name = "target_second", TARGET },
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
	const struct module *mod = kp_find_module(words[1]);

	scnprintf(result, sizeof(result), mod ? "state %d" : "none", mod ? mod->state : 0);
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
	scnprintf(result, sizeof(result), "64 %016llx 32s %08x rodata %016llx call %d", place_64,
		  place_32s, READ_ONCE(place_rodata), call_target());
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

static int run(char *line)
{
	char *words[8] = {};
	int count = 0;
	size_t i;

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

static int set_command(const char *text, const struct kernel_param *param)
{
	char line[256];

	strscpy(line, text, sizeof(line));
	if (!strncmp(line, "coming ", 7)) {
		strscpy(when_coming, line + 7, sizeof(when_coming));
		return 0;
	}
	return run(line);
}

static int get_result(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", result);
}

static const struct kernel_param_ops command_ops = { .set = set_command, .get = get_result };
module_param_cb(command, &command_ops, NULL, 0600);

static int module_event(struct notifier_block *block, unsigned long event, void *data)
{
	const struct module *mod = data;

	if (event == MODULE_STATE_COMING && !strcmp(mod->name, "kp_target") && *when_coming)
		run(when_coming);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = module_event, .priority = -100 };

/* What kpatch-post-link knows kpatch.ko by. Nobody calls it here. */
int kp_enable_patch(struct kp_patch *unused)
{
	return -EOPNOTSUPP;
}
EXPORT_SYMBOL_GPL(kp_enable_patch);

static int __init loading_init(void)
{
	int ret = kp_guard_init();

	if (ret)
		return ret;
	ret = register_module_notifier(&notifier);
	if (ret)
		kp_guard_exit();
	return ret;
}

static void __exit loading_exit(void)
{
	unregister_module_notifier(&notifier);
	kp_guard_exit();
}

module_init(loading_init);
module_exit(loading_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of what kpatch.ko does when modules are loaded");
