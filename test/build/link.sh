#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# The link step, on every kernel that is installed: first link, objtool, kbuild, post-link.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/build/lib/link.sh"
[ -n "$(kernels)" ] || skip "no kernel with headers is installed"
build_link_module

cat >"$tmp/one.c" <<'END'
#include <linux/seq_file.h>
#include <linux/jump_label.h>
#include <linux/static_call.h>
#include <linux/bug.h>

extern int nr_threads, shared;
extern struct static_key_false sched_schedstats;
extern unsigned long nr_blockdev_pages(void);
DECLARE_STATIC_CALL(might_resched, __cond_resched);

int one(struct seq_file *m, void *v);
int one(struct seq_file *m, void *v)
{
	WARN_ON_ONCE(nr_threads < 0);
	if (static_branch_unlikely(&sched_schedstats))
		seq_puts(m, "on");
	static_call(might_resched)();
	seq_printf(m, "%lu %d", nr_blockdev_pages(), shared);
	return m->op ? m->op->show(m, v) : 0;
}
asm(".pushsection .kpatch.strings,\"a\"\n"
    "1: .asciz \"cmdline_proc_show\"\n2: .asciz \"vmlinux\"\n"
    ".section .kpatch.funcs,\"aw\"\n.quad one, 1, 0, 1, 0, 1b, 2b\n"
    ".section .kpatch.undef\n"
    ".asciz \"nr_threads vmlinux nr_threads 0 0\"\n"
    ".asciz \"sched_schedstats vmlinux sched_schedstats 0 0\"\n"
    ".asciz \"__SCK__might_resched vmlinux __SCK__might_resched 0 0\"\n"
    ".asciz \"nr_blockdev_pages vmlinux nr_blockdev_pages 0 0\"\n"
    ".popsection\n");
END
cat >"$tmp/two.c" <<'END'
#include <linux/netdevice.h>
extern const struct net_device_ops dummy_netdev_ops;
extern int nr_threads; /* something else than in one.c */
int shared = 1;
void two(struct net_device *dev);
void two(struct net_device *dev)
{
	dev->netdev_ops = &dummy_netdev_ops;
	dev->mtu = nr_threads;
}
asm(".pushsection .kpatch.strings,\"a\"\n"
    "1: .asciz \"dummy_setup\"\n2: .asciz \"dummy\"\n"
    ".section .kpatch.funcs,\"aw\"\n.quad two, 1, 0, 1, 3, 1b, 2b\n"
    ".section .kpatch.undef\n"
    ".asciz \"dummy_netdev_ops dummy dummy_netdev_ops 2 0\"\n"
    ".asciz \"nr_threads dummy numdummies 0 0\"\n"
    ".popsection\n");
END
# Per-CPU variables of built-in code: one section in a module.
cat >"$tmp/per-cpu.c" <<'END'
#include <linux/percpu.h>
DEFINE_PER_CPU(int, kp_plain);
DEFINE_PER_CPU_SHARED_ALIGNED(int, kp_shared);
DEFINE_PER_CPU_READ_MOSTLY(int, kp_read_mostly);
DEFINE_PER_CPU_PAGE_ALIGNED(int, kp_page);
DEFINE_PER_CPU_FIRST(int, kp_first);
END
# Shared with a hypervisor: not possible in a module. And a module that the patch has no object for.
cat >"$tmp/lost.c" <<'END'
#include <linux/percpu.h>
DEFINE_PER_CPU_DECRYPTED(int, kp_decrypted);
extern int numdummies;
int lost(void);
int lost(void)
{
	return numdummies + this_cpu_read(kp_decrypted);
}
asm(".pushsection .kpatch.undef\n.asciz \"numdummies dummy numdummies 0 0\"\n.popsection");
END

for kernel in $(kernels); do
	echo "== $kernel"
	compile_kernel "$tmp/per-cpu.c" "$tmp/per-cpu.o"
	compile_kernel "$tmp/lost.c" "$tmp/lost.o"
	compile_kernel "$tmp/one.c" "$tmp/one.o"
	compile_kernel "$tmp/two.c" "$tmp/two.o"
	mkdir -p "$tmp/a" "$tmp/another/place"
	link_module "$tmp/a" livepatch-x "$tmp/x.ko" "$tmp/one.o" "$tmp/two.o"
	readelf -SWs "$tmp/x.ko" >"$tmp/elf"
	readelf -rW "$tmp/x.ko" >"$tmp/relocs"
	readelf -p .modinfo "$tmp/x.ko" >"$tmp/info"

	# References go where the records say; nothing is left of the records.
	for section in vmlinux..text dummy..text vmlinux.__jump_table vmlinux..static_call_sites; do
		expect ".klp.rela.$section" "$tmp/elf"
	done
	for symbol in vmlinux.nr_threads,0 vmlinux.nr_blockdev_pages,0 dummy.dummy_netdev_ops,2 \
		dummy.numdummies,0 vmlinux.__SCK__might_resched,0; do
		expect ".klp.sym.$symbol" "$tmp/elf"
	done
	refute .kpatch.undef "$tmp/elf"
	refute ' UND shared' "$tmp/elf"
	# Flags of a klp relocation section: alloc, info, and the kernel's own bit.
	grep -q '\.klp\.rela\.dummy\.\.text *RELA .* 18 AIo ' "$tmp/elf" || fail "flags of .klp.rela"
	sed -n "/'.klp.rela.dummy..text'/,/^\$/p" "$tmp/relocs" >"$tmp/dummy-relocs"
	[ "$(grep -c klp.sym.dummy "$tmp/dummy-relocs")" = "$(grep -c R_X86_64 "$tmp/dummy-relocs")" ] ||
		fail "symbols of others in .klp.rela.dummy..text"

	# objtool did its work.
	for section in .orc_unwind_ip .return_sites .static_call_sites .retpoline_sites; do
		expect "$section" "$tmp/elf"
	done

	# What kpatch and the kernel read.
	for line in livepatch=Y kpatch.core=livepatch kpatch.build_id=0123abcd \
		kpatch.patch_sha256=feedbeef name=livepatch_x "vermagic=$kernel "; do
		expect "$line" "$tmp/info"
	done
	refute depends=dummy "$tmp/info"
	refute .debug "$tmp/elf"
	refute .BTF "$tmp/elf"
	! grep -qF "$tmp/a" "$tmp/x.ko" || fail "the module names the build's folder"

	# The same bytes elsewhere, with a different environment.
	MAKEFLAGS=-k KCFLAGS=-DX TZ=Asia/Tokyo LC_ALL=C.UTF-8 link_module "$tmp/another/place" \
		livepatch-x "$tmp/y.ko" "$tmp/one.o" "$tmp/two.o"
	cmp "$tmp/x.ko" "$tmp/y.ko"
	REPLACE=0 link_module "$tmp/a" livepatch-x "$tmp/z.ko" "$tmp/one.o" "$tmp/two.o"
	! cmp -s "$tmp/x.ko" "$tmp/z.ko" || fail "REPLACE=0 makes no difference"

	# No name is taken by a file of the link itself.
	for name in livepatch-patch parts; do
		mkdir "$tmp/$name"
		link_module "$tmp/$name" "$name" "$tmp/$name.ko" "$tmp/two.o"
		rm -r "${tmp:?}/$name"
	done

	# For the bundled core: distances from an exported symbol, and rows for the other module.
	CORE=kpatch link_module "$tmp/a" livepatch-x "$tmp/k.ko" "$tmp/one.o" "$tmp/two.o"
	readelf -SWs "$tmp/k.ko" >"$tmp/elf"
	readelf -rW "$tmp/k.ko" >"$tmp/relocs"
	readelf -p .modinfo "$tmp/k.ko" >"$tmp/info"
	readelf -p .kpatch.late "$tmp/k.ko" >"$tmp/late"
	refute .klp. "$tmp/elf"
	refute .kpatch.undef "$tmp/elf"
	for symbol in nr_threads nr_blockdev_pages sched_schedstats dummy_netdev_ops numdummies klp_; do
		refute "$symbol" "$tmp/elf"
	done
	for section in .text __jump_table .static_call_sites; do
		sed -n "/'.rela$section'/,/^\$/p" "$tmp/relocs" >"$tmp/section-relocs"
		grep -Eq '_printk [+-] [0-9a-f]{5,}' "$tmp/section-relocs" || fail "no anchor in $section"
	done
	# Three references of two.o, and the row that ends the table.
	sed -n "/'.rela.kpatch.late'/,/^\$/p" "$tmp/relocs" >"$tmp/section-relocs"
	places=$(grep -c ' \.text + ' "$tmp/section-relocs") || fail "no row in .kpatch.late"
	[ "$(grep -c R_X86_64_64 "$tmp/section-relocs")" = $((places * 3)) ] || fail "rows of .kpatch.late"
	for string in dummy_netdev_ops numdummies dummy; do
		expect "$string" "$tmp/late"
	done
	expect __kpatch_ident "$tmp/elf"
	for line in kpatch.core=kpatch depends=kpatch "vermagic=$kernel "; do
		expect "$line" "$tmp/info"
	done
	refute livepatch=Y "$tmp/info"
	id=$(readelf -x .kpatch.ident "$tmp/k.ko" | awk '/^  0x/ { print $2 $3 $4 $5 }' | tr -d '\n' |
		grep -o '^[0-9a-f]\{56\}' | cut -c 17-)
	[ ${#id} = 40 ] && [ "$id" != "$(printf '0%.0s' $(seq 40))" ] || fail "no build-id in .kpatch.ident: $id"
	# The exports of kpatch.ko are imported with the checksum that kpatch-post-link gives them.
	objcopy -O binary --only-section=__versions --set-section-flags __versions=alloc "$tmp/k.ko" "$tmp/versions"
	crc=$(od -An -v -tx4 -w64 "$tmp/versions" | awk '$3 == "655f706b" { print $1 }')
	want=$(printf '6b70%04x' "$(sed -n 's/^#define KP_IDENT_VERSION //p' "$KP_TOP/kmod/include/kpatch/kpatch-core.h")")
	[ "$crc" = "$want" ] || fail "checksum of kp_enable_patch: $crc"
	CORE=kpatch link_module "$tmp/another/place" livepatch-x "$tmp/k2.ko" "$tmp/one.o" "$tmp/two.o"
	cmp "$tmp/k.ko" "$tmp/k2.ko"

	readelf -SW "$tmp/per-cpu.o" >"$tmp/elf"
	expect .data..percpu..shared_aligned "$tmp/elf"
	link_module "$tmp/a" livepatch-x "$tmp/p.ko" "$tmp/two.o" "$tmp/per-cpu.o"
	readelf -SW "$tmp/p.ko" >"$tmp/elf"
	refute .data..percpu. "$tmp/elf"
	grep -q '\.data\.\.percpu  *PROGBITS .* WA .* 4096$' "$tmp/elf" || fail "no aligned per-CPU section"
	for core in livepatch kpatch; do
		CORE=$core status 2 link_module "$tmp/a" livepatch-x "$tmp/bad.ko" "$tmp/one.o" "$tmp/lost.o" 2>"$tmp/err"
		expect "new variables in section .data..percpu..decrypted" "$tmp/err"
		expect "dummy: the patch refers to numdummies, but changes nothing in this module" "$tmp/err"
		[ ! -e "$tmp/bad.ko" ] || fail "a module was written"
	done

	# Without the object that defines it, "shared" is missed by name, and nothing is written.
	status 2 link_module "$tmp/a" livepatch-x "$tmp/bad.ko" "$tmp/one.o" 2>"$tmp/err"
	expect "one: undefined symbol shared" "$tmp/err"
	[ ! -e "$tmp/bad.ko" ] || fail "a module was written"
	head -c 3000 "$tmp/one.o" >"$tmp/cut.o"
	status 1 link_module "$tmp/a" livepatch-x "$tmp/bad.ko" "$tmp/cut.o" 2>"$tmp/err"
	expect "cut.o" "$tmp/err"
	rm -rf "$tmp/a" "$tmp/another"
done
