#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1500
# Each step of the core that can fail is made to fail, for loading, disabling, replacing, a module that comes;
# see core-inject/run.sh.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

core_test inject test 240
