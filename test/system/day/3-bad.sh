# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Three bad patches: the boot goes on, the good ones are in force in time, and the bad ones are reported. Then the package of a
# cumulative patch, a newer one, and back.
system degraded
same "what failed" kpatch.service "$(systemctl --failed --no-legend --plain | cut -d ' ' -f 1)"
unit failed
fixed
before_login
expect "exited, status=1" systemctl --no-pager status kpatch.service
for why in "3 of 6 patches failed" "refused day_clash (Device or resource busy): a function" "day_half.ko: " \
	"built for kernel $(uname -r | sed 's/.....$//')other"; do
	expect "$why" journalctl -b --no-pager -o cat -p err -u kpatch.service
done
for name in day_clash day_half day_foreign; do
	[ ! -e "/sys/module/$name" ] || fail "$name is loaded"
done
expect "day_half (unusable)" kpatch verify
expect "day_clash  not-in-force" kpatch verify
expect_status 0 kpatch uninstall day_clash day_half day_foreign
expect_status 0 kpatch verify
expect_status 0 systemctl restart kpatch.service
unit active
same "the system" running "$(systemctl is-system-running)"

patch_package 1.0
fixed
expect "day_1_0  enabled  (core kpatch)" kpatch list
expect "day_version  replaced" kpatch verify
expect_status 0 kpatch verify
patch_package 1.1
fixed
expect "two: " cat /proc/uptime
expect "day_1_1  enabled  (core kpatch)" kpatch list
expect_status 0 kpatch verify

# Back to the older version, and to what was there before any
patch_package 1.0
fixed
refute "two: " cat /proc/uptime
expect_status 0 kpatch verify
expect_status 0 dpkg -r "$(patch_package_name)"
fixed
expect "day_version  enabled" kpatch list
expect_status 0 kpatch verify

# For the next boot
patch_package 1.1
