# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# append: kpatch.enable=0
# Off by the kernel's command line: nothing is loaded, by a package neither, and that is no failure. The commands work all
# the same. Then all is removed.
system running
unit inactive
same "the condition of kpatch.service" no "$(property kpatch.service ConditionResult)"
patch_package 1.1
nothing_loaded
[ ! -e /sys/module/kpatch ] || fail "kpatch.ko is loaded"
expect_status 1 kpatch verify

expect_status 0 kpatch load --all
fixed
expect "two: " cat /proc/uptime
[ ! -e /sys/module/day_version ] || fail "day_version is loaded, which the cumulative patch replaces"
expect_status 0 kpatch verify

expect_status 0 dpkg -r "$(patch_package_name)"
not_fixed
expect_status 0 kpatch uninstall day_version day_meminfo day_zram
[ ! -e "$store" ] || fail "$store is left: $(ls -A "$store")"
expect_status 0 kpatch unload --all
nothing_loaded
expect_status 0 dpkg -P kpatch
