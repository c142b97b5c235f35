# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The kernel's own core, and a task that was forced out of a patch that another one replaced: it goes on using its
# variables, so nothing is freed any more. The arguments of the kernel make that a boot of its own.
load_patch kp_shadow_first.ko
./writer 5 300 >/tmp/writer &
wait_until 10 grep -q "eventfd-writes: 5" /tmp/writer || fail "no counter of 5 writes"
# Sleeps in code of the first patch.
./filler >/tmp/filler &
wait_until 10 grep -q full /tmp/filler || fail "the eventfd does not become full"
sleep 1
insmod kp_shadow_next.ko
next=$(patch_dir kp_shadow_next) first=$(patch_dir kp_shadow_first)
expect 1 cat "$next/transition"
echo 1 >"$next/force"
wait_until 60 test ! -e "$first" || fail "kp_shadow_first stays in force"
dmesg -c >/dev/null
unload_patch kp_shadow_next
refute "a counter of" dmesg
core_stays
