# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154 # CORE is the harness's
# One run of the torture; what it gets is in the file "arguments", chooser delays in "delays".
read -r arguments <./arguments
counts_memory || arguments="$arguments --no-memory"
[ "$CORE" != kpatch ] || {
	for which in before after; do
		delay=$(sed -n "s/^$which //p" delays 2>/dev/null)
		[ -z "$delay" ] || echo "$delay" >/sys/module/kpatch/parameters/chooser_delay_$which
	done
}
sort /sys/kernel/tracing/enabled_functions >/tmp/enabled.before
insmod kpt_target.ko
# shellcheck disable=SC2086
./torture --core "$CORE" $arguments >/tmp/out || {
	cat /tmp/out
	fail "$(tail -n 1 /tmp/out)"
}
cat /tmp/out
case $arguments in
*--leaf*)
	# In which code the thread was is what the test is about.
	expect "left version 2" dmesg
	expect "left version 0" dmesg ;;
esac
rmmod kpt_target
# Entry calls are given back by a worker, some time later.
same() { sort /sys/kernel/tracing/enabled_functions | cmp -s - /tmp/enabled.before; }
wait_until 30 same || fail "functions are still hooked: $(head -n 2 /sys/kernel/tracing/enabled_functions | tr '\n' ' ')"
left=$(ls "/sys/kernel/$CORE")
[ -z "$left" ] || fail "left in sysfs: $left"
