# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A function with accesses to user memory. Since 6.11 the boot code writes the limit of user
# addresses into built-in code as a constant; a patch must not carry the placeholder.
mkdir /tmp/kpatch_dir
touch /tmp/kpatch_dir/kpatch_hidden /tmp/kpatch_dir/kpatch_shown
expect kpatch_hidden ls /tmp/kpatch_dir
load_patch kp_runtime_const.ko
patched kp_runtime_const vmlinux filldir64
refute kpatch_hidden ls /tmp/kpatch_dir
expect kpatch_shown ls /tmp/kpatch_dir
unload_patch kp_runtime_const
expect kpatch_hidden ls /tmp/kpatch_dir
