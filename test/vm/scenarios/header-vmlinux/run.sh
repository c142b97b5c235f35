# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# An inline function in a header that two dozen objects include: get_proc_task().
sh -c 'printf kp-hidden >/proc/$$/comm; while sleep 1; do :; done' &
task=$!
wait_until 5 grep -q kp-hidden /proc/$task/comm
reads() {
	for file in status maps comm environ limits; do
		cat /proc/$task/$file >/dev/null 2>&1 && echo "$file readable"
	done
	ls /proc/$task/fd /proc/$task/ns >/dev/null 2>&1 && echo "directories readable"
	true
}
expect "maps readable" reads
expect "directories readable" reads
load_patch kp_header_vmlinux.ko
refute "readable" reads
expect "Name:" cat /proc/self/status
expect "0" ls /proc/self/fd
unload_patch kp_header_vmlinux
expect "maps readable" reads
expect "directories readable" reads
kill $task
