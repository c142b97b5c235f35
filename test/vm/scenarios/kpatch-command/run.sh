# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The kpatch command: load, list, load again, unload; a module of another kernel is refused.
expect "VmallocChunk:" cat /proc/meminfo
# The bundled core is loaded for the patch.
[ "$CORE" != kpatch ] || rmmod kpatch
expect_status 0 kpatch load kp_command.ko
expect "VMALLOCCHUNK:" cat /proc/meminfo
expect "kp_command  enabled  (core $CORE)" kpatch list
expect "meminfo_proc_show" kpatch --json list
expect "already" kpatch load kp_command.ko
expect_status 0 kpatch unload kp_command
check_gone kp_command
expect "VmallocChunk:" cat /proc/meminfo

# The same module, but its vermagic says another release (of the same length).
cp kp_command.ko other.ko
release=$(uname -r)
at=$(strings -n 8 -t d other.ko | sed -n 's/^ *\([0-9]*\) vermagic=.*/\1/p' | head -n 1)
[ -n "$at" ] || fail "no vermagic in the module"
printf 9 | dd of=other.ko bs=1 seek=$((at + 9)) conv=notrunc 2>/dev/null
expect_status 1 kpatch load other.ko
expect "9${release#?}" kpatch load other.ko
check_gone other.ko
[ ! -d /sys/module/kp_command ] || fail "the refused module is loaded"
expect "VmallocChunk:" cat /proc/meminfo
