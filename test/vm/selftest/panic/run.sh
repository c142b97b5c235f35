# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
echo c >/proc/sysrq-trigger
