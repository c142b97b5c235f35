#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# __exit code cannot be traced: refused for a module; for the kernel itself it never runs, and the
# rest of the patch goes ahead.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
__section(".exit.text") notrace void leave(void)
{
#ifdef PATCHED
	_printk("new");
#else
	_printk("old");
#endif
}
END
module
refused "test.orig.o: leave: changed __exit function"
kernel
differ
says "warning: test.orig.o: leave: change of an __exit function of built-in code has no effect"
changed <<'END'
changed vmlinux 0 changed
END
