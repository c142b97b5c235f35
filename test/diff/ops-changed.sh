#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A changed table of functions is refused: others have its address, and the kernel keeps the old one.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct ops { int (*open)(int); int (*close)(int); };
void register_ops(const struct ops *ops);
static int do_open(int a) { return a * 2; }
static int do_close(int a) { return a * 3; }
#ifdef PATCHED
static int do_close_new(int a) { return do_close(a) + 1; }
static const struct ops ops = { do_open, do_close_new };
#else
static const struct ops ops = { do_open, do_close };
#endif
void start(void) { register_ops(&ops); }
END
module
refused "test.orig.o: ops: changed data: the running kernel keeps the old contents" \
	"read-only: change the functions that it points to"
