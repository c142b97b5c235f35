#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lists of BTF ids are filled in when the whole kernel is linked: one that is new or changed would stay
# zero.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
asm(".pushsection .BTF_ids, \"a\"\nid_set: .zero 12\n.type id_set, @object\n.size id_set, 12\n.popsection");
extern int id_set[];
int changed(int a) { return id_set[a]; }
#else
int changed(int a) { return a; }
#endif
END
module
refused "id_set: BTF ids are filled in when the whole kernel is linked" "do not change BTF id lists"
