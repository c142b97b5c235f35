# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# New per-CPU variables in built-in code, of the kinds that are sections of their own there. In a module
# they must be in the one section that the loader copies for each CPU.
load_patch kp_per_cpu.ko
expect "cpu 0 own 3 sum 3 page 7" taskset 1 cat /proc/version
expect "cpu 1 own 3 sum 6 page 7" taskset 2 cat /proc/version
expect "cpu 1 own 6 sum 9 page 7" taskset 2 cat /proc/version
expect "cpu 0 own 6 sum 12 page 7" taskset 1 cat /proc/version
# The addresses are per-CPU offsets, not those of the module's data.
expect "plain 000 aligned 11" cat /proc/version
unload_patch kp_per_cpu
refute "own" cat /proc/version
