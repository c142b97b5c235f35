# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A static call of vmlinux in code of a module: the kernel finds its key, before the module is there
# and afterwards.
# What raid10 calls of this one the patch calls, too.
modprobe md-mod
load_patch kp_static_call_module.ko
modprobe raid10
patched kp_static_call_module raid10 raid10_read_request
unload_patch kp_static_call_module
load_patch kp_static_call_module.ko
patched kp_static_call_module raid10 raid10_read_request
unload_patch kp_static_call_module
