# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Variables that outlive their patches: see modules/kpk_patch.h for what the patches say. Each has four of them, with
# storage of their own.
K=/sys/kernel/kpatch
M=/sys/module

settled() { [ "$(cat "$K/$1/transition" 2>/dev/null || echo 0)" = 0 ]; }
settle() { wait_until 30 settled "$1" || fail "the transition of $1 does not end"; }
gone() { wait_until 30 rmmod "$1" || fail "$1 cannot be removed"; }
load() { ./load_once "$1.ko" "$2" && settle "$1"; }
off() {
	echo 0 >"$K/$1/enabled"
	settle "$1"
	gone "$1"
}

# Storage that the core has: each variable is an area of its own. Who asked for it depends on what was inlined.
areas() { grep -c -e kp_keep_bind -e bind_row -e new_kept /proc/vmallocinfo; }
areas_are() { [ "$(areas)" = "$1" ]; }
has_areas() { wait_until 30 areas_are "$1" || fail "storage for $(areas) variables, not for $1"; }

# hits: the count, which this read adds one to
hits() { cut -d ' ' -f 3 </proc/cmdline; }
value() { cat $M/kpk_target/parameters/value; }

start_reader() {
	./reader >/tmp/reader &
	reader=$!
	sleep 1
}
# reader_says TEXT: ends it
reader_says() {
	kill $reader
	wait $reader || fail "reader: $(cat /tmp/reader)"
	expect "$1" cat /tmp/reader
}
start_holder() {
	./holder &
	holder=$!
	wait_until 10 has_looped "$1" || fail "the holder is not in $1"
}
has_looped() { [ "$(cat "$M/$1/parameters/looped")" -gt 0 ]; }
end_holder() {
	kill -9 $holder
	! wait $holder || fail "the holder was not held"
}

# refused MODULE PARAMETER MESSAGE: it is not loaded and says why
refused() {
	dmesg -c >/dev/null
	! ./load_once "$1.ko" "$2" 2>/dev/null || fail "$1 was loaded with $2"
	dmesg | grep -q -F "$3" || fail "$1 with $2 was not refused with '$3': $(dmesg | grep kpatch: | tail -n 1)"
	echo "   ok: $2: $3"
	[ ! -e "$K/$1" ] || fail "$1 is still there"
}

insmod kpk_target.ko
has_areas 0

# ---- tables that make no sense ----

refused kpk_1 bad=row "'kpk_1': bad reference to kept variable 'hits' (4 of 4, type 2)"
refused kpk_1 bad=table "'kpk_1': bad reference to kept variable 'hits' (0 of 0, type 2)"
refused kpk_1 bad=place "'kpk_1': bad reference to kept variable 'hits' (0 of 4, type 2)"
refused kpk_1 bad=reloc "'kpk_1': bad reference to kept variable 'hits' (0 of 4, type 0)"
refused kpk_1 bad=reach "symbol 'hits' that is kept is out of reach (type 10)"
refused kpk_1 bad=init "'kpk_1': kept variable 'hits' of fs/proc/cmdline.c: 8 bytes of initial value are not in the patch"
refused kpk_1 size=0 "'kpk_1': kept variable 'hits' of fs/proc/cmdline.c: 0 bytes"
refused kpk_1 size=100000000 "'kpk_1': kept variable 'hits' of fs/proc/cmdline.c: 100000000 bytes"
refused kpk_1 size=18446744073709551608 "'kpk_1': kept variable 'hits' of fs/proc/cmdline.c: 18446744073709551608 bytes"
refused kpk_1 align=8192 "'kpk_1': kept variable 'hits' of fs/proc/cmdline.c: alignment 8192 is not possible"
refused kpk_1 align=24 "'kpk_1': kept variable 'hits' of fs/proc/cmdline.c: alignment 24 is not possible"
refused kpk_1 align=0 "'kpk_1': kept variable 'hits' of fs/proc/cmdline.c: alignment 0 is not possible"
refused kpk_1 bad=twice "'kpk_1': two kept variables 'hits' of fs/proc/cmdline.c"
refused kpk_1 bad=name "'kpk_1': a kept variable without name"
has_areas 0

# ---- from version to version, and back ----

load kpk_1
has_areas 4
expect "kpk 1 1001 1000001 0" cat /proc/cmdline
expect "vmlinux fs/proc/cmdline.c hits 8" cat $K/kpk_1/kept
expect "vmlinux fs/proc/version.c hits 8" cat $K/kpk_1/kept
expect "kpk_target kpk_target.c values 8000" cat $K/kpk_1/kept
[ "$(wc -l <$K/kpk_1/kept)" = 4 ] || fail "not four lines"
echo 1 >$M/kpk_1/parameters/add
expect "value 101" value
start_reader
load kpk_2
sleep 1
load kpk_3
sleep 1
gone kpk_1
load kpk_1
sleep 1
reader_says "gaps 0 backward 0 versions 1 2 3"
echo 1 >$M/kpk_1/parameters/add
now=$(hits)
[ "$now" -gt 1010 ] || fail "nobody has counted: $now"
expect "kpk 1 $((now + 1)) 1$(printf %06d $((now - 1000 + 1))) 2" cat /proc/cmdline
has_areas 4

# The variable of a module is there whether the module is or not.
expect "value 102" value
rmmod kpk_target
insmod kpk_target.ko
expect "value 103" value
gone kpk_2
gone kpk_3

# ---- old and new code at the same time ----

start_holder kpk_1
./load_once kpk_2.ko
expect 1 cat $K/kpk_2/transition
start_reader
sleep 2
expect "transition:1" grep -H . $K/kpk_2/transition
end_holder
settle kpk_2
reader_says "backward 0 versions 2"
looped=$(cat $M/kpk_1/parameters/looped)
reads=$(cut -d ' ' -f 2 </tmp/reader)
# What the holder's own read added, and the one below.
want=$((now + 1 + 1 + looped + reads + 1))
expect "kpk 2 $want " cat /proc/cmdline
[ "$looped" -gt 10 ] || fail "old code counted only $looped"
[ "$reads" -gt 10 ] || fail "new code counted only $reads"
say "old code counted $looped, new code $reads"
gone kpk_1

# ---- the new one is turned around half way ----

start_holder kpk_2
./load_once kpk_3.ko
expect 1 cat $K/kpk_3/transition
expect "kpk 3" cat /proc/cmdline
has_areas 4
echo 0 >$K/kpk_3/enabled
settle kpk_3
gone kpk_3
has_areas 4
end_holder
expect "kpk 2" cat /proc/cmdline
expect " 2" cut -d ' ' -f 4- /proc/cmdline
before=$(hits)
[ "$before" -gt "$want" ] || fail "the count fell from $want to $before"

# ---- another form of the variable ----

refused kpk_3 size=4 "'kpk_3': kept variable 'hits' of fs/proc/cmdline.c has 4 bytes, but 8 in patch 'kpk_2'"
refused kpk_3 align=16 "'kpk_3': kept variable 'hits' of fs/proc/cmdline.c is aligned to 16 bytes, but to 8 in patch 'kpk_2'"
refused kpk_3 type=7 "'kpk_3': kept variable 'hits' of fs/proc/cmdline.c has not the type (0000000000000007) that it has in patch 'kpk_2' (0000000000001234)"
expect "kpk 2 $((before + 1)) " cat /proc/cmdline
has_areas 4

# ---- a version without it, and one that has it again ----

load kpk_1 without=1
expect "kpk 1 without" cat /proc/cmdline
has_areas 1
expect "kpk_target kpk_target.c values 8000" cat $K/kpk_1/kept
expect "value 104" value
gone kpk_2
load kpk_3
has_areas 4
expect "kpk 3 3001 3000001 0" cat /proc/cmdline
expect "value 105" value
gone kpk_1
off kpk_3
has_areas 0

# Loaded again, it begins anew: also right after it was disabled, with tasks in its code until a moment ago.
for _ in 1 2 3; do
	load kpk_2
	echo 1 >$M/kpk_2/parameters/add
	expect "kpk 2 2001 2000001 1" cat /proc/cmdline
	echo 0 >$K/kpk_2/enabled
	settle kpk_2
	load kpk_3
	expect "kpk 3 3001 3000001 0" cat /proc/cmdline
	off kpk_3
	gone kpk_2
done
has_areas 0

# ---- shadow variables are freed when their patch is gone: their destructor finds its variable ----

load kpk_1
echo 1 >$M/kpk_1/parameters/attach
expect "6b7062 200 odd" cat $K/kpk_1/shadow_types
off kpk_1
has_areas 0

# ---- forced out: never freed, never found again ----

core_stays
load kpk_1 state=0
# Only the variable points to it: kmemleak, where there is one, must see that.
echo 1 >$M/kpk_1/parameters/add
start_holder kpk_1
./load_once kpk_2.ko state=0
echo 1 >$K/kpk_2/force
settle kpk_2
expect "kpk 2 " cat /proc/cmdline
before=$(hits)
sleep 1
[ "$(hits)" -gt $((before + 5)) ] || fail "what was forced out does not count any more"
off kpk_2
has_areas 4
load kpk_3 state=0
has_areas 8
expect "kpk 3 3001 3000001 0" cat /proc/cmdline
sleep 1
expect "kpk 3 3002 3000002 0" cat /proc/cmdline
off kpk_3
has_areas 4
end_holder
! rmmod kpk_1 || fail "what was forced out was removed"
has_areas 4
