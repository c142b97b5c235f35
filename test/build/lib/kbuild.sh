# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is the test's
# For tests of target, tree, walk, commands and compilation: builds $tool (kbuild-tool.c), and sets
# RELEASE to the oldest kernel that is complete here.

need gcc pkg-config make
RELEASE=$(kernels | head -n 1)
[ -n "$RELEASE" ] || skip "no kernel with headers is installed"
export RELEASE
# Two tests may do this at once.
mkdir -p "$KP_BUILD"
flock "$KP_BUILD" make -s -C "$KP_TOP" BUILD="$KP_BUILD" "$KP_BUILD/libbuild.a" "$KP_BUILD/libkp.a" \
	>"$tmp/make.log" 2>&1 || fail "libraries: $(tail -5 "$tmp/make.log")"
tool=$tmp/kbuild-tool
# shellcheck disable=SC2046 # several words
gcc -std=gnu11 -D_GNU_SOURCE -Wall -I"$KP_TOP/lib" -I"$KP_TOP/kpatch-build" \
	$(pkg-config --cflags glib-2.0) "$KP_TOP/test/build/lib/kbuild-tool.c" -o "$tool" \
	-Wl,--start-group "$KP_BUILD/libbuild.a" "$KP_BUILD/libkp.a" -Wl,--end-group \
	$(pkg-config --libs glib-2.0 jansson libelf libdw liblzma libzstd zlib) -lpthread
