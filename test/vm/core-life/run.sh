# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Lives of patches and modules that cross each other.
K=/sys/kernel/kpatch
M=/sys/module

calls() { echo "$M/$1 has $(cat "$M/$1/parameters/calls")"; }
settled() { [ "$(cat "$K/$1/transition" 2>/dev/null || echo 0)" = 0 ]; }
settle() { wait_until 30 settled "$1" || fail "the transition of $1 does not end"; }
gone() { wait_until 30 rmmod "$1" || fail "$1 cannot be removed"; }
target() { cat $M/kpl_target/parameters/value; }

# A module was in its init function when the core was loaded, and nobody has told the core of it.
rmmod kpatch
./load_once kpl_target.ko seconds=5 &
sleep 1
modprobe kpatch
./load_once kpl_old.ko || fail "the patch cannot be loaded"
wait
settle kpl_old
expect 1 cat $K/kpl_old/kpl_target/patched
expect 2 target

# The patch is replaced, and the one that replaces it has taken over its state: callbacks of the old one
# do not run for that. A module that goes and comes meanwhile gets all of its own.
expect "1,1,0,0" calls kpl_old
./holder &
holder=$!
sleep 1
./load_once kpl_new.ko
expect 1 cat $K/kpl_new/transition
expect "1,1,0,0" calls kpl_old
rmmod kpl_target
expect "1,1,1,1" calls kpl_old
./load_once kpl_target.ko
expect "2,2,1,1" calls kpl_old
expect "2,0,0,1" calls kpl_new
expect 3 target
# The old one stays after all.
echo 0 >$K/kpl_new/enabled
settle kpl_new
expect "2,2,1,1" calls kpl_old
gone kpl_new
expect 2 target
kill -9 $holder
echo 0 >$K/kpl_old/enabled
gone kpl_old
expect 1 target
rmmod kpl_target

# A patch that made variables and was refused leaves none, and those of others alone.
./load_once kpl_user.ko
expect 1 cat $M/kpl_user/parameters/there
for _ in 1 2 3; do
	! ./load_once kpl_fails.ko || fail "it was loaded"
done
[ "$(dmesg | grep -c '100 of 100 variables were freed')" = 3 ] || fail "not all variables were freed"
sleep 3
expect 1 cat $M/kpl_user/parameters/there
rmmod kpl_user
