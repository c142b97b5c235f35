# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Both cores one after the other in one guest; the file "what" says what is measured.
read -r what <./what
insmod kpb_target.ko
for pair in livepatch:klp kpatch:kp; do
	[ $pair = livepatch:klp ] || insmod kpatch.ko
	./bench ${pair%:*} ${pair#*:} "$what" >/tmp/out 2>&1 || {
		cat /tmp/out
		fail "${pair%:*}: $(tail -n 1 /tmp/out)"
	}
	sed "s/^result /result ${pair%:*} /" /tmp/out
done
rmmod kpb_target
