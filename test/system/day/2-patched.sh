# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Patched before anyone can log in. Neither the unit nor the package takes patches out of force.
system running
unit active
fixed
before_login
expect_status 0 kpatch verify
expect_status 0 kpatch status
expect "day_version  enabled  (core kpatch)" kpatch list
expect "day_meminfo  enabled  (core kpatch)" kpatch list
expect "day_zram  enabled  (core livepatch)" kpatch list
# A module that comes after the boot is patched as well.
modprobe zram
expect "version: 2" cat /sys/block/zram0/debug_stat

expect_status 0 systemctl stop kpatch.service
fixed
expect_status 0 systemctl start kpatch.service
unit active
expect_status 0 dpkg -i kpatch_*.deb
fixed
expect_status 0 kpatch verify

# Bad ones for the next boot, before one that is good
expect_status 0 kpatch install day_clash.ko
for name in day_half day_foreign; do
	cp $name.ko "$store/"
	echo $name.ko >>"$store/order"
done
expect_status 0 kpatch uninstall day_meminfo
expect_status 0 kpatch install day_meminfo.ko
fixed
same "the last patch" day_meminfo.ko "$(tail -n 1 "$store/order")"
