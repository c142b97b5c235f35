# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
say "hello from $(uname -r)"
expect Linux uname -a
modprobe dummy
expect dummy cat /proc/modules
