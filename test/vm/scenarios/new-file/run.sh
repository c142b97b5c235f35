# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A new source file, with its line in the Makefile, that a patched function calls.
refute "red" cat /proc/version
load_patch kp_new_file.ko
expect "red Linux" cat /proc/version
expect "green Linux" cat /proc/version
unload_patch kp_new_file
refute "blue" cat /proc/version
