# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A system call, redefined with KPATCH_SYSCALL_DEFINE1.
mask() {
	sh -c 'umask 0022; umask'
}
expect 0022 mask
load_patch kp_syscall_macro.ko
expect 0033 mask
unload_patch kp_syscall_macro
expect 0022 mask
