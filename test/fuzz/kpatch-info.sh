#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# kpatch info with damaged modules: headers, symbols, relocations, tables, strings.
#
#   test/fuzz/kpatch-info.sh [COUNT [SEED]]
#
# Meant for a sanitizer build: make SAN=1 BUILD=build/san, then KP_BUILD=build/san. A finding's files
# are kept in its directory fuzz-findings.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/fuzz/lib.sh"
need as perl xz kpatch

count=${1:-1000} seed=${2:-1}
cd "$tmp"

# something of everything that is read
as -o patch.ko - <<'END'
.section .modinfo,"a"
.asciz "vermagic=6.1.0-1-test SMP"
.asciz "name=fix"
.asciz "kpatch.core=kpatch"
.asciz "author=A"
.asciz "author=B"
.asciz "depends=kpatch,snd_pcm"
.asciz "kpatch.replace=Y"
.section .note.gnu.build-id,"a",@note
.long 4, 4, 3
.asciz "GNU"
.byte 1, 2, 3, 4
.section .rodata.str1.1,"aMS",@progbits,1
v: .asciz "vmlinux"
m: .asciz "snd_pcm"
f: .asciz "fs/a.c"
one: .asciz "one"
.text
.type first,@function
first: ret
.size first,1
unnamed: ret
.data
x: .zero 24
.section .kpatch.funcs,"a"
.quad first, 10, 0, 11, 0, one, v, unnamed, 12, 0, 13, 3, one, m
.zero 56
.section .kpatch.callbacks.pre_patch,"aw"
c: .quad first, v, unnamed, m, 0, 0
.section .kpatch.callbacks.post_unpatch,"aw"
.quad _printk + 16, v, 0, 0
.section .kpatch.places,"aw"
.quad c, f, 7
.section .kpatch.states,"aw"
.quad one, 64, first, 0, 0, unnamed, f, v
.long 2, 12
.quad 1
.zero 80
.section .kpatch.shadow_types,"aw"
.quad 0, 5, first, 0, one, f, v, 0, 8
.long 3, 1
.quad 0, 5, 0, unnamed, one, f, m, one, 0
.long 5, 2
.zero 80
.section .kpatch.keep,"aw"
.quad x, 24, 8, 0x1234, one, f, v, 9
.zero 64
.section .kpatch.modules,"a"
.quad m, 1, 2, 3
.zero 32
.section .kpatch.late,"aw"
.quad first, 2, 0, -4, one, l
.zero 48
l: .asciz "snd_pcm"
END
kpatch info patch.ko >text || fail "the module that is to be damaged cannot be read"
expect "kept data one" text
xz --keep --check=crc32 patch.ko

bad=0
"$mutate" $((count * 9 / 10)) "$seed" patch.ko -- kpatch info --json patch.ko || bad=1
"$mutate" $((count / 10)) "$((seed + 1))" patch.ko.xz -- kpatch info --json patch.ko.xz || bad=1
exit $bad
