# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Alternatives, paravirt calls and lock prefixes in new code are patched when the module is loaded.
load_patch kp_alternatives.ko
expect "irqs off 1 on 1, fpu 1, tsc 1, cr2 1, read 1" cat /proc/version
expect "read 2" cat /proc/version
unload_patch kp_alternatives
refute "irqs off" cat /proc/version
