#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# An installed tree is complete, works away from the checkout, and uninstall leaves nothing.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"

stage=$tmp/stage
make -s -C "$KP_TOP" BUILD="$KP_BUILD" DESTDIR="$stage" PREFIX=/opt/kp install

for file in bin/kpatch-build sbin/kpatch sbin/kpatch-post-link libexec/kpatch/create-diff-object \
	share/kpatch/include/kpatch/kpatch-macros.h share/kpatch/patch/livepatch-patch.c \
	share/kpatch/patch/kpatch-patch.c share/man/man8/kpatch-post-link.8 \
	share/man/man1/kpatch-build.1 share/man/man1/create-diff-object.1 share/man/man8/kpatch.8 \
	share/man/man5/kpatch-module.5; do
	[ -f "$stage/opt/kp/$file" ] || fail "$file is not installed"
done
"$stage/opt/kp/sbin/kpatch" --version >"$tmp/out"
expect "kpatch " "$tmp/out"

# Away from the checkout: the tree is moved, and neither the environment nor PATH helps.
mv "$stage/opt/kp" "$tmp/elsewhere"
release=$(kernels | head -n 1)
if [ -n "$release" ]; then
	cd "$tmp"
	cp "$KP_TOP/examples/meminfo-string.patch" .
	PATH=/usr/sbin:/usr/bin:/sbin:/bin
	hash -r
	"$tmp/elsewhere/bin/kpatch-build" -a "$release" -o "$tmp" meminfo-string.patch >"$tmp/log" 2>&1 ||
		{ cat "$tmp/log"; fail "the installed kpatch-build failed"; }
	[ -s "$tmp/livepatch-meminfo-string.ko" ] || fail "no module was written"
	modinfo -F vermagic "$tmp/livepatch-meminfo-string.ko" >"$tmp/vermagic"
	expect "$release " "$tmp/vermagic"
fi

mv "$tmp/elsewhere" "$stage/opt/kp"
make -s -C "$KP_TOP" BUILD="$KP_BUILD" DESTDIR="$stage" PREFIX=/opt/kp uninstall
left=$(find "$stage" ! -type d)
[ -z "$left" ] || fail "uninstall left: $left"
