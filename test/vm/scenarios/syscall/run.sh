# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A system call, changed the ordinary way.
hostname 'before!'
expect "before!" hostname
load_patch kp_syscall.ko
expect_status 1 hostname 'after!' 
expect "before!" hostname
hostname plain
expect plain hostname
unload_patch kp_syscall
hostname 'again!'
expect "again!" hostname
