#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lives of patches and modules that cross each other; see core-life/run.sh.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

core_test life normal 120
