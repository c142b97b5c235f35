#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Strings of wide characters (the names of EFI variables) are strings, too.
. "$(dirname "$0")/lib.sh"

compile -fshort-wchar <<'END'
void set_variable(const unsigned short *name);
#ifdef PATCHED
void added(void) { set_variable(L"Other"); }
#define NAME L"NewName"
#else
#define NAME L"OldName"
#endif
void changed(void) { set_variable(NAME); }
void same(void) { set_variable(L"Same"); }
END
module
differ
changed <<'END'
changed target 0 changed
END
sections <<'END'
.rodata.added.str2.2 A
.text.added AX
__mcount_loc A
.rodata.changed.str2.2 A
.text.changed AX
END
bytes .rodata.changed.str2.2 <<'END'
4e00650077004e0061006d0065000000
END
