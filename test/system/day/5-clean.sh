# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Nothing is left: no patch, no core, no unit, no file, no taint.
system running
nothing_loaded
[ ! -e /sys/module/kpatch ] || fail "kpatch.ko is loaded"
same "kpatch.service" not-found "$(property kpatch.service LoadState)"
[ ! -e /var/lib/kpatch ] || fail "/var/lib/kpatch is left"
[ ! -s /sys/kernel/tracing/enabled_functions ] || fail "functions are hooked: $(cat /sys/kernel/tracing/enabled_functions)"
same "what taints the kernel" 0 "$(cat /proc/sys/kernel/tainted)"
