# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154 # sourced by the guest's init; $SCENARIO is its own
# One of the kernel's livepatch selftest scripts on one core. SCENARIO is SCRIPT.CORE.

script=${SCENARIO%.*}
core=${SCENARIO##*.}

# The scripts find modules with modprobe (6.1) or in test_modules (6.12).
modules=/lib/modules/$(uname -r)/klp-selftests
rm -rf "$modules"
cp -r test_modules "$modules"
# Not the shell's own: the scripts' modprobe wants another format.
/bin/depmod

# For <(...) of bash.
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd

[ "$core" = livepatch ] || insmod ./kpatch.ko || fail "kpatch.ko: $(dmesg | tail -n 1)"
status=0
# The modules are there: no need for a tree to build them in.
KDIR=. bash "./$script.sh" >/tmp/out 2>&1 || status=$?
cat /tmp/out
# 4 is the scripts' "skipped": none has a reason for that here.
[ $status -eq 0 ] || fail "$(grep -m 1 'not ok' /tmp/out || tail -n 1 /tmp/out) (status $status)"
grep -q 'ok$' /tmp/out || fail "no result"
[ "$core" = livepatch ] || remove_module kpatch
