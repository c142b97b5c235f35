#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# kpatch.ko as DKMS builds it, from an installed tree and the kernel's packages alone, on every kernel;
# and what kpatch-post-link refuses.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need gcc readelf kpatch-post-link make modinfo
mapfile -t releases < <(kernels)
[ ${#releases[@]} -gt 0 ] || skip "no kernel with headers is installed"

# DKMS sources the file, and runs MAKE in a copy of the sources.
make -s -C "$KP_TOP" BUILD="$KP_BUILD" DESTDIR="$tmp/stage" PREFIX=/usr install
source=$(echo "$tmp"/stage/usr/src/kpatch-*)
PATH=$tmp/stage/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin
hash -r
# shellcheck disable=SC2034,SC2154 # DKMS's variables, set by dkms.conf
dkms_build() {
	local kernelver=$1 kernel_source_dir=/lib/modules/$1/build
	local -a BUILT_MODULE_NAME BUILT_MODULE_LOCATION DEST_MODULE_LOCATION MAKE STRIP
	. "$source/dkms.conf"
	[ "$source" = "$tmp/stage/usr/src/$PACKAGE_NAME-$PACKAGE_VERSION" ] || fail "name of the source folder"
	for option in $BUILD_EXCLUSIVE_CONFIG; do
		case $option in
		!*) ! grep -q "^${option#!}=[ym]" "/boot/config-$kernelver" || fail "$option" ;;
		*) grep -q "^$option=[ym]" "/boot/config-$kernelver" || fail "$option" ;;
		esac
	done
	rm -rf "$tmp/dkms"
	cp -R "$source" "$tmp/dkms"
	(cd "$tmp/dkms" && eval "${MAKE[0]}") >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "MAKE of dkms.conf"; }
	[ ! -s "$tmp/log" ] || { cat "$tmp/log"; fail "warnings"; }
	cp "$tmp/dkms/${BUILT_MODULE_LOCATION[0]}/${BUILT_MODULE_NAME[0]}.ko" "$tmp/$kernelver.ko"
	cp "$tmp/dkms/build/core/kpatch.ko" "$tmp/$kernelver-raw.ko"
	(cd "$tmp/dkms" && eval "$CLEAN")
	diff -r "$source" "$tmp/dkms" || fail "CLEAN leaves something"
}

# build_id FILE: what is stamped into a module
build_id() {
	readelf -x .kpatch.ident "$1" | awk '/^  0x/ { print $2 $3 $4 $5 }' | tr -d '\n' |
		grep -o '^[0-9a-f]*' | cut -c 17-56
}

for release in "${releases[@]}"; do
	echo "== $release"
	dkms_build "$release"
	ko=$tmp/$release.ko
	[ "$(modinfo -F name "$ko")" = kpatch ]
	modinfo -F vermagic "$ko" | grep -q "^$release "
	# Everything that is left to resolve is exported to all modules.
	readelf -sW "$ko" | awk '$7 == "UND" && $8 != "" && $5 != "WEAK" { print $8 }' >"$tmp/undefined"
	[ -s "$tmp/undefined" ] || fail "nothing is imported"
	while read -r symbol; do
		awk -F '\t' -v s="$symbol" '$2 == s && $5 == "" { found = 1 } END { exit !found }' \
			"/lib/modules/$release/build/Module.symvers" || fail "$symbol is not exported"
	done <"$tmp/undefined"
	[ "$(build_id "$ko" | tr -d 0)" ] || fail "no build-id"
	# Nobody could check where the loader writes.
	readelf -rW "$ko" | sed -n "/'.rela__jump_table'/,/^\$/p; /'.rela.static_call_sites'/,/^\$/p" |
		grep -E '_printk [+-]' && fail "anchors in what the loader writes through"
	kpatch-post-link --core -v "/boot/vmlinuz-$release" -o "$tmp/again.ko" "$ko"
	cmp "$ko" "$tmp/again.ko"
done

release=${releases[0]} raw=$tmp/${releases[0]}-raw.ko image=/boot/vmlinuz-${releases[0]}

# refuses STATUS TEXT ARGUMENT...: nothing is written, and the message says why
refuses() {
	local want=$1 text=$2
	shift 2
	rm -f "$tmp/out.ko"
	status "$want" kpatch-post-link -o "$tmp/out.ko" "$@" >"$tmp/err" 2>&1
	expect "$text" "$tmp/err"
	[ ! -e "$tmp/out.ko" ] || fail "a module was written"
}

refuses 64 "no kernel image given" --core "$raw"
refuses 64 "no module given" --core -v "$image"
head -c 20000 "$raw" >"$tmp/cut.ko"
refuses 1 "$tmp/cut.ko" --core -v "$image" -s "/lib/modules/$release/build/Module.symvers" "$tmp/cut.ko"
head -c 200000 "$image" >"$tmp/vmlinuz-cut"
refuses 1 "$tmp/vmlinuz-cut" --core -v "$tmp/vmlinuz-cut" "$raw"
head -c 3000 "/lib/modules/$release/build/Module.symvers" >"$tmp/symvers-cut"
refuses 1 "symvers-cut" --core -v "$image" -s "$tmp/symvers-cut" "$raw"
refuses 1 "is a module, not a kernel image" --core -v "$raw" "$raw"
if [ ${#releases[@]} -gt 1 ]; then
	refuses 1 "was built for $release, but /boot/vmlinuz-${releases[1]} is ${releases[1]}" \
		--core -v "/boot/vmlinuz-${releases[1]}" "$raw"
fi

# What a source of the core could get wrong: all of it is reported at once.
cp -R "$source" "$tmp/bad"
cat >>"$tmp/bad/core/lookup.c" <<'END'
extern void kp_nowhere(void);
extern void ambiguous(void) asm("AMBIGUOUS");
void kp_test_bad(void);
void kp_test_bad(void)
{
	kp_nowhere();
	ambiguous();
}
END
# A name that several functions have: the first of the kernel's own list.
cat >"$tmp/names.c" <<'END'
#include <stdio.h>
#include "image.h"
int main(int argc, char **argv)
{
	g_autoptr(kp_image) image = argc > 1 ? kp_image_open(argv[1], NULL, NULL) : NULL;
	const struct kp_symtab *tab = image ? kp_image_symtab(image) : NULL;

	for (size_t i = 0; tab && i < kp_symtab_count(tab); i++) {
		const struct kp_sym *sym = kp_symtab_at(tab, i);

		if (sym->type == 't' && kp_symtab_sympos(tab, sym) == 2 &&
		    g_ascii_isalpha(*sym->name) && !g_strrstr(sym->name, ".")) {
			puts(sym->name);
			return 0;
		}
	}
	return 1;
}
END
make -s -C "$KP_TOP" BUILD="$KP_BUILD" "$KP_BUILD/libkp.a"
# shellcheck disable=SC2046 # several words
gcc -std=gnu11 -D_GNU_SOURCE -I"$KP_TOP/lib" $(pkg-config --cflags glib-2.0) "$tmp/names.c" -o "$tmp/names" \
	"$KP_BUILD/libkp.a" $(pkg-config --libs glib-2.0 jansson libelf libdw liblzma libzstd zlib) -lpthread
ambiguous=$("$tmp/names" "$image")
sed -i "s/AMBIGUOUS/$ambiguous/" "$tmp/bad/core/lookup.c"
status 2 "$tmp/bad/core-build" "$tmp/bad" "$release" "$tmp/bad/kpatch.ko" >"$tmp/err" 2>&1
expect "undefined symbol kp_nowhere" "$tmp/err"
expect "$ambiguous means" "$tmp/err"
expect "kp_test_bad" "$tmp/err"
[ ! -e "$tmp/bad/kpatch.ko" ] || fail "a module was written"

# Headers and image of one release, but not of one build; headers that do not tell theirs are taken.
headers=$tmp/headers build=/lib/modules/$release/build
mkdir -p "$headers/include/generated"
cp "$build/Module.symvers" "$headers"
kpatch-post-link --core -v "$image" -s "$headers/Module.symvers" -o "$tmp/again.ko" "$raw"
cmp "$tmp/$release.ko" "$tmp/again.ko"
cp "$build"/include/generated/utsrelease.h "$headers/include/generated"
grep -h UTS_VERSION "$build"/include/generated/*.h >"$tmp/version.h"
for file in utsversion.h compile.h; do
	cp "$tmp/version.h" "$headers/include/generated/$file"
	kpatch-post-link --core -v "$image" -s "$headers/Module.symvers" -o "$tmp/again.ko" "$raw"
	cmp "$tmp/$release.ko" "$tmp/again.ko"
	# the build before or after
	sed -i 's/"#/"#9/' "$headers/include/generated/$file"
	refuses 1 "the headers in $headers are of the build \"$(cut -d '"' -f 2 "$headers/include/generated/$file")\"" \
		--core -v "$image" -s "$headers/Module.symvers" "$raw"
	expect "but $image is \"Linux version $release " "$tmp/err"
	expect "install headers and image from packages of the same version" "$tmp/err"
	rm "$headers/include/generated/$file"
done

# objtool's complaint is heard, even if the run that it was made in came to nothing; each time anew.
mkdir -p "$tmp/complaint/core" "$tmp/complaint/include" "$tmp/tools"
echo 'obj-m := kpatch.o' >"$tmp/complaint/core/Kbuild"
cat >"$tmp/complaint/core/kpatch.c" <<'END'
#include <linux/module.h>
void kp_test_unbalanced(void);
void kp_test_unbalanced(void)
{
	asm volatile("push %rax");
}
MODULE_LICENSE("GPL");
END
# build_small POST_LINK [HEADERS]
build_small() {
	KERNEL_BUILD=${2:-$build} POST_LINK=$1 "$source/core-build" "$tmp/complaint" "$release" \
		"$tmp/complaint/kpatch.ko" >"$tmp/err" 2>&1
}
# complains: the run fails with objtool's line; it does not get to kpatch-post-link, which would fail
complains() {
	status 1 build_small false
	expect "objtool: kp_test_unbalanced" "$tmp/err"
	expect "objtool complained" "$tmp/err"
}
complains
complains
# MAKE: or one from the environment would call this one again, which would kill its caller too early.
make=$(command -v make)
cat >"$tmp/tools/make" <<END
#!/bin/sh
$make MAKE=$make "\$@"
kill -KILL \$PPID
END
chmod +x "$tmp/tools/make"
PATH=$tmp/tools:$PATH status 137 build_small false
[ -e "$tmp/complaint/build/core/kpatch.ko" ] || fail "kbuild was not done when core-build was killed"
complains

# Objects are used again with the same headers only, whatever the times of the files.
sed -i '/asm/d' "$tmp/complaint/core/kpatch.c"
mkdir "$tmp/other"
for file in "$build"/.[!.]* "$build"/*; do
	ln -s "$(realpath "$file")" "$tmp/other"
done
rm "$tmp/other/include"
cp -a "$build/include" "$tmp/other"
# made: when the object was compiled. What comes after kbuild has nothing to work on here.
made() {
	build_small true "$tmp/other" || [ -e "$tmp/complaint/build/checked" ] || { cat "$tmp/err"; fail "kbuild"; }
	stat -c %y "$tmp/complaint/build/core/kpatch.o"
}
first=$(made)
[ "$(made)" = "$first" ] || fail "compiled again without need"
header=$tmp/other/include/generated/compile.h
touch -r "$header" "$tmp/time"
echo '/* another build */' >>"$header"
touch -r "$tmp/time" "$header"
[ "$(made)" != "$first" ] || fail "objects of other headers were used again"
