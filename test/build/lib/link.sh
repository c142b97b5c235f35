# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp and kernel are the test's
# For link.sh and sign.sh: the link step without the rest of kpatch-build. Objects are made here
# that look like create-diff-object's output.

need gcc pkg-config readelf as make

# link_module WORK NAME OUTPUT OBJECT...: for kernel $kernel
build_link_module() {
	# Two tests may do this at once.
	mkdir -p "$KP_BUILD"
	flock "$KP_BUILD" make -s -C "$KP_TOP" BUILD="$KP_BUILD" "$KP_BUILD/libbuild.a" "$KP_BUILD/libkp.a" "$KP_BUILD/share/kpatch" \
		>"$tmp/make.log" 2>&1 || fail "libraries: $(tail -5 "$tmp/make.log")"
	# shellcheck disable=SC2046 # several words
	gcc -std=gnu11 -D_GNU_SOURCE -I"$KP_TOP/lib" -I"$KP_TOP/kpatch-build" \
		$(pkg-config --cflags glib-2.0) "$KP_TOP/test/build/lib/link-module.c" -o "$tmp/link-module" \
		-Wl,--start-group "$KP_BUILD/libbuild.a" "$KP_BUILD/libkp.a" -Wl,--end-group \
		$(pkg-config --libs glib-2.0 jansson libelf libdw liblzma libzstd zlib) -lpthread
	export KPATCH_DATA=$KP_TOP/kmod
}

link_module() {
	"$tmp/link-module" "$kernel" "$@"
}

# compile_kernel FILE.c FILE.o: as kbuild compiles an object, but not as a module, without objtool
compile_kernel() {
	local headers=/lib/modules/$kernel/build command
	if [ ! -e "$tmp/learn-$kernel/empty.o" ]; then
		mkdir -p "$tmp/learn-$kernel"
		echo 'obj-m := empty.o' >"$tmp/learn-$kernel/Kbuild"
		echo 'int x;' >"$tmp/learn-$kernel/empty.c"
		make -C "$headers" M="$tmp/learn-$kernel" empty.o >"$tmp/learn.log" 2>&1 ||
			fail "kbuild: $(tail -3 "$tmp/learn.log")"
	fi
	command=$(sed -n '1{s/^[^=]*:= //; s/;.*//; s/-Wp,-MMD,[^ ]*//; s/ -o [^ ]*//; s/ [^ ]*empty\.c//
		s/-DMODULE//; p}' "$tmp/learn-$kernel/.empty.o.cmd")
	(cd "$headers" && eval "$command -g0 -ffunction-sections -fdata-sections \
		-I'$KP_TOP/kmod/include/kpatch' -o '$2' '$1'")
}
