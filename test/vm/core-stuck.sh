#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tasks that do not come any further must not hold up what does not need them; see core-stuck/run.sh.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

core_test stuck normal 120
