# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A livepatch that works, but is left loaded.
expect "$(uname -r)" cat /proc/cmdline /proc/version
insmod kp_selftest.ko
wait_until 30 transition_over kp_selftest
expect "patched by the self-test" cat /proc/cmdline
