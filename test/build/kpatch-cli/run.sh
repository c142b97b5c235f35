# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# kpatch in the guest, against the kernel's real core.

# silent COMMAND...: it succeeds and says nothing
silent() {
	output=$("$@" 2>&1) || fail "'$*' ended with status $?: $output"
	[ -z "$output" ] || fail "'$*' is not silent: $output"
	echo "   ok: nothing said: $*"
}

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
expect '"error": "nobody is there to ask' kpatch --json --wait 5 force kc_stall
expect '"status": "' kpatch --json signal
silent kpatch --quiet signal
kill -TERM $loader
status=0
wait $loader || status=$?
[ $status -eq 130 ] || fail "interrupted load ended with status $status: $(cat /tmp/int)"
check_gone kc_stall
kill $sleeper

say "forced, and without a word"
sleep 1000 &
sleeper=$!
usleep 300000
kpatch --keep-waiting load kc_stall.ko >/tmp/forced 2>&1 &
loader=$!
wait_until 5 test -e "$(patch_dir kc_stall)" || fail "kc_stall was not inserted"
silent kpatch --quiet --yes --wait 30 force kc_stall
status=0
wait $loader || status=$?
[ $status -eq 0 ] || fail "the load that was forced ended with status $status: $(cat /tmp/forced)"
kill $sleeper
expect_status 0 kpatch unload kc_stall
check_gone kc_stall

say "it loads once nobody is in the way"
expect "kc_stall loaded in" kpatch load kc_stall.ko

say "an unload that is held up: undone, or waited for"
echo 1 >/sys/module/kc_stall/parameters/hold
sleep 1 &
sleeper=$!
usleep 300000
status=0
kpatch --wait 3 unload kc_stall >/tmp/unload 2>&1 || status=$?
cat /tmp/unload
[ $status -eq 1 ] || fail "the unload that was held up ended with status $status"
expect "$sleeper sleep (" cat /tmp/unload
# The kernel's own core takes seconds for the way back.
expect_status 0 kpatch --wait 30 status
expect "kc_stall  enabled" kpatch list
kpatch --keep-waiting --wait 5 unload kc_stall >/tmp/unload 2>&1 &
unloader=$!
wait_until 5 grep -q 1 "$(patch_dir kc_stall)/transition" || fail "no transition: $(cat /tmp/unload)"
kpatch --keep-waiting --wait 1 status >/tmp/status 2>&1 &
looker=$!
wait_until 20 grep -q "the transition has not ended after 5 s" /tmp/unload || fail "it did not wait: $(cat /tmp/unload)"
expect "the transition has not ended after 1 s" cat /tmp/status
kill -0 $looker || fail "status did not wait: $(cat /tmp/status)"
echo 0 >/sys/module/kc_stall/parameters/hold
wait $looker || true
transition_over kc_stall || fail "status did not wait: $(cat /tmp/status)"
status=0
wait $unloader || status=$?
[ $status -eq 0 ] || fail "the patient unload ended with status $status: $(cat /tmp/unload)"
expect "kc_stall unloaded in" cat /tmp/unload
check_gone kc_stall
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

say "quiet, and as JSON"
silent kpatch --quiet install kc_plain.ko
expect '"status": "already-installed"' kpatch --json install kc_plain.ko
expect '"status": "not-in-force"' kpatch --json verify
silent kpatch --quiet load kc_plain
expect '"status": "in-force"' kpatch --json verify
silent kpatch --quiet unload kc_plain
check_gone kc_plain
expect '"status": "uninstalled"' kpatch --json uninstall kc_plain
# For another kernel, which need not be there.
expect "is installed in /var/lib/kpatch/6.1.0-0-none" kpatch --kernel 6.1.0-0-none uninstall kc_plain
expect_status 0 kpatch --kernel "$(uname -r)" install kc_plain.ko
silent kpatch --quiet --kernel "$(uname -r)" uninstall kc_plain
[ ! -e "$store" ] || fail "$store is left: $(ls -A "$store")"

say "what the kernel refuses is explained"
expect "symbol 'kpatch_no_such_function' not found" kpatch load kc_other.ko
check_gone kc_other
expect "but $(uname -r) is running" kpatch load kc_wrong.ko
check_gone kc_plain
if [ "$CORE" = kpatch ]; then
	expect "the loaded kpatch.ko is of another version than the patch needs" kpatch load kc_later.ko
	check_gone kc_plain
fi

# The last: there is no way back from it but to boot.
say "locked down"
mount -t securityfs securityfs /sys/kernel/security
echo integrity >/sys/kernel/security/lockdown
expect_status 1 kpatch load kc_plain.ko
expect "the kernel is locked down (integrity)" kpatch load kc_plain.ko
expect "kpatch-build --sign-key" kpatch load kc_plain.ko
check_gone kc_plain
