# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# kpatch in the guest, against the kernel's real core.
expect "no patches are loaded" kpatch list

say "load, list, unload"
refute "kc_plain" cat /proc/cmdline
expect "kc_plain loaded in" kpatch load kc_plain.ko
expect "patched by kc_plain" cat /proc/cmdline
expect "kc_plain  enabled  (core $CORE)" kpatch list
expect "vmlinux: cmdline_proc_show" kpatch list
expect '"state": "enabled"' kpatch --json list
expect "kc_plain is loaded already" kpatch load kc_plain.ko
expect_status 0 kpatch load kc_plain.ko
expect '"status": "unloaded"' kpatch --json unload kc_plain
refute "kc_plain" cat /proc/cmdline
check_gone kc_plain
expect_status 1 kpatch unload kc_plain

say "compressed, and by the name of its file in the store"
expect "kc_plain loaded in" kpatch load kc_plain.ko.xz
expect "kc_plain is loaded already" kpatch load kc_plain.ko.xz
expect "kc_plain is loaded already" kpatch load kc_plain.ko
expect_status 1 kpatch unload ""
expect_status 1 kpatch unload ..
expect_status 0 kpatch unload kc_plain.ko.xz
check_gone kc_plain
store=/var/lib/kpatch/$(uname -r)
mkdir -p "$store"
cp kc_plain.ko "$store/kc-plain.ko"
cp kc_stall.ko "$store/kc-plain.ko.old"
expect "kc_plain loaded in" kpatch load kc_plain
cp kc_plain.ko.xz "$store/kc-plain.ko.xz"
expect "kc-plain may mean " kpatch load kc-plain
expect "kc_plain unloaded in" kpatch unload kc-plain.ko
check_gone kc_plain

say "a transition that does not end is undone"
sleep 1000 &
sleeper=$!
usleep 300000
status=0
kpatch --wait 3 load kc_stall.ko >/tmp/stall 2>&1 || status=$?
cat /tmp/stall
[ $status -eq 1 ] || fail "stalled load ended with status $status"
expect "did not end within 3 s and was undone" cat /tmp/stall
expect "$sleeper sleep (sleeping)" cat /tmp/stall
expect "hrtimer_nanosleep" cat /tmp/stall
check_gone kc_stall

say "so is one that is interrupted"
kpatch --wait 30 load kc_stall.ko >/tmp/int 2>&1 &
loader=$!
wait_until 5 test -e "$(patch_dir kc_stall)" || fail "kc_stall was not inserted"
expect "another kpatch has been at work" kpatch --wait 0 load kc_plain.ko
kill -TERM $loader
status=0
wait $loader || status=$?
[ $status -eq 130 ] || fail "interrupted load ended with status $status: $(cat /tmp/int)"
check_gone kc_stall
kill $sleeper

say "it loads once nobody is in the way"
expect "kc_stall loaded in" kpatch load kc_stall.ko
expect "kc_stall unloaded in" kpatch unload kc_stall
check_gone kc_stall

say "another build of an installed patch"
rm -r "$store"
expect_status 0 kpatch load kc_rebuilt.ko
expect_status 0 kpatch install kc_plain.ko
expect "kc_plain (other-build)" kpatch verify
expect "another patch called kc_plain is loaded" kpatch load --all
expect_status 0 kpatch unload --all
check_gone kc_plain
expect_status 0 kpatch load --all
expect_status 0 kpatch verify
expect_status 0 kpatch unload --all
cp kc_rebuilt.ko /tmp/kc_plain.ko
expect "take its place with --replace" kpatch install /tmp/kc_plain.ko
expect_status 0 kpatch uninstall kc_plain
expect "is not called like a module" kpatch install run.sh

say "what the kernel refuses is explained"
expect "symbol 'kpatch_no_such_function' not found" kpatch load kc_other.ko
check_gone kc_other
expect "but $(uname -r) is running" kpatch load kc_wrong.ko
check_gone kc_plain
if [ "$CORE" = kpatch ]; then
	expect "the loaded kpatch.ko is of another version than the patch needs" kpatch load kc_later.ko
	check_gone kc_plain
fi
