#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A Module.symvers that ends in the middle of a line, or that has other columns, is an error that
# names the line.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
END
module
cp Module.symvers whole
head -c -5 whole >Module.symvers
ends 1
says "Module.symvers: line 2"
cut -f 1-3 whole >Module.symvers
ends 1
says "Module.symvers: line 1: not five columns"
: >Module.symvers
ends 1
says "Module.symvers: line 1: the file is empty"
sed 's/0x12345678/12345678/' whole >Module.symvers
ends 1
says "Module.symvers: line 1: the CRC is malformed"
reported status error
