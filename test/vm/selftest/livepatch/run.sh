# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A hand-written livepatch through all helpers.
refute "patched by the self-test" cat /proc/cmdline
load_patch kp_selftest.ko
patched kp_selftest vmlinux cmdline_proc_show
expect "patched by the self-test" cat /proc/cmdline
unload_patch kp_selftest.ko
refute "patched by the self-test" cat /proc/cmdline
