#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A patched call executes at most six instructions more than an unpatched one; one of a million shadow variables is found
# within a few, and while they are collected interrupts are off for less than 100 us: counted by QEMU, an instruction being
# a nanosecond.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	folder=$(core_folder "$release" normal) || fail "kpatch.ko cannot be built for $release"
	stage=$tmp/$release/cost
	mkdir -p "$stage"
	build_modules "$release" livepatch "$KP_TOP/test/bench/core-modules" "$stage"
	build_modules "$release" kpatch "$KP_TOP/test/bench/core-modules" "$stage" "$folder" PREFIX=kp
	build_program "$KP_TOP/test/bench/core-guest/bench.c" "$stage"
	cat >"$stage/run.sh" <<-'END'
		insmod kpb_target.ko
		./bench kpatch kp calls >/tmp/out 2>&1 || fail "$(tail -n 1 /tmp/out)"
		cat /tmp/out
		more=$(awk '{ v[$2] = $3 } END { printf "%.0f", v["call-patched"] - v["call-unpatched"] }' /tmp/out)
		say "a patched call takes $more instructions more"
		[ "$more" -ge 1 ] || fail "nothing was measured"
		[ "$more" -le 6 ] || fail "a patched call takes $more instructions more, not at most 6"
		# KASAN and lockdep count as well.
		if [ "$SCALE" = 1 ]; then
			./bench kpatch kp million >/tmp/out 2>&1 || fail "$(tail -n 1 /tmp/out)"
			get=$(awk '$2 == "shadow-1000000-get_ns" { printf "%.0f", $3 }' /tmp/out)
			say "one of a million shadow variables is found in $get instructions"
			# The kernel's core, with 4096 buckets, takes 650.
			[ "$get" -ge 1 ] && [ "$get" -le 250 ] || fail "a look-up takes $get instructions, not at most 250"
			late=$(awk '$2 == "shadow-1000000-gc_late_ns" { printf "%.0f", $3 }' /tmp/out)
			say "interrupts are off for $late ns at most"
			[ "$late" -ge 1 ] || fail "nothing was measured"
			[ "$late" -lt 100000 ] || fail "interrupts are off for $late ns, not for less than 100 us"
		fi
		rmmod kpb_target
	END
	in_vm "$release" cost --core kpatch --core-module "$folder/kpatch.ko" --accel tcg --icount --smp 1 \
		"$stage" || status=1
done
exit $status
