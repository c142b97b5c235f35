# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The package, and three patches for both cores. Nothing of that is in force yet.
system running
expect_status 0 dpkg -i kpatch_*.deb
same "kpatch.service" enabled "$(systemctl is-enabled kpatch.service)"
# In place of kpatch-dkms
install -D -m 644 kpatch.ko "/lib/modules/$(uname -r)/updates/dkms/kpatch.ko"
depmod

expect_status 0 kpatch install day_version.ko day_meminfo.ko day_zram.ko
nothing_loaded
expect_status 1 kpatch verify
for name in day_version day_meminfo day_zram; do
	expect "$name  not-in-force" kpatch verify
done
