# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# What the kernel's own core allows for types of shadow variables: with the only patch in force its
# variables go when it is disabled, and not before. Beside another patch they stay.
gone() {
	dmesg | grep -o 'a counter of [0-9]* goes' | sort | tr '\n' ' '
}

# freed TEXT: exactly these, since the last time
freed() {
	[ "$(gone)" = "$1" ] || fail "freed: '$(gone)', expected '$1'"
	echo "   ok: freed: $1"
	dmesg -c >/dev/null
}

# keeper N: a process that wrote N times to an eventfd keeps it open
keeper() {
	./writer "$1" 300 >"/tmp/keeper$1" &
	keepers="${keepers-} $!"
	wait_until 10 grep -q "eventfd-writes: $1" "/tmp/keeper$1" || fail "no counter of $1 writes"
}
dmesg -c >/dev/null

say "a cumulative patch takes the variables over"
load_patch kp_shadow_first.ko
keeper 5
keeper 6
load_patch kp_shadow_next.ko
remove_module kp_shadow_first
freed ""

say "one that is turned around half way leaves them to the one before"
./filler >/tmp/filler &
filler=$!
wait_until 10 grep -q full /tmp/filler || fail "the eventfd does not become full"
sleep 1
insmod kp_shadow_first.ko
dir=$(patch_dir kp_shadow_first)
expect 1 cat "$dir/transition"
echo 0 >"$dir/enabled"
wait_until 60 test ! -e "$dir" || fail "kp_shadow_first does not go"
remove_module kp_shadow_first
freed ""
kill $filler
wait $filler || true
freed "a counter of 2 goes "

say "the last one frees them"
unload_patch kp_shadow_next
freed "a counter of 5 goes a counter of 6 goes "

say "beside another patch they stay"
load_patch kp_shadow_below.ko
load_patch kp_shadow_stacked.ko
keeper 7
unload_patch kp_shadow_stacked
freed ""
unload_patch kp_shadow_below
freed ""

say "until they are known again"
load_patch kp_shadow_stacked.ko
unload_patch kp_shadow_stacked
freed "a counter of 7 goes "
# shellcheck disable=SC2086 # a list
kill $keepers
