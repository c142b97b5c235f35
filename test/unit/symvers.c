// SPDX-License-Identifier: GPL-2.0
/* Module.symvers: what is read, and what is refused. */
#include "symvers.h"
#include "target-util.h"

#define GOOD                                                                                       \
	"0x12345678\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"                                           \
	"0x00000001\tnft_do\tnet/netfilter/nf-tables\tEXPORT_SYMBOL_GPL\tNFT\n"

static void refuses(struct test *t, const char *name, const char *text, const char *message)
{
	g_autofree char *path = in_dir(t, "Module.symvers");
	GError *err = NULL;

	put_file(t, "Module.symvers", text, -1);
	g_autoptr(kp_symvers) sv = kp_symvers_open(path, &err);

	check_error(t, name, &err, message);
}

static void reads(struct test *t)
{
	g_autofree char *path = in_dir(t, "Module.symvers");

	put_file(t, "Module.symvers", GOOD, -1);
	g_autoptr(kp_symvers) sv = kp_symvers_open(path, NULL);

	if (!check(t, sv != NULL, "good-file", "refused"))
		return;
	const struct kp_export *a = kp_symvers_find(sv, "printk"),
			       *b = kp_symvers_find(sv, "nft_do");

	check(t, kp_symvers_count(sv) == 2 && a && b && !kp_symvers_find(sv, "nft"), "lookup",
	      "count %zu", kp_symvers_count(sv));
	check(t, a && a->crc == 0x12345678 && kp_symvers_is_vmlinux(a) && !*a->ns, "vmlinux-export",
	      "wrong fields");
	g_autofree char *module = kp_symvers_module_name(b);

	check(t,
	      strcmp(module, "nf_tables") == 0 && strcmp(b->ns, "NFT") == 0 &&
		      strcmp(b->type, "EXPORT_SYMBOL_GPL") == 0 && !kp_symvers_is_vmlinux(b),
	      "module-export", "module %s", module);
}

int main(void)
{
	struct test t;

	test_start(&t);
	reads(&t);
	refuses(&t, "empty", "", "empty");
	refuses(&t, "last-line-cut", GOOD "0x12345678\tfoo\tvmlinux\tEXPORT_SYMBOL\t", "line 3");
	refuses(&t, "columns", GOOD "0x12345678\tfoo\tvmlinux\n", "line 3");
	refuses(&t, "crc", "12345678\tfoo\tvmlinux\tEXPORT_SYMBOL\t\n", "line 1: the CRC");
	refuses(&t, "crc-too-long", "0x123456789\tfoo\tvmlinux\tEXPORT_SYMBOL\t\n",
		"line 1: the CRC");
	refuses(&t, "type", "0x12345678\tfoo\tvmlinux\tWHAT\t\n", "line 1");
	refuses(&t, "twice", GOOD GOOD, "line 3: a symbol that is exported twice");
	return test_end(&t);
}
