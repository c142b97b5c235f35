#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Status 3, and no output, when the two do the same: the order of functions and variables and the
# numbers of static locals do not count.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
int second(int a) { static int count; return count += a; }
int late_data = 1, early_data;
#endif
int first(int a) { static int count = 3; return count -= a; }
#ifndef PATCHED
int second(int a) { static int count; return count += a; }
int early_data, late_data = 1;
#endif
int third(int a) { return a > 2 ? _printk("first %d\n", a) : early_data + late_data; }
END
module
unchanged
reported changed
reported new
[ ! -s out ] || fail "unexpected output: $(cat out)"
