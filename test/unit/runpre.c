// SPDX-License-Identifier: GPL-2.0
/*
 * Run-pre matching against kernels and modules of a few functions. Every case
 * compiles an "object", links a "target" and asks for the state of some symbols.
 */
#include "runpre.h"

#include <inttypes.h>

#include "target-util.h"

/** struct setup - an object matched with a target. */
struct setup {
	struct kp_image *img;
	struct runpre *rp;
};

static struct setup match(struct test *t, const char *target, const char *object)
{
	g_autofree char *target_path = in_dir(t, target);
	g_autofree char *object_path = in_dir(t, object);
	g_autoptr(GError) err = NULL;
	struct setup s = { .img = kp_image_open(target_path, NULL, &err) };

	if (s.img)
		s.rp = runpre_match(object_path, s.img, &err);
	if (!s.rp)
		g_error("%s", err->message);
	return s;
}

static void done(struct setup *s)
{
	runpre_free(s->rp);
	kp_image_free(s->img);
}

/* That @symbol has @state, and what goes with it: "name addr" at @at if that is not negative. */
static const struct runpre_sym *state_is(struct test *t, const char *name, const struct setup *s,
					 const char *symbol, enum runpre_state state)
{
	const struct runpre_sym *rs = runpre_find(s->rp, symbol);

	check(t, rs && rs->state == state, name, "%s: %s instead of %s%s%s", symbol,
	      rs ? runpre_state_name(rs->state) : "not there", runpre_state_name(state),
	      rs && rs->why ? ": " : "", rs && rs->why ? rs->why : "");
	return rs;
}

static uint64_t nth_addr(const struct setup *s, const char *symbol, size_t n)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(kp_image_symtab(s->img), symbol, &count);

	return n < count ? found[n]->addr : 0;
}

#define NOINLINE "__attribute__((noinline)) "
#define TWIN                                                                                       \
	"static int counter;\n"                                                                    \
	"static " NOINLINE "int twin(int x) { counter += x; return counter; }\n"

/* Same-named, identical functions and data in two objects: the rest of each object decides. */
static void twins(struct test *t)
{
	compile(t, "one", TWIN "int one(int x) { return twin(x) + 1; }\n");
	compile(t, "two", TWIN "int two(int x) { return twin(x) + 2; }\n");
	link_kernel(t, "kernel", "one.o two.o");
	for (size_t i = 0; i < 2; i++) {
		struct setup s = match(t, "kernel", i ? "two.o" : "one.o");
		const struct runpre_sym *f =
			state_is(t, i ? "twin-2" : "twin-1", &s, "twin", RUNPRE_MATCH);
		const struct runpre_sym *d =
			state_is(t, i ? "twin-data-2" : "twin-data-1", &s, "counter", RUNPRE_MATCH);

		check(t, f->addr == nth_addr(&s, "twin", i) && f->sympos == i + 1, "twin-position",
		      "0x%" PRIx64 " position %lu", f->addr, f->sympos);
		check(t, d->addr == nth_addr(&s, "counter", i) && d->sympos == i + 1,
		      "twin-data-position", "0x%" PRIx64 " position %lu", d->addr, d->sympos);
		done(&s);
	}
}

/* Nothing tells one copy from the other: that must be said, not guessed. */
static void undecidable(struct test *t)
{
	compile(t, "one", "static __attribute__((used)) int twin(void) { return 1; }\n");
	sh(t, "cp one.o two.o");
	link_kernel(t, "kernel", "one.o two.o");
	struct setup s = match(t, "kernel", "one.o");
	const struct runpre_sym *f = state_is(t, "undecidable", &s, "twin", RUNPRE_AMBIGUOUS);

	check(t, f->why && strstr(f->why, "0xffffffff81"), "undecidable-names-places", "%s",
	      f->why);
	done(&s);

	/* A uniquely named table that refers to the function decides. */
	compile(t, "three",
		"static int twin(void) { return 1; }\n"
		"int (*table_of_three)(void) = twin;\n");
	compile(t, "four",
		"static int twin(void) { return 1; }\n"
		"int (*table_of_four)(void) = twin;\n");
	link_kernel(t, "kernel", "three.o four.o");
	s = match(t, "kernel", "four.o");
	f = state_is(t, "decided-by-data", &s, "twin", RUNPRE_MATCH);
	check(t, f->addr == nth_addr(&s, "twin", 1) && f->sympos == 2, "decided-by-data-position",
	      "0x%" PRIx64, f->addr);
	done(&s);
}

#define SOURCE(constant, extra, string)                                                            \
	"extern void ext(const char *);\n"                                                         \
	"int before(int x) { return x * 3 + 1; }\n"                                                \
	"int changes(int x) { " extra " return x ^ " constant "; }\n"                              \
	"int after(int x) { return x * 5 + 7; }\n"                                                 \
	"void says(void) { ext(\"" string "\"); }\n"
#define EXT "void ext(const char *s) { asm volatile(\"\" : : \"r\"(s)); }\n"

/* The target was built from other source. */
static void other_source(struct test *t)
{
	compile(t, "ext", EXT);
	compile(t, "built", SOURCE("0x1234", "", "hello"));
	compile(t, "same", SOURCE("0x1234", "", "hello"));
	compile(t, "constant", SOURCE("0x1235", "", "hello"));
	compile(t, "longer",
		SOURCE("0x1234", "for (int i = 0; i < x; i++) asm(\"cpuid\");", "hello"));
	compile(t, "string", SOURCE("0x1234", "", "hallo"));
	link_kernel(t, "kernel", "ext.o built.o");

	struct setup s = match(t, "kernel", "same.o");
	struct runpre_totals totals;

	runpre_totals(s.rp, &totals);
	check(t, totals.functions == 4 && totals.match == 4, "same-source", "%u of %u match",
	      totals.match, totals.functions);
	const struct runpre_sym *ext = state_is(t, "external", &s, "ext", RUNPRE_MATCH);

	check(t, !ext->defined && ext->addr == nth_addr(&s, "ext", 0), "external-address",
	      "0x%" PRIx64, ext->addr);
	done(&s);

	s = match(t, "kernel", "constant.o");
	const struct runpre_sym *f = state_is(t, "constant-differs", &s, "changes", RUNPRE_DIFFERS);

	check(t, f->differs_at > 0 && f->differs_at < f->size && strstr(f->why, "0x35"),
	      "constant-differs-where", "offset %" PRIu64 ": %s", f->differs_at, f->why);
	state_is(t, "others-match-before", &s, "before", RUNPRE_MATCH);
	state_is(t, "others-match-after", &s, "after", RUNPRE_MATCH);
	done(&s);

	s = match(t, "kernel", "longer.o");
	state_is(t, "length-differs", &s, "changes", RUNPRE_DIFFERS);
	f = state_is(t, "moved-matches", &s, "after", RUNPRE_MATCH);
	check(t, f->addr == nth_addr(&s, "after", 0), "moved-address", "0x%" PRIx64, f->addr);
	done(&s);

	s = match(t, "kernel", "string.o");
	state_is(t, "string-differs", &s, "says", RUNPRE_DIFFERS);
	state_is(t, "string-others-match", &s, "changes", RUNPRE_MATCH);
	done(&s);
}

static void weak(struct test *t)
{
	compile(t, "generic",
		"int __attribute__((weak)) arch_hook(void) { return 0; }\n"
		"int __attribute__((weak)) default_hook(void) { return 4; }\n"
		"int user(void) { return arch_hook() + default_hook() + 1; }\n");
	compile(t, "arch", "int arch_hook(void) { return 77; }\n");
	link_kernel(t, "kernel", "generic.o arch.o");
	struct setup s = match(t, "kernel", "generic.o");
	const struct runpre_sym *f = state_is(t, "overridden", &s, "arch_hook", RUNPRE_OVERRIDDEN);

	check(t, f->addr == nth_addr(&s, "arch_hook", 0) && f->target, "overridden-by",
	      "0x%" PRIx64, f->addr);
	state_is(t, "weak-not-overridden", &s, "default_hook", RUNPRE_MATCH);
	state_is(t, "user-of-weak", &s, "user", RUNPRE_MATCH);
	done(&s);
}

#define SWITCH(a, b)                                                                               \
	".text\n.globl f\n.type f,@function\nf: jmp *table(,%rdi,8)\n"                             \
	"1: mov $1,%eax\nret\n2: mov $2,%eax\nret\n.size f,.-f\n"                                  \
	".section .rodata\n.quad 0\ntable: .quad " a ", " b "\n"

/* Equal code, but the switch table says otherwise. */
static void switch_table(struct test *t)
{
	assemble(t, "built", SWITCH("1b", "2b"));
	assemble(t, "swapped", SWITCH("2b", "1b"));
	link_kernel(t, "kernel", "built.o");
	struct setup s = match(t, "kernel", "built.o");

	state_is(t, "switch-table", &s, "f", RUNPRE_MATCH);
	done(&s);
	s = match(t, "kernel", "swapped.o");
	state_is(t, "switch-table-differs", &s, "f", RUNPRE_DIFFERS);
	done(&s);
}

/* @site: the instruction at the label; @flags: what the key's low bits say */
static void jump_label_object(struct test *t, const char *name, const char *site, const char *flags)
{
	g_autofree char *source = g_strdup_printf(
		".text\n.globl f\n.type f,@function\nf: mov $1,%%eax\n1: %s\nret\n2: mov $2,%%eax\n"
		"ret\n.size f,.-f\n.data\n.balign 16\n.globl key\nkey: .quad 5,6\n"
		".section __jump_table,\"aw\"\n.balign 8\n.long 1b - ., 2b - .\n.quad key + %s - "
		".\n",
		site, flags);

	assemble(t, name, source);
}

static void jump_labels(struct test *t)
{
	jump_label_object(t, "raw", "jmp 2f", "2");
	jump_label_object(t, "raw5", ".byte 0xe9; .long 2f - . - 4", "2");
	jump_label_object(t, "nop", ".byte 0x66,0x90", "2");
	jump_label_object(t, "nop5", ".byte 0x0f,0x1f,0x44,0,0", "2");
	jump_label_object(t, "enabled", "jmp 2f", "0");
	link_kernel(t, "k2", "nop.o");
	link_kernel(t, "k5", "nop5.o");
	static const struct {
		const char *name, *kernel, *object;
		enum runpre_state state;
	} cases[] = {
		{ "jump-label-short", "k2", "raw.o", RUNPRE_MATCH },
		{ "jump-label-long", "k5", "raw5.o", RUNPRE_MATCH },
		{ "jump-label-wrong-length", "k2", "raw5.o", RUNPRE_DIFFERS },
		{ "real-jump-is-no-nop", "k2", "enabled.o", RUNPRE_DIFFERS },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct setup s = match(t, cases[i].kernel, cases[i].object);

		state_is(t, cases[i].name, &s, "f", cases[i].state);
		done(&s);
	}
}

/* gcc may refer beyond the end of a literal; the addend says nothing about the entry then. */
static void beyond_literal(struct test *t)
{
	assemble(t, "lit",
		 ".text\n.globl f\n.type f,@function\nf: cmp $.LC0+9,%rax\n"
		 "mov .LC0-0(%rip),%eax\nret\n.size f,.-f\n"
		 ".section .rodata.str1.1,\"aMS\",@progbits,1\n.string \"aa\"\n.LC0: .string "
		 "\"xyz\"\n");
	assemble(t, "other",
		 ".text\nmov $.LC0,%rax\n.section .rodata.str1.1,\"aMS\",@progbits,1\n"
		 ".LC0: .string \"longer than the other one, and first\"\n");
	link_kernel(t, "kernel", "other.o lit.o");
	struct setup s = match(t, "kernel", "lit.o");

	state_is(t, "beyond-literal", &s, "f", RUNPRE_MATCH);
	done(&s);
}

static void module(struct test *t)
{
	compile(t, "one",
		TWIN "extern int printk(const char *);\n"
		     "int one(int x) { return printk(\"one\") + twin(x); }\n");
	compile(t, "two",
		TWIN "extern int printk(const char *);\nextern int one(int);\n"
		     "int two(int x) { return printk(\"two\") + twin(x) + one(x); }\n");
	compile(t, "bad",
		TWIN "extern int scanf(const char *);\nextern int one(int);\n"
		     "int two(int x) { return scanf(\"two\") + twin(x) + one(x); }\n");
	link_module(t, "m.ko", "one.o two.o");
	struct setup s = match(t, "m.ko", "two.o");
	const struct runpre_sym *f = state_is(t, "module-function", &s, "two", RUNPRE_MATCH);
	const struct runpre_sym *twin = state_is(t, "module-twin", &s, "twin", RUNPRE_MATCH);
	const struct runpre_sym *ext = state_is(t, "module-external", &s, "printk", RUNPRE_MATCH);
	const struct runpre_sym *sibling = state_is(t, "module-sibling", &s, "one", RUNPRE_MATCH);

	check(t,
	      f->addr == nth_addr(&s, "two", 0) && twin->addr == nth_addr(&s, "twin", 1) &&
		      twin->sympos == 2,
	      "module-addresses", "twin position %lu", twin->sympos);
	check(t, ext->undef && strcmp(ext->undef, "printk") == 0 && !ext->target,
	      "module-external-by-name", "%s", ext->undef);
	check(t, !sibling->defined && sibling->addr == nth_addr(&s, "one", 0),
	      "module-sibling-address", "0x%" PRIx64, sibling->addr);
	done(&s);
	s = match(t, "m.ko", "bad.o");
	state_is(t, "module-other-external", &s, "two", RUNPRE_DIFFERS);
	done(&s);
}

/* Zero bytes that the image relocates are not the zero bytes of the object. */
static void extra_relocation(struct test *t)
{
	assemble(t, "reloc",
		 ".text\n.globl f\n.type f,@function\nf: mov $ext,%rax\nret\n.size f,.-f\n");
	assemble(t, "zero",
		 ".text\n.globl f\n.type f,@function\n"
		 "f: .byte 0x48,0xc7,0xc0,0,0,0,0\nret\n.size f,.-f\n");
	link_module(t, "m.ko", "reloc.o");
	struct setup s = match(t, "m.ko", "reloc.o");

	state_is(t, "relocation", &s, "f", RUNPRE_MATCH);
	done(&s);
	s = match(t, "m.ko", "zero.o");
	state_is(t, "extra-relocation", &s, "f", RUNPRE_DIFFERS);
	done(&s);
}

/* A global symbol that only unmatched code uses is settled by its name, a static twin is no rival.
 */
static void global_and_static(struct test *t)
{
	compile(t, "a",
		"static " NOINLINE "int helper(void) { asm(\"nop\"); return 1; }\n"
		"int a(void) { return helper() + 1; }\n");
	compile(t, "b", NOINLINE "int helper(void) { asm(\"cpuid\"); return 2; }\n");
	compile(t, "c", "extern int helper(void); int c(void) { return helper() + 3; }\n");
	link_kernel(t, "kernel", "a.o b.o c.o");
	struct setup s = match(t, "kernel", "c.o");
	const struct runpre_sym *h = state_is(t, "global-not-static", &s, "helper", RUNPRE_MATCH);

	check(t, h->addr == nth_addr(&s, "helper", 1) && h->sympos == 2, "global-position",
	      "position %lu", h->sympos);
	done(&s);
}

/* Another kernel has zeros where the object has pointers: these refer to nothing. */
static void zeros(struct test *t)
{
	compile(t, "other", "void *driver[2] = { 0 }; int other = 1; int f(void) { return 2; }\n");
	compile(t, "object",
		"extern int x(void); static int probe(void) { return x() + 1; }\n"
		"static int gone(void) { return x() + 2; }\n"
		"void *driver[2] = { probe, gone };\n");
	sh(t, "objcopy --rename-section .bss=.data,alloc,load,data,contents other.o");
	link_kernel(t, "kernel", "other.o");
	struct setup s = match(t, "kernel", "object.o");

	state_is(t, "zeros-are-no-references", &s, "probe", RUNPRE_ABSENT);
	state_is(t, "pointers-differ-from-zeros", &s, "driver", RUNPRE_DIFFERS);
	done(&s);
}

static void mutations(struct test *t)
{
	g_autofree char *path = in_dir(t, "one.o");
	g_autofree char *kernel = in_dir(t, "kernel");
	g_autofree char *bad = in_dir(t, "bad.o");
	g_autofree char *data = NULL;
	gsize len = 0;
	uint32_t seed = 42;
	unsigned int read = 0;

	compile(t, "one",
		TWIN "int a[4] = { 1, 2, 3 }; const char *s = \"text\";\n"
		     "int one(int x) { switch (x) { case 0: return twin(1); case 1: return a[x];\n"
		     "case 2: return 9; case 3: return s[x]; case 4: return 1; } return 5; }\n");
	link_kernel(t, "kernel", "one.o");
	link_module(t, "m.ko", "one.o");
	g_file_get_contents(path, &data, &len, NULL);
	g_autoptr(kp_image) img = kp_image_open(kernel, NULL, NULL);
	g_autofree char *ko = in_dir(t, "m.ko");
	g_autoptr(kp_image) module_img = kp_image_open(ko, NULL, NULL);

	for (int i = 0; i < 1000; i++) {
		g_autoptr(GBytes) bytes = mutate((const uint8_t *)data, len, &seed);

		put_file(t, "bad.o", g_bytes_get_data(bytes, NULL),
			 (gssize)g_bytes_get_size(bytes));
		g_autoptr(GError) err = NULL;
		g_autoptr(runpre) rp = runpre_match(bad, i % 2 ? img : module_img, &err);
		g_autoptr(kp_image) damaged = kp_image_open(bad, NULL, NULL);

		read += rp != NULL;
		if (!rp && !err)
			t->failures++;
	}
	check(t, read > 100 && read < 1000, "mutations", "%u of 1000 could be read", read);
}

int main(void)
{
	struct test t;

	test_start(&t);
	twins(&t);
	undecidable(&t);
	other_source(&t);
	weak(&t);
	switch_table(&t);
	jump_labels(&t);
	beyond_literal(&t);
	module(&t);
	extra_relocation(&t);
	global_and_static(&t);
	zeros(&t);
	mutations(&t);
	return test_end(&t);
}
