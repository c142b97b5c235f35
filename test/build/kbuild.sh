#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# The walk knows what the configuration builds, into what; and commands are those of kbuild.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/build/lib/kbuild.sh"

"$tool" target >"$tmp/target" 2>"$tmp/err" || skip "$(tr '\n' ' ' <"$tmp/err")"
master=$("$tool" prepare)
"$tool" objects >"$tmp/all"

# Every module that the distribution ships, and no other.
find "/lib/modules/$RELEASE/kernel" -name '*.ko*' -printf '%f\n' |
	sed 's/\.ko.*//; s/-/_/g' | sort -u >"$tmp/shipped"
cut -d' ' -f4 "$tmp/all" | tr , '\n' | grep -vx -e - | sort -u >"$tmp/walked"
diff "$tmp/shipped" "$tmp/walked" >&2 || fail "modules differ from /lib/modules"

# object SOURCE: what the walk says about it
object() {
	"$tool" objects "$@" >"$tmp/out"
}
object fs/namei.c
expect "fs/namei.o fs/namei.c builtin - -" "$tmp/out"
object lib/crc32.c
expect "lib/crc32.o lib/crc32.c builtin - -" "$tmp/out"
object lib/string.c
expect "lib/string.o lib/string.c builtin - -" "$tmp/out"
object fs/ext4/inode.c
expect "fs/ext4/inode.o fs/ext4/inode.c module ext4 -" "$tmp/out"
# Reached through "../": make virt/kvm/kvm_main.o would compile it as built in.
object virt/kvm/kvm_main.c
expect "arch/x86/kvm/../../../virt/kvm/kvm_main.o virt/kvm/kvm_main.c module kvm -" "$tmp/out"
# In several modules.
object drivers/net/ethernet/cavium/liquidio/lio_core.c
expect "module liquidio,liquidio_vf -" "$tmp/out"
# Not configured; kbuild would compile it all the same.
object kernel/bpf/preload/bpf_preload_kern.c
[ ! -s "$tmp/out" ] || fail "bpf_preload_kern.c is not built by this configuration"
object arch/x86/lib/memcpy_64.S
expect "builtin - assembly" "$tmp/out"
object arch/x86/entry/vdso/vma.c
expect "vma.c builtin - -" "$tmp/out"

# The same commands as kbuild writes them down. A compiler that only makes an empty object saves the
# time; everything else is real.
cc=$(sed -n 's/^cc //p' "$tmp/target")
mkdir "$tmp/bin"
echo 'void f(void) { }' >"$tmp/e.c"
"$cc" -O2 -c -o "$tmp/e.o" "$tmp/e.c"
cat >"$tmp/bin/$cc" <<END
#!/bin/bash
out= dep= prev= kernel=
for arg; do
	[ "\$prev" != -o ] || out=\$arg
	case \$arg in -Wp,-MMD,*) dep=\${arg#-Wp,-MMD,} ;; -D__KERNEL__) kernel=yes ;; esac
	prev=\$arg
done
case \$kernel,\$out in
yes,*.o) cp "$tmp/e.o" "\$out" && echo "\$out: \$prev" >"\$dep" ;;
*) exec $(command -v "$cc") "\$@" ;;
esac
END
chmod +x "$tmp/bin/$cc"
# Every 400th object in C, and some of the special ones. Those that kbuild has to generate sources
# for are the others' business (crc32 is one).
awk '$5 == "-"' "$tmp/all" >"$tmp/c"
{
	awk 'NR % 400 == 7 { print $1 }' "$tmp/c"
	awk '/\.\.\// && n++ < 3 { print $1 }' "$tmp/c"
	echo lib/crc32.o
	echo fs/ext4/inode.o
} | sort -u >"$tmp/sample"
mapfile -t sample <"$tmp/sample"
"$tool" commands "${sample[@]}" >"$tmp/learned"
[ "$(wc -l <"$tmp/learned")" -eq ${#sample[@]} ] || fail "commands are missing"

# kbuild writes some of its files in place: links are only good for what came with the source.
cp -al "$master" "$tmp/tree" 2>/dev/null || { rm -rf "$tmp/tree"; cp -a "$master" "$tmp/tree"; }
find "$tmp/tree" -type f -newer "$tmp/tree/Makefile" -exec sh -c \
	'for f; do cp -p "$f" "$f.kp" && mv "$f.kp" "$f"; done' - {} +
PATH=$tmp/bin:$PATH LC_ALL=C make -C "$tmp/tree" -k ARCH=x86 CC="$cc" KERNELRELEASE="$RELEASE" \
	LOCALVERSION= PAHOLE=false RUSTC=false CONFIG_DEBUG_INFO_BTF= "${sample[@]}" \
	>"$tmp/make.out" 2>&1 || true
n=0
for o in "${sample[@]}"; do
	cmd=$tmp/tree/$(dirname "$o")/.$(basename "$o").cmd
	[ -e "$cmd" ] || fail "kbuild did not compile $o: $(tail -3 "$tmp/make.out")"
	# "cmd_FILE := ...", in newer kernels "savedcmd_FILE := ..."; the shell takes the quotes away.
	line=$(sed -n '1{s/^[^=]*:= //; s/\$(pound)/#/g; s/[[:space:]]*$//; p}' "$cmd")
	compiler=${line%% ; *}
	eval "set -- $compiler"
	want="$o: $*"
	if [ "$line" != "$compiler" ]; then
		eval "set -- ${line#* ; }"
		want="$want ; ${*:1:$#-1}"
	fi
	got=$(grep -F "$o: " "$tmp/learned" | grep "^${o//./\\.}: ")
	[ "$want" = "$got" ] || fail "$o:
kbuild:  $want
learned: $got"
	n=$((n + 1))
done
[ $n -ge 20 ] || fail "only $n commands compared"

# A new source and a new module in a patched Makefile; another object gone.
"$tool" rewalk 'sed -i.bak "s/ namei.o / namei.o kp-new.o /" fs/Makefile
	echo "obj-m += kp-mod.o" >>fs/ext4/Makefile; echo "kp-mod-y := one.o two.o" >>fs/ext4/Makefile
	sed -i "s/ symlink.o/ /" fs/ext4/Makefile
	for f in fs/kp-new fs/ext4/one fs/ext4/two; do echo "int x;" >$f.c; done' \
	fs fs/ext4 >"$tmp/out"
expect "fs/kp-new.o fs/kp-new.c builtin - -" "$tmp/out"
expect "-DKBUILD_MODNAME=\"kp_new\"" "$tmp/out"
expect "fs/ext4/one.o fs/ext4/one.c module kp_mod -" "$tmp/out"
expect "-DMODULE -DKBUILD_BASENAME=\"two\" -DKBUILD_MODNAME=\"kp_mod\"" "$tmp/out"
expect "gone: fs/ext4/symlink.o" "$tmp/out"
[ "$(grep -c gone: "$tmp/out")" -eq 1 ] || fail "more is gone than symlink.o"
grep -q kp-new "$master/fs/Makefile" && fail "the master was changed"
true
