# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The only CPU spins in the kernel: nothing in the guest can end this, the host must.
insmod kp_bad.ko what=stuck
