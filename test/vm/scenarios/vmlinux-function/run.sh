# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A function of vmlinux, from the example that the README and `make demo` use.
expect "VmallocChunk:" cat /proc/meminfo
refute "VMALLOCCHUNK:" cat /proc/meminfo
load_patch kp_meminfo.ko
patched kp_meminfo vmlinux meminfo_proc_show
expect "VMALLOCCHUNK:" cat /proc/meminfo
expect "MemTotal:" cat /proc/meminfo
unload_patch kp_meminfo
expect "VmallocChunk:" cat /proc/meminfo
