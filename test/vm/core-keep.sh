#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Kept variables: their storage outlives patches, and goes with the last one; see core-keep/run.sh.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

core_test keep normal 240
