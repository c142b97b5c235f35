# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Runs after all the bad ones: they must not keep it from passing.
expect "$(uname -r)" cat /proc/version
