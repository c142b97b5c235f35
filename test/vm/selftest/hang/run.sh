# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A script that never ends: the guest's own limit ends it.
sleep 1000
