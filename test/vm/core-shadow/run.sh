# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
report() {
	dmesg | grep 'kp_shadow_test: ' | sed 's/^\[[^]]*\] *//'
}

slab_kb() {
	awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo
}

is_memory_back() {
	[ $(($(slab_kb) - before)) -lt 8000 ]
}

# A million variables; with KASAN and ten times the work for each, that many are too many.
insmod kp_shadow_test.ko most=$((1000000 / (SCALE * SCALE))) || fail "$(report | tail -n 1)"
for name in basic kernel-style types check adopted dying modules injected stress scale leak; do
	say "$name"
	echo "$name" >/sys/module/kp_shadow_test/parameters/run || {
		report | tail -n 20
		fail "$name: $(report | grep FAILED | head -n 1)"
	}
	[ "$name" != injected ] || before=$(slab_kb)
done
report | grep -e variables: -e stress:
echo "a lock was held for $(cat /sys/module/kp_shadow_test/parameters/longest_locked_ns) ns at most"
rmmod kp_shadow_test
! report | grep FAILED || fail "$(report | grep FAILED | head -n 1)"
# A million variables are 96 MB. What has to wait for RCU gets a moment.
! counts_memory || wait_until 20 is_memory_back || fail "slab memory grew from $before to $(slab_kb) kB"
