# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The script itself is content; the kernel's warning must fail it.
insmod kp_bad.ko what=warn
rmmod kp_bad
